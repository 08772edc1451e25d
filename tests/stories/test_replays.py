"""A key is for one input and for ever: changed it is a conflict, unchanged it is answered as at first."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from metering.rate_cards import publish_rate_card
from models.writer import Command
from pricing.rate_card_file import parse_rate_card
from tests.databases.opened import opened, run_apart
from tests.stories.caller import HOLD, ISSUE_KEY, REVOKE_KEY, Caller
from tests.stories.conftest import NewAccount, account_by, operator_of
from tests.stories.one_of_everything import CHOSEN, MINUTE, TOKENS, OneOfEverything
from tests.stories.process import ServerProcess, served
from tests.stories.stores import written

Changes = Callable[[OneOfEverything], dict[str, Any]]

LATER = "2099-01-01T00:00:00Z"
RESERVE = {"kind": "WORKFLOW", "name": "call"}
HELD = {"services": [TOKENS], "expiresInSeconds": 900}

CHANGED: dict[str, tuple[str, Changes]] = {
    "a hold of another run": ("hold", lambda it: {"workflowId": it.other_run}),
    "a hold of an amount": ("hold", lambda _: {"services": None, "amount": "21"}),
    "a hold of more units": ("hold", lambda _: {"services": [{**MINUTE, "units": "2"}, TOKENS]}),
    "a hold of another unit": (
        "hold",
        lambda _: {"services": [{**MINUTE, "units": "60", "unitType": "SECONDS"}, TOKENS]},
    ),
    "a hold of another provider": (
        "hold",
        lambda _: {"services": [MINUTE, {**TOKENS, "provider": "claude-3-haiku"}]},
    ),
    "a hold of a service less": ("hold", lambda _: {"services": [MINUTE]}),
    "a hold of services in another order": ("hold", lambda _: {"services": [TOKENS, MINUTE]}),
    "a hold for longer": ("hold", lambda _: {"expiresInSeconds": 601}),
    "a hold for the usual time": ("hold", lambda _: {"expiresInSeconds": None}),
    "a hold of another amount": ("spare hold", lambda _: {"amount": "5.000001"}),
    "a hold of another choice": ("chosen hold", lambda _: {"selection": {**CHOSEN, "preset": "balanced"}}),
    "a hold of a choice by accuracy": (
        "chosen hold",
        lambda _: {"selection": {**CHOSEN, "accuracyRequirement": "HIGH"}},
    ),
    "a hold of a quote in place of a choice": (
        "chosen hold",
        lambda _: {"selection": None, "quoteId": "quote_" + 32 * "0"},
    ),
    "a hold of another quote": ("quoted hold", lambda _: {"quoteId": "quote_" + 32 * "0"}),
    "an extension of another hold": ("extend", lambda it: {"holdId": it.id_of("start", "hold")}),
    "an extension by an amount": ("extend", lambda _: {"services": None, "amount": "20"}),
    "an extension by more": ("extend", lambda _: {"services": [MINUTE, TOKENS]}),
    "an extension for longer": ("extend", lambda _: {"expiresInSeconds": 701}),
    "an extension in credits only": ("extend", lambda _: {"expiresInSeconds": None}),
    "a release of another hold": ("release", lambda it: {"holdId": it.hold}),
    "a grant of more": ("grant", lambda _: {"amount": "201"}),
    "a grant of another priority": ("grant", lambda _: {"priority": 6}),
    "a grant that begins later": ("grant", lambda _: {"effectiveAt": LATER}),
    "a grant that ends": ("grant", lambda _: {"expiresAt": LATER}),
    "a grant with a restriction": ("grant", lambda _: {"restrictedTo": RESERVE}),
    "a grant for another reason": ("grant", lambda _: {"reason": "hello"}),
    "a voiding of another grant": ("void grant", lambda it: {"grantId": it.id_of("grant", "grant")}),
    "a voiding of a grant for another reason": ("void grant", lambda _: {"reason": "regret"}),
    "a run of another name": ("start", lambda _: {"workflowName": "chat"}),
    "a run of another user": ("start", lambda _: {"userId": "bob"}),
    "a run without its hold": ("start", lambda _: {"hold": None}),
    "a run with a larger hold": ("start", lambda _: {"hold": {**HELD, "services": [MINUTE]}}),
    "a run with a longer hold": ("start", lambda _: {"hold": {**HELD, "expiresInSeconds": 901}}),
    "a run within another": ("start", lambda it: {"parentWorkflowId": it.other_run}),
    "a run with a hold at last": ("other", lambda _: {"hold": HELD}),
    "a run with another choice": (
        "chosen",
        lambda _: {"selection": {**CHOSEN, "requestComplexity": "LOW"}},
    ),
    "a run without its choice": ("chosen", lambda _: {"selection": None, "hold": HELD}),
    "a run with a choice and no hold": ("chosen", lambda _: {"hold": None}),
    "a usage of another run": ("add", lambda it: {"workflowId": it.other_run}),
    "a usage of more": ("add", lambda _: {"units": "1001"}),
    "a usage that may be refused": ("add", lambda _: {"ifUncovered": "REFUSE"}),
    "a voiding of another usage": (
        "void",
        lambda it: {"serviceUsageId": it.id_of("add more", "serviceUsage")},
    ),
    "a voiding for another reason": ("void", lambda _: {"reason": "regret"}),
    "a record with more": ("record", lambda _: {"servicesUsed": [TOKENS, TOKENS]}),
    "a record of a failure": ("record", lambda _: {"status": "FAILED"}),
}

ONE_HOUR = timedelta(hours=1)
DEARER = """
version = "dearer"
effective_from = {since}
rounding = "UP"
precision = 0
[[rates]]
service_type = "GPT"
provider = "gpt-4o-mini"
unit_type = "TOKENS"
price = "99"
per = 1000
[[rates]]
service_type = "PHONE"
provider = "twilio"
unit_type = "MINUTES"
price = "99"
"""


def test_every_change_of_an_input_is_a_conflict(
    shared: ServerProcess, operator: Caller, new_account: NewAccount
) -> None:
    everything = OneOfEverything(new_account("Dup", "0"), operator)
    before = written(shared.database_url)
    heard = {
        label: everything.again(name, **changes(everything)).get("code")
        for label, (name, changes) in CHANGED.items()
    }
    assert heard == dict.fromkeys(CHANGED, "IDEMPOTENCY_CONFLICT")
    assert written(shared.database_url) == before


def test_a_key_of_one_request_is_no_key_of_another(
    shared: ServerProcess, operator: Caller, new_account: NewAccount
) -> None:
    everything = OneOfEverything(new_account("Dup", "0"), operator)
    before = written(shared.database_url)
    other_keys = {name: f"the {other}" for name, other in _next_names(everything).items()}
    heard = {name: everything.again(name, idempotencyKey=key).get("code") for name, key in other_keys.items()}
    assert heard == dict.fromkeys(everything.answers, "IDEMPOTENCY_CONFLICT")
    assert written(shared.database_url) == before


def test_replays_outlive_restarts_keys_and_prices(
    server: ServerProcess, http: httpx2.Client, tmp_path: Path
) -> None:
    operator = operator_of(server, http, {})
    everything = OneOfEverything(account_by(operator, "Dup", "0"), operator)
    extended = everything.answers["extend"]
    assert (extended["addedCredits"], extended["heldUntil"] is None) == ("20", False)
    first = everything.all_again()
    before = written(server.database_url)

    server.restart()
    assert everything.all_again() == first
    publish_dearer_prices(server.database_url)
    assert everything.all_again() == first
    with served(server.database_url, tmp_path) as elsewhere:
        everything.owner, everything.operator = (
            caller.at(elsewhere.url) for caller in (everything.owner, operator)
        )
        assert everything.all_again() == first
    assert _grown(before, written(server.database_url)) == {"rate_card", "rate", "audit_entry"}

    everything.owner, everything.operator = rotated(operator, everything.owner.at(server.url)), operator
    assert everything.all_again() == first
    priced_anew = everything.owner.mutate(
        HOLD, workflowId=everything.other_run, services=[TOKENS], idempotencyKey="new"
    )
    assert priced_anew["hold"]["amount"] == "99"


def publish_dearer_prices(database_url: str) -> None:
    """Publish a version that is in force from now on."""

    async def publish() -> None:
        async with opened(database_url) as database:
            text = DEARER.format(since=database.clock().isoformat())
            card = parse_rate_card(text)
            await database.write(Command(None, partial(publish_rate_card, card=card)))

    run_apart(publish())


def rotated(operator: Caller, owner: Caller) -> Caller:
    """Give the account a new key in place of the one it has."""
    found = owner.query("query Key { viewer { account { apiKeys { nodes { id } } } } }")
    (old,) = found["account"]["apiKeys"]["nodes"]
    secret = operator.mutate(ISSUE_KEY, accountId=owner.account_id, name="second")["secret"]
    renewed = owner.with_key(secret)
    renewed.mutate(REVOKE_KEY, apiKeyId=old["id"])
    assert owner.graphql("query Mine { viewer { account { id } } }").codes == ["UNAUTHENTICATED"]
    return renewed


def _next_names(everything: OneOfEverything) -> dict[str, str]:
    names = list(everything.answers)
    return dict(zip(names, [*names[1:], names[0]], strict=True))


def _grown(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name, value in after.items() if value != before[name]}
