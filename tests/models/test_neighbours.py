"""One transaction, several callers: none can spoil another's answer, or the line that all wait in."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from metering.tracking import (
    AddServiceUsage,
    EndWorkflow,
    RecordWorkflow,
    UsageAddition,
    add_service_usages,
    end_workflows,
    record_workflows,
)
from models.database import Database
from models.workflow import Workflow, WorkflowStatus
from models.writer import Command, SetCommand
from tests.databases.statements import statements
from tests.models.probes import append, name_of, new_account
from tests.tenant import Tenant, given, metered, new_tenant


async def test_an_answer_outlives_a_neighbours_rollback(tenant: Tenant) -> None:
    workflow = await tenant.start()

    def touch_and_break(session: Session, *, now: datetime) -> None:  # noqa: ARG001 - a verb's signature
        session.get_one(Workflow, (tenant.account_id, workflow.id)).workflow_name = "broken"
        session.flush()
        raise ZeroDivisionError

    end = EndWorkflow(tenant.account_id, workflow.id, WorkflowStatus.COMPLETED)
    answers, _, broken = await asyncio.gather(
        tenant.database.write(SetCommand(tenant.account_id, end_workflows, (end,))),
        asyncio.sleep(0),
        tenant.database.write(Command(tenant.account_id, touch_and_break)),
        return_exceptions=True,
    )
    assert isinstance(broken, ZeroDivisionError)
    ((ended,),) = [answers]
    assert (ended.workflow.status, ended.workflow.workflow_name) == (
        WorkflowStatus.COMPLETED,
        "phone_ai_call",
    )


async def test_two_accounts_may_use_the_same_keys_in_one_transaction(database: Database) -> None:
    one, other = await new_tenant(database, "one"), await new_tenant(database, "other")
    runs = {each.account_id: await each.start() for each in (one, other)}

    def usage(each: Tenant, key: str) -> SetCommand:
        text = "GPT gpt-4o-mini 1000 TOKENS"
        item = each.usage(runs[each.account_id].id, text, idempotency_key=key)
        return SetCommand(each.account_id, add_service_usages, (item,))

    first = await asyncio.gather(database.write(usage(one, "1")), database.write(usage(other, "2")))
    assert [answer[0].replayed for answer in first] == [False, False]
    with statements(database) as sent:
        again = await asyncio.gather(
            *(
                database.write(usage(each, key))
                for each, key in ((one, "1"), (one, "2"), (other, "2"), (other, "1"))
            )
        )
    assert [answer[0].replayed for answer in again] == [True, False, True, False]
    # Nothing fell back to one by one: what was merged stayed merged.
    assert sum("ROLLBACK" in statement for statement in sent) == 0


def add_or_break(
    session: Session, items: Sequence[AddServiceUsage], *, now: datetime
) -> list[UsageAddition | Exception]:
    """Add usages, and break after all is written where one of them is under a bad key."""
    answers = add_service_usages(session, items, now=now)
    if any(item.idempotency_key == "bad" for item in items):
        raise ZeroDivisionError
    return answers


async def test_what_was_written_and_rolled_back_is_not_taken_for_true(tenant: Tenant) -> None:
    run, account_id = await tenant.start(), tenant.account_id
    good, bad, third = (
        SetCommand(
            account_id,
            add_or_break,
            (tenant.usage(run.id, "GPT gpt-4o-mini 1000 TOKENS", idempotency_key=key),),
        )
        for key in ("good", "bad", "third")
    )
    commands: list[SetCommand[Any, Any]] = [
        append(account_id, "a"),
        good,
        bad,
        append(account_id, "b"),
        third,
    ]
    answers: list[Any] = await asyncio.gather(
        *(tenant.database.write(command) for command in commands), return_exceptions=True
    )
    assert [isinstance(answer, ZeroDivisionError) for answer in answers] == [False, False, True, False, False]
    assert str((await tenant.account()).spent) == "2"
    assert (await tenant.workflow(run.id)).usage_count == 2
    # The answers are rows, which say what was committed for their callers or for a neighbour after them.
    assert [str(answers[place][0].workflow.total_credits) for place in (1, 4)] == ["2", "2"]


@pytest.mark.parametrize("answer", ["stop", "short"])
async def test_a_verb_that_breaks_the_rules_ends_nothing_but_itself(database: Database, answer: str) -> None:
    account_id = await new_account(database)

    def break_the_rules(_session: Session, items: list[UUID], *, now: datetime) -> list[UUID]:  # noqa: ARG001 - a set verb's signature
        if answer == "stop":
            raise StopIteration
        return []

    with pytest.raises(RuntimeError):
        await database.write(SetCommand(account_id, break_the_rules, (account_id,)))
    await database.write(append(account_id, "on"))
    assert await name_of(database, account_id) == "on"


async def test_a_recorded_run_counts_with_its_usages(tenant: Tenant) -> None:
    usages = (metered("GPT gpt-4o 1 TOKENS"), metered("GPT gpt-4o 2 TOKENS"))
    record = RecordWorkflow(tenant.run(), WorkflowStatus.COMPLETED, None, usages)
    assert SetCommand(tenant.account_id, record_workflows, (record, record)).item_count == 6


async def test_a_refusal_costs_its_neighbours_a_statement_and_not_one_for_each_row(tenant: Tenant) -> None:
    runs = [given(answer).workflow for answer in await tenant.start_all(*(tenant.run() for _ in range(100)))]

    def refuse(session: Session, *, now: datetime) -> None:  # noqa: ARG001 - a verb's signature
        raise ZeroDivisionError

    items = tuple(tenant.usage(run.id, "PHONE twilio 5 MINUTES") for run in runs)
    with statements(tenant.database) as sent:
        recorded, refused = await asyncio.gather(
            tenant.database.write(SetCommand(tenant.account_id, add_service_usages, items)),
            tenant.database.write(Command(tenant.account_id, refuse)),
            return_exceptions=True,
        )
    assert isinstance(refused, ZeroDivisionError)
    assert len(sent) < 30, len(sent)
    assert {str(given(answer).workflow.total_credits) for answer in recorded} == {"100"}  # type: ignore[union-attr]  # they are answers
    assert {given(answer).workflow.id for answer in recorded} == {run.id for run in runs}  # type: ignore[union-attr]  # as above
