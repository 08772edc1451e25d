"""Every place of the schema that takes an id: another account's answers as that of nothing, in all that can be told."""

import json

import pytest

from models.api_key import Scope
from models.database import Database
from models.identity import IdKind
from tests.door import Door, scoped
from tests.graph.tenancy.asking import Caller, leaks, nothing_like
from tests.graph.tenancy.conftest import Neighbours, settled
from tests.graph.tenancy.estate import needles, rows_of
from tests.graph.tenancy.positions import KINDS, Position, positions

IDS = positions("ID")
THE_CALLER_ALONE = 1
"""The statement that finds the caller's own thing whose field is asked."""
KINDS_EACH = 4
LAST = ("complete", "fail", "cancel", "void", "release", "remove", "archive", "revoke")
"""Mutations after which a thing serves no more, done to the caller's own things only when all else is walked."""
OPERATORS = {
    "Query.auditLog(accountId)",
    "Query.auditLog(filter.apiKeyId)",
    "Query.account(id)",
    "Query.rateCardPreview(input.accountId)",
    "Mutation.grantCredits(input.accountId)",
    "Mutation.issueApiKey(input.accountId)",
    "Mutation.publishRateCard(input.accountId)",
    "Mutation.voidGrant(input.accountId)",
    "Mutation.voidGrant(input.grantId)",
}
"""Places of which only an operator's key is told anything."""
QUEUED = {"Mutation.startReplay(input.filter.agentId)", "Mutation.startReplay(input.filter.apiKeyId)"}
"""Places where a job is made whatever it will find: `replay` shows what that is."""

STREAMS = {str(each) for each in IDS if each.type_name == "Subscription"}
"""What stays open on an account's own things: tests/graph/subscriptions listen to it."""


def test_every_place_that_takes_an_id_says_which() -> None:
    missing = [str(each) for each in IDS if str(each) not in KINDS and each.path[-1] not in KINDS]
    assert missing == []
    found = {str(each) for each in IDS}
    assert {key for key in KINDS if "." in key} <= found
    assert found >= OPERATORS | QUEUED | STREAMS


async def test_another_s_ids_are_ids_of_nothing(
    ask: Door, neighbours: Neighbours, database: Database
) -> None:
    caller = neighbours.caller(ask)
    before = await rows_of(neighbours.theirs)
    tells = await needles(neighbours.theirs, neighbours.mine)
    for position in IDS:
        for handle in handles(neighbours, position):
            await same_as_nothing(caller, position, handle, tells)
    assert await rows_of(neighbours.theirs) == before
    await settled(database, neighbours.mine)


async def test_one_s_own_ids_are_told_from_nothing(ask: Door, neighbours: Neighbours) -> None:
    """Otherwise the walk would ask where nothing can be found, and prove nothing."""
    caller = neighbours.caller(ask)
    for position in sorted(IDS, key=lambda each: each.field_name.startswith(LAST)):
        if str(position) in OPERATORS | QUEUED | STREAMS:
            continue
        own = own_handle(neighbours, position)
        missing = nothing_like(own)
        expected = (await caller.tell(position, missing)).masked(missing)
        told = (await caller.tell(position, own)).masked(own)
        assert told.text != expected.text, position
        assert "BAD_USER_INPUT" not in told.text, (position, told.text)


async def test_an_id_of_another_kind_is_refused_by_both_names(
    ask: Door, neighbours: Neighbours, operator: str
) -> None:
    """Whose id it is makes no difference: the store is not asked."""
    for number, position in enumerate(IDS):
        caller = neighbours.caller(ask, operator if str(position) in OPERATORS else None)
        for kind in others(position, number):
            told = [
                await caller.tell(position, each.ids[kind]) for each in (neighbours.mine, neighbours.theirs)
            ]
            [error] = json.loads(told[0].text)["errors"]
            assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": named(position)}
            assert error["message"] == f"{named(position)}: {wanted(kind, position.kind)}"
            assert told[1] == told[0], position
            assert len(told[0].statements) <= THE_CALLER_ALONE, (position, told[0].statements)


@pytest.mark.parametrize("scope", [Scope.READ, Scope.TRACK, Scope.MANAGE])
async def test_a_key_of_one_scope_is_told_no_more(
    ask: Door, neighbours: Neighbours, database: Database, scope: Scope
) -> None:
    secret = await scoped(neighbours.mine.tenant, scope)
    caller = neighbours.caller(ask, secret)
    await ask(secret, "{ viewer { scopes } }")
    await settled(database, neighbours.mine)
    tells = await needles(neighbours.theirs, neighbours.mine)
    for position in IDS:
        for handle in handles(neighbours, position):
            await same_as_nothing(caller, position, handle, tells)


async def test_an_operator_finds_no_thing_of_an_account(
    ask: Door, neighbours: Neighbours, operator: str
) -> None:
    """It acts across accounts, which it names; what is theirs it cannot find by its id."""
    caller = neighbours.caller(ask, operator)
    public = {IdKind.ACCOUNT, IdKind.RATE, IdKind.RATE_CARD}
    across = {
        "Mutation.voidGrant(input.grantId)",
        "Mutation.revokeApiKey(input.apiKeyId)",
        "Mutation.rotateApiKey(input.apiKeyId)",
        "Query.auditLog(filter.apiKeyId)",
    }
    for position in IDS:
        kinds = set(IdKind) if position.kind is None else {position.kind}
        for kind in kinds - public:
            if str(position) not in across:
                handle = neighbours.theirs.ids[kind]
                await same_as_nothing(caller, position, handle, set())


def handles(neighbours: Neighbours, position: Position) -> list[str]:
    """Give the other account's ids that a position wants."""
    theirs = neighbours.theirs
    if position.kind is None:
        return [*theirs.ids.values(), theirs.card_paid]
    keys = [theirs.second_key] if position.kind is IdKind.API_KEY else []
    return [theirs.ids[position.kind], *keys]


def own_handle(neighbours: Neighbours, position: Position) -> str:
    mine = neighbours.mine
    if position.field_name in {"rotateApiKey", "revokeApiKey"}:
        return mine.second_key
    return mine.ids[position.kind or IdKind.WORKFLOW]


def others(position: Position, number: int) -> list[IdKind]:
    """Give some kinds that a position does not want: all of them in turn, as the positions go on."""
    kinds = [kind for kind in IdKind if position.kind not in {None, kind}]
    return [kinds[(KINDS_EACH * number + step) % len(kinds)] for step in range(KINDS_EACH) if kinds]


def named(position: Position) -> str:
    """Name a place as errors do: within the input, with the place in a list."""
    path = ".".join(position.path[1:] if position.path[0] == "input" else position.path)
    return path.replace("usages.", "usages[0].")


def wanted(given: IdKind, kind: IdKind | None) -> str:
    """Say what is wrong with an id of one kind where another is needed."""
    assert kind is not None
    return f"This is the id of {given.with_article}; an id that starts with '{kind.value}_' is needed."


async def same_as_nothing(caller: Caller, position: Position, handle: str, tells: set[str]) -> None:
    """Ask with another's id and with that of nothing: all that is told must be the same."""
    missing = nothing_like(handle)
    expected = await caller.tell(position, missing)
    told = await caller.tell(position, handle)
    assert leaks(told, tells, handle) == [], (position, told.text)
    told, expected = told.masked(handle), expected.masked(missing)
    if str(position) in QUEUED:
        told, expected = told.of_any_moment(), expected.of_any_moment()
    assert told == expected, position
    assert "INTERNAL" not in told.text, (position, told.text)
