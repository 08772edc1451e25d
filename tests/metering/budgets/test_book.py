"""The book of budgets over a store: what it asks, counts, tells and writes, and with how many statements."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.budgets.book import BudgetBook, HeldPart, open_budgets
from metering.budgets.setting import SetBudget, set_budget
from metering.errors import BudgetExceeded
from metering.events import Outbox
from metering.ledger import locked_account
from models.budget import Budget, BudgetScope, BudgetWindow
from models.database import Database
from models.event import Event
from models.identity import new_id
from models.workflow import Workflow
from models.writer import Command
from pricing.credits import Credits
from tests.budgets import figures, limit, told, unlimit
from tests.clock import NOON, SettableClock
from tests.databases.opened import opened_with_prices
from tests.databases.statements import statements
from tests.tenant import Tenant, new_tenant

Answer = TypeVar("Answer")
NONE = Credits.ZERO
# Lock the account; SQLite's BEGIN is a statement too.
FRAME = {True: 2, False: 1}


@pytest.fixture
async def database(database_url: str, clock: SettableClock) -> AsyncIterator[Database]:
    """A store whose counters are moved by hand here: the audit would find them wrong."""
    async with opened_with_prices(database_url, clock) as database:
        yield database


def run(tenant: Tenant, user_id: str | None = "ann", workflow_name: str = "voice_chat") -> Workflow:
    return Workflow(
        account_id=tenant.account_id,
        id=new_id(),
        api_key_id=tenant.api_key_id,
        agent_id=None,
        user_id=user_id,
        workflow_name=workflow_name,
        total_credits=Credits.ZERO,
    )


async def with_book(tenant: Tenant, act: Callable[[BudgetBook], Answer]) -> Answer:
    """Act on the opened book of the account in one transaction, and write it."""

    def verb(session: Session, *, now: datetime) -> Answer:
        account = locked_account(session, tenant.account_id)
        outbox = Outbox(session, now)
        book = open_budgets(session, {account.id: account.budgets_version}, now=now, outbox=outbox)
        answer = act(book)
        book.write()
        outbox.write()
        return answer

    return await tenant.database.write(Command(tenant.account_id, verb))


async def move(tenant: Tenant, verb: str, workflow: Workflow, amount: str, at: datetime = NOON) -> None:
    def act(book: BudgetBook) -> None:
        book.load([(workflow, at)])
        getattr(book, verb)(workflow, Credits.parse(amount), at)

    await with_book(tenant, act)


async def left(tenant: Tenant, workflow: Workflow, run_held: str = "0") -> str | None:
    def ask(book: BudgetBook) -> Credits | None:
        book.load([(workflow, book.now)])
        return book.left(workflow, run_held=Credits.parse(run_held))

    rest = await with_book(tenant, ask)
    return None if rest is None else str(rest)


async def require(tenant: Tenant, workflow: Workflow, amount: str, **fields: Any) -> None:
    def ask(book: BudgetBook) -> None:
        book.load([(workflow, book.now)])
        book.require_room(workflow, Credits.parse(amount), **{"run_held": NONE, **fields})

    await with_book(tenant, ask)


async def refusal(tenant: Tenant, workflow: Workflow, amount: str, **fields: Any) -> BudgetExceeded:
    with pytest.raises(BudgetExceeded) as raised:
        await require(tenant, workflow, amount, **fields)
    return raised.value


async def test_credits_count_in_the_windows_of_their_subject(tenant: Tenant) -> None:
    each = await limit(tenant, "USER", "DAY", "100")
    everyone = await limit(tenant, "ACCOUNT", "HOUR", "1000")
    ann, bob, nobody = run(tenant), run(tenant, "bob"), run(tenant, None)
    await move(tenant, "hold", ann, "30")
    await move(tenant, "spend", ann, "10")
    await move(tenant, "unhold", ann, "12")
    await move(tenant, "spend", bob, "5")
    await move(tenant, "spend", nobody, "1")
    await move(tenant, "unspend", bob, "2")
    assert await figures(tenant, each) == {
        "ann@03-04T00:00": ("10", "18", 0),
        "bob@03-04T00:00": ("3", "0", 0),
    }
    assert await figures(tenant, everyone) == {"@03-04T12:00": ("14", "18", 0)}
    assert await left(tenant, ann) == "72"
    assert await left(tenant, bob) == "97"
    assert await left(tenant, nobody) == "968"


async def test_what_does_not_fit_is_refused_by_name(tenant: Tenant) -> None:
    budget = await limit(tenant, "USER", "DAY", "100", name="Calls", time_zone="Europe/Vienna")
    ann = run(tenant)
    await move(tenant, "spend", ann, "60")
    await move(tenant, "hold", ann, "15")
    await require(tenant, ann, "25")
    asked: list[Credits] = []
    refused = await refusal(tenant, ann, "25.000001", fitting=lambda rest: (asked.append(rest), ())[1])
    assert (refused.code, refused.budget.id, refused.subject) == ("BUDGET_EXCEEDED", budget.id, "ann")
    assert [str(amount) for amount in (refused.needed, refused.limit, refused.used, refused.held)] == [
        "25.000001",
        "100",
        "60",
        "15",
    ]
    assert (str(refused.left), asked, refused.fitting) == ("25", [Credits.whole(25)], ())
    assert refused.message == (
        "The budget 'Calls' allows the user 'ann' 100 credits a day (Europe/Vienna): "
        "60 used, 15 held, 25 left; nothing was done."
    )


async def test_the_first_budget_that_leaves_too_little_refuses(tenant: Tenant) -> None:
    first = await limit(tenant, "ACCOUNT", "DAY", "50")
    second = await limit(tenant, "ACCOUNT", "HOUR", "10")
    assert (await refusal(tenant, run(tenant), "60")).budget.id == first.id
    assert (await refusal(tenant, run(tenant), "20")).budget.id == second.id
    assert await left(tenant, run(tenant)) == "10"


async def test_a_budget_that_alerts_lets_everything_pass(tenant: Tenant) -> None:
    await limit(tenant, "ACCOUNT", "DAY", "1", action="ALERT")
    await require(tenant, run(tenant), "1000")
    assert await left(tenant, run(tenant)) is None


async def test_a_single_run_counts_by_itself(tenant: Tenant) -> None:
    budget = await limit(tenant, "ACCOUNT", "REQUEST", "100")
    workflow = run(tenant)
    workflow.total_credits = Credits.whole(60)
    assert await left(tenant, workflow, run_held="15") == "25"
    assert await left(tenant, run(tenant)) == "100"
    refused = await refusal(tenant, workflow, "26", run_held=Credits.whole(15))
    assert (str(refused.used), str(refused.held), str(refused.left)) == ("60", "15", "25")
    await move(tenant, "spend", workflow, "30")
    await move(tenant, "hold", workflow, "30")
    assert await figures(tenant, budget) == {}


async def test_a_run_starts_where_something_is_left(tenant: Tenant) -> None:
    def ask(book: BudgetBook) -> None:
        book.load([(run(tenant), book.now)])
        book.require_any_room(run(tenant))

    await limit(tenant, "ACCOUNT", "REQUEST", "10")
    await limit(tenant, "USER", "DAY", "10")
    await move(tenant, "spend", run(tenant), "9.999999")
    await with_book(tenant, ask)
    await move(tenant, "hold", run(tenant), "0.000001")
    with pytest.raises(BudgetExceeded) as raised:
        await with_book(tenant, ask)
    assert (str(raised.value.left), raised.value.subject) == ("0", "ann")
    await limit(tenant, "USER", "DAY", "11")
    await limit(tenant, "ACCOUNT", "REQUEST", "0")
    with pytest.raises(BudgetExceeded, match="0 credits for each run"):
        await with_book(tenant, ask)


async def test_what_a_parent_holds_takes_no_room_from_its_child(tenant: Tenant) -> None:
    await limit(tenant, "ACCOUNT", "DAY", "10")
    await limit(tenant, "USER", "DAY", "10")
    parent, child = run(tenant), run(tenant, "bob")
    await move(tenant, "hold", parent, "10")

    def ask(book: BudgetBook, *lendable: HeldPart) -> None:
        book.load([(parent, NOON), (child, NOON)])
        book.require_any_room(child, lendable=lendable)

    with pytest.raises(BudgetExceeded):
        await with_book(tenant, ask)
    await with_book(tenant, lambda book: ask(book, (parent, Credits.whole(10), NOON)))
    assert await left(tenant, child) == "0"


async def test_a_threshold_is_told_once_in_each_window(tenant: Tenant, clock: SettableClock) -> None:
    budget = await limit(tenant, "USER", "DAY", "100", name="Calls", thresholds=(50, 80, 100))
    ann = run(tenant)
    await move(tenant, "spend", ann, "49")
    assert await told(tenant) == []
    await move(tenant, "spend", ann, "1")
    await move(tenant, "spend", ann, "55")
    await move(tenant, "unspend", ann, "105")
    await move(tenant, "spend", ann, "105")
    assert await told(tenant) == [("ann", 50, "50"), ("ann", 80, "105"), ("ann", 100, "105")]
    tomorrow = clock.forward(days=1)
    await move(tenant, "spend", ann, "80", tomorrow)
    assert await told(tenant) == [
        ("ann", 50, "50"),
        ("ann", 80, "105"),
        ("ann", 100, "105"),
        ("ann", 50, "80"),
        ("ann", 80, "80"),
    ]
    async with tenant.database.read() as session:
        event = (await session.scalars(select(Event.data).order_by(Event.id))).first()
    assert event == {
        "budgetId": f"budget_{budget.id.hex}",
        "name": "Calls",
        "scope": "USER",
        "subject": "ann",
        "window": "DAY",
        "windowStart": "2026-03-04T00:00:00Z",
        "windowEnd": "2026-03-05T00:00:00Z",
        "workflowId": None,
        "action": "BLOCK",
        "threshold": 50,
        "limit": "100",
        "used": "50",
    }


async def test_a_single_run_tells_its_own_thresholds(tenant: Tenant) -> None:
    await limit(tenant, "WORKFLOW_NAME", "REQUEST", "100", action="ALERT")
    workflow = run(tenant)

    def in_parts(book: BudgetBook) -> None:
        book.load([(workflow, NOON)])
        book.spend(workflow, Credits.whole(50), NOON)
        book.spend(workflow, Credits.whole(35), NOON)

    await with_book(tenant, in_parts)
    workflow.total_credits = Credits.whole(85)
    await move(tenant, "spend", workflow, "5")
    workflow.total_credits = Credits.whole(90)
    await move(tenant, "spend", workflow, "10")
    assert await told(tenant) == [("voice_chat", 80, "85"), ("voice_chat", 100, "100")]


async def test_windows_before_the_budget_do_not_count(tenant: Tenant) -> None:
    budget = await limit(tenant, "ACCOUNT", "DAY", "100")
    yesterday = NOON - timedelta(days=1)
    for verb in ("hold", "unhold", "spend", "unspend"):
        await move(tenant, verb, run(tenant), "500", yesterday)
    await move(tenant, "spend", run(tenant), "5", NOON - timedelta(hours=12))
    assert await figures(tenant, budget) == {"@03-04T00:00": ("5", "0", 0)}


async def test_a_budget_that_was_removed_counts_no_more(tenant: Tenant) -> None:
    budget = await limit(tenant, "ACCOUNT", "DAY", "100")
    await move(tenant, "spend", run(tenant), "5")
    await unlimit(tenant, budget.id)
    await move(tenant, "spend", run(tenant), "5")
    await require(tenant, run(tenant), "1000")
    assert await figures(tenant, budget) == {"@03-04T00:00": ("5", "0", 0)}


async def test_other_accounts_are_not_touched(tenant: Tenant, database: Database) -> None:
    stranger = await new_tenant(database, "Stranger")
    await limit(tenant, "ACCOUNT", "DAY", "0")
    theirs = await limit(stranger, "USER", "DAY", "100")
    await require(stranger, run(stranger), "100")
    await move(stranger, "spend", run(stranger), "5")
    assert await figures(stranger, theirs) == {"ann@03-04T00:00": ("5", "0", 0)}


async def test_counters_that_were_not_loaded_are_a_bug(tenant: Tenant) -> None:
    await limit(tenant, "ACCOUNT", "DAY", "100")
    with pytest.raises(RuntimeError, match="loaded before"):
        await with_book(tenant, lambda book: book.spend(run(tenant), Credits(1), NOON))


def busy(tenant: Tenant, users: int) -> Callable[[BudgetBook], None]:
    runs = [run(tenant, f"user-{number}") for number in range(users)]

    def act(book: BudgetBook) -> None:
        book.load((workflow, NOON - timedelta(hours=number % 12)) for number, workflow in enumerate(runs))
        for number, workflow in enumerate(runs):
            book.require_room(workflow, Credits.whole(1), run_held=NONE)
            book.hold(workflow, Credits.whole(2), NOON - timedelta(hours=number % 12))
            book.unhold(workflow, Credits.whole(1), NOON - timedelta(hours=number % 12))
            book.spend(workflow, Credits.whole(1), NOON - timedelta(hours=number % 12))

    return act


async def count(tenant: Tenant, act: Callable[[BudgetBook], object]) -> int:
    with statements(tenant.database) as sent:
        await with_book(tenant, act)
    return len(sent) - FRAME[tenant.database.is_sqlite]


async def test_many_runs_cost_as_many_statements_as_one(tenant: Tenant) -> None:
    """Read the counters, write the counters; the budgets are known already."""
    budget = await limit(tenant, "USER", "HOUR", "100")
    await limit(tenant, "ACCOUNT", "DAY", "100000")
    await limit(tenant, "USER", "REQUEST", "100")
    assert await count(tenant, busy(tenant, 1)) == 3  # the budgets are read for the first time
    assert await count(tenant, busy(tenant, 1)) == 2
    assert await count(tenant, busy(tenant, 1_500)) == 2
    # Only those of this hour: before it there was no such budget. The first user came three times.
    counted = [used for used, _, _ in (await figures(tenant, budget)).values()]
    assert sorted(counted) == ["1"] * 124 + ["3"]


async def test_without_budgets_there_are_no_statements(tenant: Tenant) -> None:
    assert await count(tenant, busy(tenant, 10)) == 0
    budget = await limit(tenant, "ACCOUNT", "DAY", "100000")
    await unlimit(tenant, budget.id)
    assert await count(tenant, busy(tenant, 10)) == 1
    assert await count(tenant, busy(tenant, 10)) == 0


async def test_what_is_loaded_is_not_read_again_and_what_is_only_asked_is_not_written(
    tenant: Tenant,
) -> None:
    await limit(tenant, "ACCOUNT", "DAY", "100000")
    await left(tenant, run(tenant))

    def ask(book: BudgetBook) -> None:
        for _ in range(3):
            book.load([(run(tenant), NOON)])
        book.left(run(tenant), run_held=NONE)
        book.hold(run(tenant), Credits.whole(5), NOON)
        book.unhold(run(tenant), Credits.whole(5), NOON)

    assert await count(tenant, ask) == 1


async def test_a_version_that_was_rolled_back_does_not_come_again(tenant: Tenant, database: Database) -> None:
    """A process keeps budgets by their version, those too that it read in a transaction that failed."""

    def fail(session: Session, *, now: datetime) -> None:
        item = SetBudget(tenant.account_id, BudgetScope.ACCOUNT, BudgetWindow.DAY, Credits.whole(1))
        set_budget(session, item=item, now=now)
        account = locked_account(session, tenant.account_id)
        open_budgets(session, {account.id: account.budgets_version}, now=now, outbox=Outbox(session, now))
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await database.write(Command(tenant.account_id, fail))
    budget: Budget = await limit(tenant, "ACCOUNT", "DAY", "100")
    assert await left(tenant, run(tenant)) == "100"
    assert budget.limit == Credits.whole(100)
