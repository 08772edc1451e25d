"""One item or hundreds of them: a fixed number of statements.

On SQLite it is the same for any number. On PostgreSQL what is written goes together, as far as it can: with
more items there are enough rows to copy them.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from metering.credits import ExtendHold, HoldCredits, HoldPlan, ReleaseHold
from metering.tracking import EndWorkflow, RecordWorkflow, StartWorkflow, end_workflows
from models.database import Database
from models.hold import Hold
from models.workflow import WorkflowStatus
from models.writer import SetCommand
from pricing.credits import RoundingMode
from pricing.rate_card import Rate, RateCard
from pricing.units import ServiceType, UnitType
from tests.clock import NOON, SettableClock
from tests.databases.statements import statements
from tests.graph.agents import new_agent
from tests.metering.test_rate_cards import publish
from tests.quotes import plan_of, promised
from tests.tenant import Tenant, given, metered, new_tenant, next_key, plan

MANY = 500
CALL, CHAT = "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS"
# Beside BEGIN, which SQLite's driver leaves to us, both lock the account; a lone verb needs no savepoint.
FRAME = {"sqlite": 2, "postgresql": 1}


@pytest.fixture
async def owner(database: Database) -> Tenant:
    """An account with a grant and an overdraft already, for which the prices have been read already."""
    tenant = await new_tenant(database)
    await tenant.add(await tenant.start(), CHAT)
    await tenant.grant("50")
    return tenant


def verb_statements(owner: Tenant, sent: list[str]) -> int:
    return len(sent) - FRAME["sqlite" if owner.database.is_sqlite else "postgresql"]


def here(owner: Tenant, sqlite: object, postgresql: object) -> object:
    """Choose what is right for the database."""
    return sqlite if owner.database.is_sqlite else postgresql


async def count(owner: Tenant, act: Callable[[], Awaitable[object]]) -> int:
    with statements(owner.database) as sent:
        await act()
    return verb_statements(owner, sent)


async def test_adding_usages(owner: Tenant) -> None:
    """Claim keys, load grants, newest card, runs; update account, grant and runs; insert usages, transfers; rollups."""
    runs = [await owner.start() for _ in range(5)]
    one = await count(owner, lambda: owner.add_all(owner.usage(runs[0].id, CALL)))
    await owner.grant("1000")
    items = [owner.usage(runs[n % 5].id, (CALL, CHAT)[n % 2]) for n in range(MANY)]
    many = await count(owner, lambda: owner.add_all(*items))
    assert (one, many) == here(owner, (10, 10), (2, 7))
    assert str((await owner.account()).spent) == str(3 + 100 + MANY // 2 * 103)


async def test_adding_free_usages_among_others(owner: Tenant, clock: SettableClock) -> None:
    free = Rate(ServiceType.SMS, "twilio", UnitType.MESSAGES, 0, free=True)
    phone = Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 1_000_000)
    clock.forward(hours=1)
    await publish(owner.database, RateCard("free", clock.now, RoundingMode.UP, 0, (free, phone)))
    runs = [await owner.start() for _ in range(20)]
    await owner.add(runs[0], CALL)
    items = [owner.usage(run.id, ("SMS twilio 1 MESSAGES", CALL)[n % 2]) for n, run in enumerate(runs)]
    assert await count(owner, lambda: owner.add_all(*items)) == here(owner, 10, 3)


async def test_replaying_usages(owner: Tenant) -> None:
    """Claim keys, read who has them, load grants, newest card, runs, and the usages of before."""
    run = await owner.start()
    items = [owner.usage(run.id, CHAT) for _ in range(MANY)]
    await owner.add_all(*items)
    one = await count(owner, lambda: owner.add_all(items[0]))
    many = await count(owner, lambda: owner.add_all(*items))
    assert (one, many) == here(owner, (6, 6), (3, 6))


async def test_refusing_usages(owner: Tenant) -> None:
    """Claim keys, load grants, newest card, runs, and free the keys."""
    run = await owner.start()
    items = [owner.usage(run.id, "PHONE vonage 1 MINUTES") for _ in range(MANY)]
    one = await count(owner, lambda: owner.add_all(items[0]))
    many = await count(owner, lambda: owner.add_all(*items))
    assert (one, many) == here(owner, (5, 5), (2, 5))


async def test_starting_runs(owner: Tenant) -> None:
    """Claim keys, load grants, insert runs; rollups."""
    parent = await owner.start()
    one = await count(owner, lambda: owner.start_all(owner.run()))
    many = await count(owner, lambda: owner.start_all(*(owner.run() for _ in range(MANY))))
    assert (one, many) == here(owner, (4, 4), (2, 4))
    children = [owner.run(parent_workflow_id=parent.id) for _ in range(MANY)]
    assert await count(owner, lambda: owner.start_all(*children)) == 5


async def test_recording_runs(owner: Tenant) -> None:
    """Claim keys, load grants, newest card; insert runs; update account and grant; insert usages and transfers; rollups of both."""

    def whole() -> RecordWorkflow:
        return RecordWorkflow(owner.run(), WorkflowStatus.COMPLETED, None, (metered(CALL), metered(CHAT)))

    one = await count(owner, lambda: owner.record(whole()))
    await owner.grant("1000")
    many = await count(owner, lambda: owner.record(*(whole() for _ in range(MANY // 2))))
    assert (one, many) == here(owner, (10, 10), (2, 8))


async def test_ending_runs(owner: Tenant) -> None:
    """Load grants, the runs and their holds; update the runs; rollups."""
    started = await owner.start_all(*(owner.run() for _ in range(MANY)))
    ends = tuple(
        EndWorkflow(
            owner.account_id, answer.workflow.id, WorkflowStatus.COMPLETED, NOON + timedelta(seconds=n % 3)
        )
        for n, answer in enumerate(started)
    )
    end = SetCommand(owner.account_id, end_workflows, ends[:1])
    rest = SetCommand(owner.account_id, end_workflows, ends[1:])
    one = await count(owner, lambda: owner.database.write(end))
    many = await count(owner, lambda: owner.database.write(rest))
    assert (one, many) == here(owner, (5, 5), (4, 4))


async def test_holding_credits(owner: Tenant) -> None:
    """Load grants, claim keys, newest card, runs; insert holds, lines and parts; update account and grant; transfers.

    Once something is held, the open holds of the runs are loaded too.
    """
    await owner.grant("1000000")
    runs = [await owner.start() for _ in range(MANY)]
    assert await count(owner, lambda: owner.hold_all(owner.holding(runs[0].id, CALL, CHAT))) == here(
        owner, 10, 2
    )
    one = await count(owner, lambda: owner.hold_all(owner.holding(runs[0].id, CALL, CHAT)))
    many = await count(owner, lambda: owner.hold_all(*(owner.holding(run.id, CALL, CHAT) for run in runs)))
    assert (one, many) == here(owner, (11, 11), (3, 10))


async def test_starting_runs_with_holds(owner: Tenant) -> None:
    """As holding; no runs and holds to load; insert runs; and keep which hold the start made."""
    await owner.grant("1000000")
    items = [owner.run(hold=plan(CALL)) for _ in range(MANY)]
    one = await count(owner, lambda: owner.start_all(items[0]))
    many = await count(owner, lambda: owner.start_all(*items[1:]))
    assert (one, many) == here(owner, (12, 12), (4, 11))


async def test_starting_runs_with_selections(owner: Tenant) -> None:
    """As starting runs with holds; load agents and outages; insert selections, looking for shadow policies."""
    await owner.grant("1000000")
    agents = [await new_agent(owner, preset="balanced") for _ in range(5)]
    wanted = plan_of(owner, "VOICE_STT 5 MINUTES", "GPT 3000 TOKENS")

    def items(many: int, hold: HoldPlan | None) -> list[StartWorkflow]:
        return [owner.run(selection=wanted, agent_id=agents[n % 5].id, hold=hold) for n in range(many)]

    async def counts(hold: HoldPlan | None) -> list[int]:
        batches = [items(many, hold) for many in (1, MANY // 5)]
        return [await count(owner, lambda batch=batch: owner.start_all(*batch)) for batch in batches]

    assert await counts(None) == here(owner, [10, 10], [8, 10])
    assert await counts(HoldPlan()) == here(owner, [16, 16], [8, 15])


async def test_holding_by_selection_and_by_quote(owner: Tenant) -> None:
    """As holding; load agents and outages, or quotes and their lines; insert selections; give the quotes away."""
    await owner.grant("1000000")
    agent = await new_agent(owner, preset="balanced")
    wanted = plan_of(owner, "VOICE_STT 5 MINUTES", "GPT 3000 TOKENS", agent_id=agent.id)
    runs = [await owner.start(agent_id=agent.id) for _ in range(MANY // 10)]
    quotes = [(await promised(owner, wanted)).quote for _ in runs]
    await owner.hold(runs[0], CALL)

    def holds(plans: list[HoldPlan]) -> list[HoldCredits]:
        return [
            HoldCredits(owner.account_id, run.id, plan, next_key())
            for run, plan in zip(runs, plans, strict=False)
        ]

    batches = [
        holds([HoldPlan(selection=wanted)]),
        holds([HoldPlan(selection=wanted) for _ in runs]),
        holds([HoldPlan(quote_id=quotes[0].id)]),
        holds([HoldPlan(quote_id=quote.id) for quote in quotes[1:]]),
    ]
    counts = [await count(owner, lambda batch=batch: owner.hold_all(*batch)) for batch in batches]
    assert counts == here(owner, [16, 16, 17, 17], [8, 12, 9, 13])


async def test_capturing_from_holds(owner: Tenant) -> None:
    """As adding usages; load the holds; update holds and parts; the grant stays."""
    await owner.grant("1000000")
    answers = await owner.start_all(*(owner.run(hold=plan(CALL, CHAT)) for _ in range(MANY // 2)))
    runs = [given(answer).workflow for answer in answers]
    one = await count(owner, lambda: owner.add_all(owner.usage(runs[0].id, CHAT)))
    items = [owner.usage(run.id, text) for run in runs[1:] for text in (CALL, CHAT)]
    many = await count(owner, lambda: owner.add_all(*items))
    assert (one, many) == here(owner, (12, 12), (3, 8))


async def test_settling_holds(owner: Tenant) -> None:
    """As ending; update account, grant, holds and parts; insert transfers."""
    await owner.grant("1000000")
    answers = await owner.start_all(*(owner.run(hold=plan(CALL, CHAT)) for _ in range(MANY)))
    ends = [
        EndWorkflow(owner.account_id, given(answer).workflow.id, WorkflowStatus.COMPLETED)
        for answer in answers
    ]
    one, many = (SetCommand(owner.account_id, end_workflows, tuple(items)) for items in (ends[:1], ends[1:]))
    assert await count(owner, lambda: owner.database.write(one)) == here(owner, 10, 4)
    assert await count(owner, lambda: owner.database.write(many)) == here(owner, 10, 5)


async def test_extending_and_releasing_holds(owner: Tenant) -> None:
    await owner.grant("1000000")
    answers = await owner.start_all(*(owner.run(hold=plan(CALL)) for _ in range(MANY)))
    holds = [given(answer).hold for answer in answers]

    def extensions(some: list[Hold]) -> list[ExtendHold]:
        return [ExtendHold(owner.account_id, hold.id, next_key(), plan(CALL)) for hold in some]

    def releases(some: list[Hold]) -> list[ReleaseHold]:
        return [ReleaseHold(owner.account_id, hold.id, next_key()) for hold in some]

    extended = [
        await count(owner, lambda some=some: owner.extend_all(*extensions(some)))
        for some in (holds[:1], holds[1:])
    ]
    released = [
        await count(owner, lambda some=some: owner.release_all(*releases(some)))
        for some in (holds[:1], holds[1:])
    ]
    assert (extended, released) == here(owner, ([14, 14], [11, 11]), ([9, 12], [7, 8]))
