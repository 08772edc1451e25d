"""Every reference leads to a row of the same account, constraints or none."""

import re

import pytest

from metering.auditing import audit, references
from models.tables import metadata
from tests.metering.auditing.tampering import OF_ACME, Store

STRANGERS = "account_id = (SELECT id FROM account WHERE name = 'Bystander')"
UNKNOWN = re.compile("[0-9a-f]{32}")
NOBODY = "(SELECT id FROM account WHERE name = 'Bystander')"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            f"workflow SET api_key_id = (SELECT id FROM api_key WHERE {STRANGERS}) WHERE workflow_name = 'step'",
            "api_key_id of the child run: a stranger's key, not an API key of the account",
        ),
        (
            f"workflow SET agent_id = {NOBODY} WHERE workflow_name = 'step'",
            "agent_id of the child run: agent_?, not an agent of the account",
        ),
        (
            f"workflow SET parent_workflow_id = (SELECT id FROM workflow WHERE {STRANGERS}) WHERE workflow_name = 'step'",
            "parent_workflow_id of the child run: workflow_?, not a workflow of the account",
        ),
        (
            f"credit_hold SET workflow_id = (SELECT id FROM workflow WHERE {STRANGERS}) WHERE lent > 0",
            "workflow_id of the hold: workflow_?, not a workflow of the account",
        ),
        (
            f"credit_hold SET rate_card_id = {NOBODY} WHERE lent > 0",
            "rate_card_id of the hold: ratecard_?, not a rate card that exists",
        ),
        (
            f"hold_part SET lender_hold_id = {NOBODY} WHERE lender_hold_id IS NOT NULL",
            (
                "lender_hold_id and lender_part of hold part of the borrowed hold: hold part of hold_?, "
                "not a hold part of the account"
            ),
        ),
        (
            f"hold_part SET grant_id = (SELECT id FROM credit_grant WHERE {STRANGERS}) WHERE grant_id IS NULL",
            "grant_id of hold part of the hold: grant_?, not a grant of the account",
        ),
        (
            (
                f"ledger_transfer SET service_usage_id = (SELECT id FROM service_usage WHERE {STRANGERS}) "
                f"WHERE sequence = 5 AND {OF_ACME}"
            ),
            "service_usage_id of transfer 5: usage_?, not a service usage of the account",
        ),
        (
            f"service_usage SET rate_id = {NOBODY} WHERE {OF_ACME}",
            "rate_id of the chat: rate_?, not a rate that exists",
        ),
        (
            "workflow SET ancestor_ids = '' WHERE workflow_name = 'step'",
            "ancestors of the child run: none, not ?",
        ),
        (
            "workflow SET ancestor_ids = ancestor_ids || ancestor_ids WHERE workflow_name = 'step'",
            "ancestors of the child run: #, not ?",
        ),
    ],
)
async def test_a_foreign_reference_is_found(held: Store, change: str, found: str) -> None:
    await held.tamper(f"UPDATE {change}")
    assert found in [UNKNOWN.sub("?", line) for line in await held.differences()]


async def test_a_row_of_no_account_is_found(held: Store) -> None:
    await held.tamper("DELETE FROM account WHERE name = 'Bystander'")
    found = await held.database.ask(audit)
    lines = {f"{each.what.split('_')[0]}: {each.recorded}" for each in found.differences}
    assert lines
    assert {each.account_id for each in found.differences} == {held.bystander.account_id}


def test_every_foreign_key_of_what_an_account_owns_is_looked_at() -> None:
    looked_at = {(each.table.name, *each.column_keys) for each in references.account_owned()}
    owned = {
        (table.name, *constraint.column_keys)
        for table in metadata.tables.values()
        if "account_id" in table.columns
        for constraint in table.foreign_key_constraints
    }
    assert looked_at == owned
    assert ("workflow", "account_id", "api_key_id") in looked_at
    assert ("hold_part", "account_id", "lender_hold_id", "lender_part") in looked_at
