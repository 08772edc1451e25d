"""Which runs a budget touches, what it leaves, and which thresholds spending reaches."""

from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.budgets.in_force import BudgetsOfAccount, counts_since
from metering.budgets.rules import amount_at, amounts_of, left, reached, worded
from models.budget import Budget, BudgetAction, BudgetScope, BudgetWindow
from models.workflow import Workflow
from pricing.credits import Credits
from tests.clock import NOON

ACCOUNT, KEY, AGENT, BUDGET = (UUID(int=number) for number in range(1, 5))
CREDITS = st.integers(0, 10**18 - 1).map(Credits)


def budget(scope: str = "ACCOUNT", subject: str | None = None, **fields: object) -> Budget:
    given_ = {
        "name": "Calls",
        "window": BudgetWindow.DAY,
        "time_zone": "Europe/Vienna",
        "limit": Credits.whole(100),
        "thresholds": (80, 100),
        **fields,
    }
    return Budget(
        account_id=ACCOUNT,
        id=BUDGET,
        scope=BudgetScope(scope),
        subject=subject,
        action=BudgetAction.BLOCK,
        created_at=NOON,
        updated_at=NOON,
        removed_at=None,
        **given_,
    )


def touching(budgets: list[Budget], workflow: Workflow) -> list[tuple[str | None, str]]:
    """The subjects that budgets name, where they touch the run, and those that they count it for."""
    found = BudgetsOfAccount.of(budgets).touching(workflow)
    return [(each.budget.subject, subject) for each, subject in found]


def run(agent_id: UUID | None = AGENT, user_id: str | None = "ann") -> Workflow:
    return Workflow(
        account_id=ACCOUNT,
        id=UUID(int=9),
        api_key_id=KEY,
        agent_id=agent_id,
        user_id=user_id,
        workflow_name="voice_chat",
    )


@pytest.mark.parametrize(
    ("scope", "subject"),
    [
        ("ACCOUNT", ""),
        ("API_KEY", f"key_{KEY.hex}"),
        ("AGENT", f"agent_{AGENT.hex}"),
        ("USER", "ann"),
        ("WORKFLOW_NAME", "voice_chat"),
    ],
)
def test_a_budget_counts_a_run_as_spending_of_its_subject(scope: str, subject: str) -> None:
    assert touching([budget(scope)], run()) == [(None, subject)]
    if subject:
        named, other = budget(scope, subject), budget(scope, "another")
        assert touching([named, other], run()) == [(subject, subject)]


def test_a_run_without_agent_or_user_is_not_touched_by_their_budgets() -> None:
    budgets = [budget("AGENT"), budget("USER"), budget("ACCOUNT"), budget("USER", "ann")]
    assert touching(budgets, run(agent_id=None, user_id=None)) == [(None, "")]


def test_budgets_that_touch_a_run_come_in_the_order_in_which_they_were_set() -> None:
    budgets = [budget("USER", "ann"), budget(), budget("USER"), budget("USER", "bob"), budget("API_KEY")]
    found = BudgetsOfAccount.of(budgets).touching(run())
    assert [each.budget for each, _ in found] == [budgets[position] for position in (0, 1, 2, 4)]


@pytest.mark.parametrize(
    ("window", "zone", "since"),
    [
        ("HOUR", "Asia/Kolkata", "2026-03-04T11:30"),
        ("DAY", "Europe/Vienna", "2026-03-03T23:00"),
        ("MONTH", "UTC", "2026-03-01T00:00"),
        ("LIFETIME", "Europe/Vienna", "1970-01-01T00:00"),
    ],
)
def test_a_budget_counts_since_the_window_in_which_it_was_made(window: str, zone: str, since: str) -> None:
    of = budget(window=BudgetWindow(window), time_zone=zone)
    assert counts_since(of) == datetime.fromisoformat(f"{since}+00:00")


def test_a_budget_of_single_runs_counts_nothing_by_itself() -> None:
    assert counts_since(budget(window=BudgetWindow.REQUEST)) is None


@pytest.mark.parametrize(
    ("used", "held", "rest"), [("0", "0", "100"), ("60", "30", "10"), ("60", "40", "0"), ("90", "40", "0")]
)
def test_what_is_left_is_never_less_than_nothing(used: str, held: str, rest: str) -> None:
    assert str(left(Credits.whole(100), Credits.parse(used), Credits.parse(held))) == rest


@pytest.mark.parametrize(
    ("limit", "used", "above", "percents"),
    [
        ("100", "79.999999", 0, []),
        ("100", "80", 0, [80]),
        ("100", "80", 80, []),
        ("100", "100", 80, [100]),
        ("100", "500", 0, [80, 100]),
        ("0", "0", 0, []),
        ("0", "0.000001", 0, [80, 100]),
        ("0.000001", "0.000001", 0, [80, 100]),
    ],
)
def test_thresholds_that_are_reached(limit: str, used: str, above: int, percents: list[int]) -> None:
    thresholds = amounts_of(budget(limit=Credits.parse(limit)))
    assert reached(thresholds, Credits.parse(used), above=above) == percents


@given(limit=CREDITS, used=CREDITS, percent=st.integers(1, 1_000))
def test_a_threshold_is_reached_exactly_at_its_percentage(
    limit: Credits, used: Credits, percent: int
) -> None:
    exact = used.micros > 0 and used.micros * 100 >= limit.micros * percent
    assert (used >= amount_at(limit, percent)) == exact


@given(limit=CREDITS, percent=st.integers(1, 1_000))
def test_a_threshold_can_be_compared_by_the_store(limit: Credits, percent: int) -> None:
    assert 0 < amount_at(limit, percent).micros < 2**63


@pytest.mark.parametrize(
    ("of", "subject", "words"),
    [
        (budget(), "", "The budget 'Calls' allows the account 100 credits a day (Europe/Vienna)"),
        (
            budget("USER", window=BudgetWindow.REQUEST),
            "ann",
            "The budget 'Calls' allows the user 'ann' 100 credits for each run",
        ),
        (
            budget("WORKFLOW_NAME", window=BudgetWindow.LIFETIME, name=None),
            "voice_chat",
            f"The budget budget_{BUDGET.hex} allows workflows named 'voice_chat' 100 credits for ever",
        ),
    ],
)
def test_a_budget_in_words(of: Budget, subject: str, words: str) -> None:
    assert worded(of, subject) == words
