"""Cursors: read again by every process of the store, and by none in any other place than their own."""

import base64
import json
import string
import sys
from datetime import UTC, datetime
from itertools import combinations
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from graph.cursors import CHARACTERS, Cursors, order_mark
from graph.loaders.filters import Everything
from graph.loaders.pages import Listing, ListKey, Order, Place
from graph.types.listings import (
    ALL_ACCOUNTS,
    USAGES_OF_ACCOUNT,
    VERSIONS_OF_AGENT,
    WORKFLOWS_OF_ACCOUNT,
    WORKFLOWS_OF_AGENT,
)
from graph.types.orders import (
    ACCOUNTS_NEWEST_FIRST,
    AGENT_VERSIONS_NEWEST_FIRST,
    SERVICE_USAGE_ORDERS,
    WORKFLOW_ORDERS,
    ServiceUsageOrder,
    WorkflowOrder,
)
from models.identity import IdKind, format_id
from pricing.credits import Credits
from tests.clock import SettableClock
from tests.door import Door, opened_door
from tests.graph.agents import new_agent
from tests.tenant import Tenant, new_tenant

CURSORS = Cursors(b"a secret")
ROW = UUID(int=7)
ACME = (UUID(int=1), UUID(int=1))
NEWEST = WORKFLOW_ORDERS[WorkflowOrder.NEWEST_FIRST]
DEAREST = WORKFLOW_ORDERS[WorkflowOrder.DEAREST_FIRST]
RUNS = ListKey(WORKFLOWS_OF_ACCOUNT, ACME, Everything(), NEWEST)
DEAREST_RUNS = ListKey(WORKFLOWS_OF_ACCOUNT, ACME, Everything(), DEAREST)
VERSIONS = ListKey(VERSIONS_OF_AGENT, ACME, Everything(), AGENT_VERSIONS_NEWEST_FIRST)
MOMENT = datetime(2026, 3, 4, 12, 0, 0, 1, tzinfo=UTC)
CURSOR_ALPHABET = string.ascii_letters + string.digits + "-_"

MOMENTS = st.datetimes(timezones=st.just(UTC))
WHOLE_NUMBERS = st.integers(-(2**63), 2**63 - 1)
PLACES = st.one_of(
    st.tuples(st.just(RUNS), MOMENTS),
    st.tuples(st.just(DEAREST_RUNS), WHOLE_NUMBERS.map(Credits)),
    st.tuples(st.just(VERSIONS), WHOLE_NUMBERS),
)


def written(of: ListKey[Any], value: object, row_id: UUID = ROW, by: Cursors = CURSORS) -> str:
    row = SimpleNamespace(**{of.order.column.key: value, of.listing.id.key: row_id})
    return by.write(of, row)


def refusal(of: ListKey[Any], cursor: str, by: Cursors = CURSORS) -> str:
    with pytest.raises(GraphQLError) as raised:
        by.read("after", of, cursor)
    assert raised.value.extensions == {"code": "BAD_USER_INPUT", "field": "after"}
    return raised.value.message


NO_CURSOR = "after: this is not a cursor of this list."


@given(place=PLACES, row_id=st.uuids())
def test_what_was_written_is_read(place: tuple[ListKey[Any], Any], row_id: UUID) -> None:
    of, value = place
    cursor = written(of, value, row_id)
    assert len(cursor) == CHARACTERS
    found = CURSORS.read("after", of, cursor)
    assert (found, type(found.value)) == (Place(value, row_id), type(value))


@given(
    place=PLACES,
    at=st.integers(0, CHARACTERS - 1),
    character=st.one_of(st.sampled_from(CURSOR_ALPHABET), st.characters(exclude_categories=("Cs",))),
)
def test_no_character_can_be_changed(place: tuple[ListKey[Any], Any], at: int, character: str) -> None:
    of, value = place
    cursor = written(of, value)
    changed = cursor[:at] + character + cursor[at + 1 :]
    if changed != cursor:
        assert refusal(of, changed) == NO_CURSOR


def test_every_single_change_of_one_cursor_is_refused() -> None:
    cursor = written(RUNS, MOMENT)
    changes = {cursor[:at] + each + cursor[at + 1 :] for at in range(CHARACTERS) for each in CURSOR_ALPHABET}
    changes -= {cursor}
    assert len(changes) == 63 * CHARACTERS
    assert {refusal(RUNS, each) for each in changes} == {NO_CURSOR}


@given(text=st.text(max_size=100))
def test_any_text_is_refused_alike(text: str) -> None:
    assert refusal(RUNS, text) == NO_CURSOR


@pytest.mark.parametrize("changed", ["{}=", "{}\n", " {}", "{}AAAA", "{}{}"])
def test_nothing_is_overlooked_around_a_cursor(changed: str) -> None:
    cursor = written(RUNS, MOMENT)
    assert refusal(RUNS, changed.replace("{}", cursor)) == NO_CURSOR
    assert refusal(RUNS, cursor[:-1]) == NO_CURSOR


@pytest.mark.parametrize(
    "other",
    [
        ListKey(WORKFLOWS_OF_ACCOUNT, (UUID(int=2), UUID(int=2)), Everything(), NEWEST),
        ListKey(WORKFLOWS_OF_AGENT, ACME, Everything(), NEWEST),
        ListKey(USAGES_OF_ACCOUNT, ACME, Everything(), SERVICE_USAGE_ORDERS[ServiceUsageOrder.NEWEST_FIRST]),
        ListKey(ALL_ACCOUNTS, None, Everything(), ACCOUNTS_NEWEST_FIRST),
    ],
    ids=["account", "parent's kind", "rows", "root"],
)
def test_a_cursor_of_another_list_is_refused_as_any_text_is(other: ListKey[Any]) -> None:
    assert refusal(other, written(RUNS, MOMENT)) == NO_CURSOR
    assert refusal(RUNS, written(other, MOMENT)) == NO_CURSOR


def test_a_cursor_of_another_order_is_told_so() -> None:
    message = "after: this cursor does not belong to a list in the order DEAREST_FIRST."
    assert refusal(DEAREST_RUNS, written(RUNS, MOMENT)) == message


def test_a_cursor_of_another_store_is_refused() -> None:
    assert refusal(RUNS, written(RUNS, MOMENT, by=Cursors(b"another secret"))) == NO_CURSOR


def everything_made(kind: type[Any]) -> list[Any]:
    """Find what the modules of the graph have made of a kind."""
    modules = [module for name, module in sys.modules.items() if name.startswith("graph.")]
    found: dict[int, Any] = {}
    for module in modules:
        for value in vars(module).values():
            for each in value.values() if isinstance(value, dict) else [value]:
                if isinstance(each, kind):
                    found[id(each)] = each
    return list(found.values())


def test_every_list_has_a_name_of_its_own_and_every_order_a_mark() -> None:
    assert "graph.schema" in sys.modules  # which imports all lists
    listings: list[Listing[Any]] = everything_made(Listing)
    assert len(listings) >= 20
    assert len({listing.name for listing in listings}) == len(listings)
    orders: list[Order] = everything_made(Order)
    assert len(orders) >= 20
    for one, other in combinations(orders, 2):
        assert (one.name == other.name) == (order_mark(one) == order_mark(other))


LIST = """query($first: Int, $after: String, $last: Int, $before: String) { viewer { account {
  list: agents(first: $first, after: $after, last: $last, before: $before) {
    nodes { id name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""


RENAME = "mutation($input: UpdateAgentInput!) { updateAgent(input: $input) { ... on AgentUpdated { agent { id } } } }"


async def agents(ask: Door, tenant: Tenant, **page: object) -> Any:
    return (await ask.data(tenant.secret, LIST, page))["viewer"]["account"]["list"]


async def test_a_cursor_outlives_the_process_and_serves_in_another(ask: Door, tenant: Tenant) -> None:
    for name in "abc":
        await new_agent(tenant, name)
    first = await agents(ask, tenant, first=1)
    async with opened_door(tenant.database) as another:
        rest = await agents(another, tenant, first=5, after=first["pageInfo"]["endCursor"])
    assert [node["name"] for node in first["nodes"] + rest["nodes"]] == ["c", "b", "a"]


async def test_another_accounts_cursor_is_refused_as_any_text_is(ask: Door, tenant: Tenant) -> None:
    other = await new_tenant(tenant.database, "Other")
    for each in (tenant, other):
        await new_agent(each, "its own")
    foreign = (await agents(ask, other))["pageInfo"]["endCursor"]
    old = base64.urlsafe_b64encode(json.dumps(["AGENTS", MOMENT.isoformat(), 32 * "0"]).encode()).decode()
    errors = [
        await ask.error(tenant.secret, LIST, {"before": cursor})
        for cursor in (foreign, "", "nonsense", old, CHARACTERS * "A", CHARACTERS * "é", 10_000 * "A")
    ]
    assert {(error["message"], error["extensions"]["code"]) for error in errors} == {
        ("before: this is not a cursor of this list.", "BAD_USER_INPUT")
    }


@pytest.mark.parametrize(
    ("size", "place", "cursor", "more"),
    [("first", "after", "endCursor", "hasNextPage"), ("last", "before", "startCursor", "hasPreviousPage")],
)
async def test_old_rows_are_seen_once_while_others_come_and_they_change(
    ask: Door, tenant: Tenant, clock: SettableClock, size: str, place: str, cursor: str, more: str
) -> None:
    """Most are of one moment, so that ids decide; between pages some are added, and seen and unseen ones edited."""
    old = [format_id(IdKind.AGENT, (await new_agent(tenant, f"old {number}")).id) for number in range(17)]
    seen: list[str] = []
    info: dict[str, Any] = {more: True, cursor: None}
    while info[more]:
        page = await agents(ask, tenant, **{size: 3, place: info[cursor]})
        info = page["pageInfo"]
        seen += [node["id"] for node in page["nodes"]]
        for id_ in (seen[-1], old[len(seen) % 17], old[-(len(seen) % 17)]):
            edit = {"input": {"agentId": id_, "name": f"seen {len(seen)}"}}
            await ask.data(tenant.secret, RENAME, edit)
        clock.forward(microseconds=len(seen) % 2)
        await new_agent(tenant, "new")
    assert sorted(id_ for id_ in seen if id_ in old) == sorted(old)
    assert len(set(seen)) == len(seen)
