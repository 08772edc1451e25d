"""What the store writes in one statement is what loaders give, level by level and one by one, to the byte."""

import json
import random
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
from models.workflow import WorkflowStatus
from models.writer import Command
from tests.databases.statements import statements
from tests.door import Door, scoped
from tests.graph.agents import new_agent
from tests.tenant import Tenant

ROOTS = ("agents", "workflows", "servicesUsed")
TYPES = {"agents": "Agent", "workflows": "Workflow", "servicesUsed": "ServiceUsage"}
EDGES = {"Agent": ("workflows",), "Workflow": ("servicesUsed", "serviceBreakdown")}
ARGUMENTS = {
    "agents": (
        "",
        "(first: 2)",
        '(businessAdapter: "emergencyservices", archived: false)',
        "(archived: true)",
    ),
    "workflows": (
        "",
        "(first: 1)",
        "(first: 3, orderBy: OLDEST_FIRST)",
        "(orderBy: DEAREST_FIRST)",
        "(orderBy: CHEAPEST_FIRST, first: 2)",
        "(filter: {status: [COMPLETED, RUNNING]})",
        '(filter: {userId: "u\\"1", workflowName: "phone_ai_call"})',
        '(filter: {startedFrom: "2026-01-01T00:00:00Z", startedTo: "2036-01-01T00:00:00Z"})',
    ),
    "servicesUsed": (
        "",
        "(first: 1)",
        "(first: 2, orderBy: DEAREST_FIRST)",
        "(orderBy: NEWEST_FIRST)",
        "(filter: {serviceType: [GPT, PHONE], late: false})",
        '(filter: {voided: true, provider: "twilio"})',
        '(filter: {usedFrom: "2026-01-01T00:00:00.000001Z"})',
    ),
}
NAMES = ("plain", 'q"u\\o/te', "ünï€ 😀 \u2028", "tab\tand\x7f")
WHOLE = """{ viewer { account { agents { nodes { id name workflows(first: 10) { nodes { id status
  servicesUsed(first: 10) { nodes { id creditsUsed } } serviceBreakdown { provider totalCredits } } } } } } } }"""


async def fill(tenant: Tenant) -> None:
    """Agents with names that are hard to write; runs and usages with and without each of their values."""
    for name in NAMES:
        agent = await new_agent(tenant, name)
        for number in range(3):
            run = await tenant.start(
                ("phone_ai_call", "voice_chat")[number % 2],
                agent_id=agent.id,
                user_id=(None, 'u"1', "ü")[number],
                business_adapter=(None, "emergencyservices", None)[number],
                started_at=(
                    None,
                    datetime(2026, 2, 2, 3, 4, 5, 60_000, UTC),
                    datetime(2026, 2, 28, tzinfo=UTC),
                )[number],
            )
            texts = (
                "PHONE twilio 2.5 MINUTES",
                "GPT gpt-4o-mini 1 TOKENS",
                "GPT gpt-4o-mini 3000 INPUT_TOKENS",
            )
            usages = await tenant.add(run, *texts[: number + 1])
            if number:
                await tenant.end(run, (WorkflowStatus.COMPLETED, WorkflowStatus.FAILED)[number % 2])
                await tenant.add(run, "PHONE twilio 0.000001 MINUTES")
            if number == 2:
                await tenant.void(usages[0], 'why "not"')


async def test_three_ways_give_the_same(ask: Door, tenant: Tenant) -> None:
    await fill(tenant)
    r = random.Random(1)
    for _ in range(40):
        selection = "".join(selected(r, r.choice(ROOTS)))
        alone = f"{{ viewer {{ account {{ all: {selection} }} }} }}"
        one_by_one = await answer(ask, tenant, alone)
        assert await answer(ask, tenant, alone) == one_by_one, alone
        # Whether more follow is nothing that the store writes: so all of it is loaded level by level.
        levels = f"{{ viewer {{ account {{ all: {selection[:-1]} pageInfo {{ hasNextPage }} }} }} }} }}"
        await answer(ask, tenant, levels)
        found = json.loads(await answer(ask, tenant, levels))
        del found["viewer"]["account"]["all"]["pageInfo"]
        assert json.dumps(found) == json.dumps(json.loads(one_by_one)), levels


async def test_one_statement_for_all_levels(ask: Door, tenant: Tenant) -> None:
    await fill(tenant)
    sent = [await counted(ask, tenant, WHOLE) for _ in range(3)]
    # Compiled when it is asked again; from there on the account is one statement, and all below it another.
    assert sent[1:] == [2, 2]


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


async def answer(ask: Door, tenant: Tenant, query: str) -> bytes:
    """Ask, and give the data as it was written."""
    content = json.dumps({"query": query}).encode()
    response = await ask.post(tenant.secret, content, **{"content-type": "application/json"})
    data, _, _ = response.content.partition(b',"extensions":')
    assert data.startswith(b'{"data":{"viewer"'), response.content
    return data.removeprefix(b'{"data":')


async def counted(ask: Door, tenant: Tenant, query: str) -> int:
    """Ask, and count the statements."""
    with statements(tenant.database) as sent:
        await answer(ask, tenant, query)
    return len([text for text in sent if text.startswith("SELECT")])


def selected(r: random.Random, edge: str) -> Iterator[str]:
    """Write a selection of a list, with lists below it."""
    yield f"{edge}{r.choice(ARGUMENTS[edge])} {{ "
    for number in range(r.choice((1, 1, 2))):
        yield f"nodes{number}: nodes {{ {' '.join(members(r, TYPES[edge]))} }} "
    yield r.choice(("", "", "__typename ")) + "}"


def members(r: random.Random, kind: str) -> Iterator[str]:
    """Write some fields of a type, each under its own name or another."""
    fields = columns(kind)
    for name in r.sample(fields, r.randint(1, len(fields))):
        yield r.choice(("", "", f"my_{name}: ")) + name
    if r.random() < 0.3:
        yield "__typename"
    for number in range(r.randint(0, 2)):
        for edge in r.sample(EDGES.get(kind, ()), min(1, len(EDGES.get(kind, ())))):
            yield f"a{number}_{edge}: "
            if edge == "serviceBreakdown":
                yield f"{edge} {{ {' '.join(members(r, 'ServiceBreakdown'))} }}"
            else:
                yield "".join(selected(r, edge))


def columns(kind: str) -> list[str]:
    """Name the fields of a type that the store can write."""
    fields: dict[str, Any] = schema._schema.type_map[kind].fields  # type: ignore[attr-defined]  # noqa: SLF001 - the schema below strawberry's
    backref = GraphQLCoreConverter.DEFINITION_BACKREF
    return [name for name, field in fields.items() if column_of(field.extensions[backref])]
