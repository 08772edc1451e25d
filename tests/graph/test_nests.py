"""What the store writes in one statement is what loaders give, level by level and one by one, to the byte."""

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graph.schema import schema
from graph.types.computed import column_of
from models.agent import Agent
from models.api_key import Scope
from models.identity import IdKind, format_id
from models.writer import Command
from tests.door import Door, scoped
from tests.graph.nests import NAMES, answer, counted, fill
from tests.tenant import Tenant

ROOTS = ("agents", "workflows", "servicesUsed")
TYPES = {"agents": "Agent", "workflows": "Workflow", "servicesUsed": "ServiceUsage"}
NOT_WRITTEN = {"agents": "customSettings", "workflows": "metadata", "servicesUsed": "exactCredits"}
"""What the store does not write; where it is asked, all of it is loaded level by level."""
EDGES = {
    "Agent": ("workflows",),
    "Workflow": ("servicesUsed", "serviceBreakdown", "agent", "apiKey"),
    "ServiceUsage": ("rate",),
}
PLAIN = {"serviceBreakdown": "ServiceBreakdown", "agent": "Agent", "apiKey": "ApiKey", "rate": "Rate"}
"""What has no pages, and its type."""
ARGUMENTS = {
    "agents": (
        "",
        "(first: 2)",
        '(first: 4, businessAdapter: "emergencyservices", archived: false)',
        "(archived: true)",
    ),
    "workflows": (
        "",
        "(first: 1)",
        "(first: 2)",
        "(first: 3, orderBy: OLDEST_FIRST)",
        "(first: 9, orderBy: DEAREST_FIRST)",
        "(orderBy: CHEAPEST_FIRST, first: 2)",
        "(first: 5, filter: {status: [COMPLETED, RUNNING]})",
        '(first: 5, filter: {userId: "u\\"1", workflowName: "phone_ai_call"})',
        '(first: 5, filter: {startedFrom: "2026-01-01T00:00:00Z", startedTo: "2036-01-01T00:00:00Z"})',
    ),
    "servicesUsed": (
        "",
        "(first: 1)",
        "(first: 2, orderBy: DEAREST_FIRST)",
        "(first: 7, orderBy: NEWEST_FIRST)",
        "(first: 5, filter: {serviceType: [GPT, PHONE], late: false})",
        '(first: 5, filter: {voided: true, provider: "twilio"})',
        '(first: 5, filter: {usedFrom: "2026-01-01T00:00:00.000001Z"})',
    ),
}
PAGE_INFO = ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor", "last: endCursor", "__typename")
CHOSEN = 0.1
"""How often something is skipped or included."""
WHOLE = """{ viewer { account { agents { nodes { id name workflows(first: 10) { nodes { id status
  servicesUsed(first: 10) { nodes { id creditsUsed } } serviceBreakdown { provider totalCredits } } } } } } } }"""


async def test_three_ways_give_the_same(ask: Door, tenant: Tenant) -> None:
    await fill(tenant)
    r = random.Random(1)
    for _ in range(40):
        selection = "".join(selected(r, r.choice(ROOTS)))
        chosen = {"yes": True, "no": False}
        asks = (
            f"query({', '.join(f'${name}: Boolean! = false' for name in chosen if f'${name}' in selection)})"
        )
        asks = asks.removesuffix("()")
        alone = f"{asks} {{ viewer {{ account {{ all: {selection} }} }} }}"
        one_by_one = await answer(ask, tenant, alone, **chosen)
        assert await answer(ask, tenant, alone, **chosen) == one_by_one, alone
        unwritten = NOT_WRITTEN[selection.partition("(")[0].partition(" ")[0]]
        levels = (
            f"{asks} {{ viewer {{ account {{ all: {selection[:-1]} rest: nodes {{ {unwritten} }} }} }} }} }}"
        )
        await answer(ask, tenant, levels, **chosen)
        found = json.loads(await answer(ask, tenant, levels, **chosen))
        del found["viewer"]["account"]["all"]["rest"]
        assert json.dumps(found) == json.dumps(json.loads(one_by_one)), levels


async def test_one_statement_for_all_levels(ask: Door, tenant: Tenant) -> None:
    await fill(tenant)
    sent = [await counted(ask, tenant, WHOLE) for _ in range(3)]
    # Compiled when it is asked again; from there on the account is one statement, and all below it another.
    assert sent[1:] == [2, 2]


async def test_what_a_row_names_is_in_the_one_statement(ask: Door, tenant: Tenant) -> None:
    await fill(tenant)
    run = await tenant.start()
    query = """{ viewer { account { workflows(first: 2) { nodes { agent { name workflows(first: 1) { totalCount } }
      apiKey { prefix } servicesUsed { nodes { rate { provider price per rateCardVersion } } } } } } } }"""
    expected = await answer(ask, tenant, query)
    assert await answer(ask, tenant, query) == expected
    assert await counted(ask, tenant, query) == 2
    [newest, other] = json.loads(expected)["viewer"]["account"]["workflows"]["nodes"]
    assert run.agent_id is None
    assert newest["agent"] is None
    assert other["agent"] == {"name": NAMES[-1], "workflows": {"totalCount": 3}}
    rates = {each["rate"]["price"] for each in other["servicesUsed"]["nodes"]}
    assert rates == {"20"}


async def test_what_rows_name_is_loaded_level_by_level(ask: Door, tenant: Tenant) -> None:
    await fill(tenant)
    query = """{ viewer { account { workflows(first: 5) { totalCount nodes { metadata agent { name } apiKey { name }
      servicesUsed { totalCount nodes { rate { price tiers { price } } } } } } } } }"""
    expected = await answer(ask, tenant, query)
    assert await answer(ask, tenant, query) == expected
    # The account, runs and their number, agents, keys, usages and their numbers, rates, tiers.
    assert await counted(ask, tenant, query) == 9


async def test_places_in_lists_are_in_the_one_statement(ask: Door, tenant: Tenant) -> None:
    await fill(tenant)
    page = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node"
    query = f"""query($first: Int, $after: String) {{ viewer {{ account {{
      agents(first: $first, after: $after) {{ {page} {{ name workflows(first: 3) {{ {page} {{ id }} }} }} }} }} }} }} }} }}"""
    await answer(ask, tenant, query, first=3)
    assert await counted(ask, tenant, query, first=3) == 2
    found = (await ask.data(tenant.secret, query, {"first": 3}))["viewer"]["account"]["agents"]
    cursors = [edge["cursor"] for edge in found["edges"]]
    assert found["totalCount"] == len(NAMES)
    ends = {"startCursor": cursors[0], "endCursor": cursors[2]}
    assert found["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False, **ends}
    runs = [edge["node"]["workflows"] for edge in found["edges"]]
    assert [each["pageInfo"]["hasNextPage"] for each in runs] == [False] * 3
    rest = (await ask.data(tenant.secret, query, {"first": 3, "after": cursors[2]}))["viewer"]["account"][
        "agents"
    ]
    assert [edge["node"]["name"] for edge in (*found["edges"], *rest["edges"])] == list(reversed(NAMES))


@pytest.mark.parametrize(
    "listed",
    [
        "agents(first: 2, {after})",
        "workflows(first: 2, {after}, orderBy: DEAREST_FIRST)",
        "servicesUsed(first: 3, {after}, orderBy: OLDEST_FIRST, filter: {{late: false}})",
        "agents {{ nodes {{ workflows(first: 1, {after}, orderBy: CHEAPEST_FIRST)",
    ],
)
async def test_pages_after_a_place_are_written(ask: Door, tenant: Tenant, listed: str) -> None:
    await fill(tenant)
    ends = "}" * listed.count("{{ nodes") * 2
    page = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } }"

    async def asked(after: str) -> bytes:
        query = f"{{ viewer {{ account {{ {listed.format(after=after)} {{ {page} }} {ends} }} }} }}"
        one_by_one = await answer(ask, tenant, query)
        assert await answer(ask, tenant, query) == one_by_one
        assert await counted(ask, tenant, query) == 2
        return one_by_one

    cursors = re.findall(rb'"endCursor":"([^"]+)"', await asked("after: null"))
    assert cursors
    for _ in range(3):
        cursors += re.findall(rb'"endCursor":"([^"]+)"', await asked(f'after: "{cursors[-1].decode()}"'))


async def test_a_cursor_of_ones_own_list_is_none_of_anothers(
    ask: Door, tenant: Tenant, prepaid: Tenant
) -> None:
    await fill(tenant)
    secret = await scoped(tenant, Scope.READ, Scope.OPERATE)
    page = "agents(first: 2) { pageInfo { endCursor } nodes { id } }"
    own = (await ask.data(secret, f"{{ viewer {{ account {{ {page} }} }} }}"))["viewer"]["account"]["agents"]
    after = f'first: 2, after: "{own["pageInfo"]["endCursor"]}"'
    another = f'account(id: "{format_id(IdKind.ACCOUNT, prepaid.account_id)}")'
    query = f"{{ {another} {{ {page.replace('first: 2', after)} }} }}"
    first, second = [(await ask(secret, query)) for _ in range(2)]
    assert first[1]["errors"][0]["message"] == "after: this is not a cursor of this list."
    assert second == first


async def test_an_empty_page_has_no_ends(ask: Door, prepaid: Tenant) -> None:
    query = "{ viewer { account { agents { totalCount pageInfo { hasNextPage startCursor endCursor } edges { cursor } } } } }"
    answers = [(await ask.data(prepaid.secret, query))["viewer"]["account"]["agents"] for _ in range(3)]
    ends = {"hasNextPage": False, "startCursor": None, "endCursor": None}
    assert answers == [{"totalCount": 0, "pageInfo": ends, "edges": []}] * 3


async def test_what_the_store_declines_is_loaded(ask: Door, tenant: Tenant) -> None:
    await fill(tenant)
    long_ago = update(Agent).where(Agent.name == "plain").values(created_at=datetime(1969, 7, 20, tzinfo=UTC))
    await tenant.database.write(Command(None, lambda session, *, now: session.execute(long_ago).close()))  # noqa: ARG005 - a verb
    query = "{ viewer { account { agents { nodes { createdAt } } } } }"
    expected = await answer(ask, tenant, query)
    assert b"1969-07-20T00:00:00Z" in expected
    assert await answer(ask, tenant, query) == expected
    assert await counted(ask, tenant, query) == 3


@pytest.mark.parametrize(
    ("arguments", "scopes"),
    [
        ("first: 2", (Scope.TRACK,)),
        ("first: 0", (Scope.READ,)),
        ('first: 2, after: "no cursor"', (Scope.READ,)),
    ],
)
async def test_refusals_are_those_of_the_resolver(
    ask: Door, tenant: Tenant, arguments: str, scopes: tuple[Scope, ...]
) -> None:
    secret = await scoped(tenant, *scopes)
    query = f"{{ viewer {{ account {{ name agents({arguments}) {{ nodes {{ name }} }} }} }} }}"
    first, second = [(await ask(secret, query)) for _ in range(2)]
    assert first[1]["errors"]
    assert second == first


async def test_the_cost_counts_what_the_store_has_written(ask: Door, tenant: Tenant) -> None:
    await fill(tenant)
    costs = [(await ask(tenant.secret, WHOLE))[1]["extensions"]["cost"]["actual"] for _ in range(2)]
    assert costs[0] == costs[1]
    assert costs[0] > 50


async def test_another_accounts_things_are_not_written(ask: Door, tenant: Tenant, prepaid: Tenant) -> None:
    await fill(tenant)
    [_, second] = [await ask.data(prepaid.secret, WHOLE) for _ in range(2)]
    assert second == {"viewer": {"account": {"agents": {"nodes": []}}}}


def selected(r: random.Random, edge: str) -> Iterator[str]:
    """Write a selection of a list, with lists below it."""
    yield f"{edge}{r.choice(ARGUMENTS[edge])} {{ "
    for number in range(r.choice((1, 1, 1, 1, 2))):
        node = " ".join(members(r, TYPES[edge], EDGES[TYPES[edge]]))
        if r.random() < 0.5:
            yield f"nodes{number}: nodes {choice(r)} {{ {node} }} "
        else:
            cursor = r.choice(("", "cursor ", "place: cursor __typename "))
            yield f"edges{number}: edges {choice(r)} {{ {cursor}node {{ {node} }} }} "
    if r.random() < 0.4:
        yield f"pageInfo {choice(r)} {{ {' '.join(r.sample(PAGE_INFO, r.randint(1, len(PAGE_INFO))))} }} "
    yield r.choice(("", "", "__typename ", "totalCount ", "all: totalCount ")) + "}"


def members(r: random.Random, kind: str, edges: tuple[str, ...] = ()) -> Iterator[str]:
    """Write some fields of a type, each under its own name or another."""
    fields = columns(kind)
    for name in r.sample(fields, r.randint(1, len(fields))):
        shown = f"{r.choice(('', '', f'my_{name}: '))}{name} {choice(r)}"
        yield r.choice((shown, shown, f"... {choice(r)} {{ {shown} }}", f"... on {kind} {{ {shown} }}"))
    if r.random() < 0.3:
        yield f"__typename {choice(r)}"
    for number in range(r.randint(0, 2)):
        for edge in r.sample(edges, min(1, len(edges))):
            yield f"a{number}_{edge}: "
            if edge in PLAIN:
                yield f"{edge} {choice(r)} {{ {' '.join(members(r, PLAIN[edge]))} }}"
            else:
                yield "".join(selected(r, edge))


def choice(r: random.Random) -> str:
    """Skip or include, mostly neither."""
    directive = f"@{r.choice(('skip', 'include'))}(if: {r.choice(('true', 'false', '$yes', '$no'))})"
    return directive if r.random() < CHOSEN else ""


def columns(kind: str) -> list[str]:
    """Name the fields of a type that the store can write."""
    fields: dict[str, Any] = schema._schema.type_map[kind].fields  # type: ignore[attr-defined]  # noqa: SLF001 - the schema below strawberry's
    backref = GraphQLCoreConverter.DEFINITION_BACKREF
    return [name for name, field in fields.items() if column_of(field.extensions[backref])]
