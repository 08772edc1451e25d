"""The budgets of one batch: asked before credits move, counted as they move, written back as a set."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from uuid import UUID

from sqlalchemy.orm import Session

from metering.budgets.alerts import Reached
from metering.budgets.counters import Counter, CounterKey, Counters
from metering.budgets.in_force import InForce, budgets_in_force
from metering.budgets.rules import left, reached, subject_for, subjects_of
from metering.budgets.windows import Window, window_of
from metering.errors import BudgetExceeded
from metering.events import Outbox
from models.account import Account
from models.budget import Budget, BudgetAction, BudgetWindow
from models.workflow import Workflow
from pricing.credits import Credits
from pricing.quote import PricedUsage

Fitting = Callable[[Credits], tuple[PricedUsage, ...]]
"""Makes a plan smaller, so that it costs no more than the credits."""

HeldPart = tuple[Workflow, Credits, datetime]
"""Credits that a run holds, and when their line was held."""

_Who = tuple[UUID, UUID, UUID | None, str | None, str]
_Touching = tuple[tuple[InForce, str], ...]


@dataclass(slots=True)
class BudgetBook:
    """The budgets of a batch's accounts, which are locked; nothing reaches the store before `write`.

    A run counts for every budget that touches it: usages in the window of their use, holds in the window in
    which their line was held. Windows before the one in which a budget was made do not count.
    """

    now: datetime
    outbox: Outbox
    _budgets: dict[UUID, tuple[InForce, ...]]
    _counters: Counters
    _touching_by_who: dict[_Who, _Touching] = field(default_factory=dict)
    _last_windows: dict[tuple[BudgetWindow, str], Window] = field(default_factory=dict)
    _run_totals: dict[UUID, Credits] = field(default_factory=dict)

    def load(self, touches: Iterable[tuple[Workflow, datetime]]) -> None:
        """Load the counters of the budgets that touch the runs, in the windows of the moments and of now.

        One statement for any number of runs, none where no budget touches them or all is loaded.
        """
        touches = list(touches) if self._budgets else ()
        moments = chain(((workflow, self.now) for workflow, _ in touches), touches)
        self._counters.load(key for workflow, at in moments for _, key in self._keys(workflow, at))

    def require_room(
        self, workflow: Workflow, amount: Credits, *, run_held: Credits, fitting: Fitting | None = None
    ) -> None:
        """Raise BudgetExceeded for the first blocking budget that leaves less than the amount now.

        `run_held` is what the run's own open holds still hold; `fitting` makes the plan smaller for the
        refusal. What other holds give for the amount is taken from their counters before.
        """
        for budget, subject, counter in self._blocking(workflow, run_held):
            rest = left(budget.limit, counter.used, counter.held)
            if amount > rest:
                raise _exceeded(budget, subject, counter, amount, fitting(rest) if fitting else ())

    def require_any_room(self, workflow: Workflow, *, lendable: Iterable[HeldPart] = ()) -> None:
        """Raise BudgetExceeded where a blocking budget leaves nothing for a run that starts.

        `lendable` is what open holds of its ancestors still hold: it only changes hands when the run draws on
        it, so that it takes no room from the run.
        """
        with self.changing_hands(lendable):
            for budget, subject, counter in self._blocking(workflow, Credits.ZERO):
                if not left(budget.limit, counter.used, counter.held):
                    raise _exceeded(budget, subject, counter, Credits(1), ())

    @contextmanager
    def changing_hands(self, parts: Iterable[HeldPart]) -> Iterator[None]:
        """Count parts of other runs' holds no more while the room of the run that draws on them is asked for."""
        parts = list(parts)
        for part in parts:
            self.unhold(*part)
        try:
            yield
        finally:
            for part in parts:
                self.hold(*part)

    def left(self, workflow: Workflow, *, run_held: Credits) -> Credits | None:
        """Give the least that blocking budgets leave the run now; None is no limit."""
        blocking = self._blocking(workflow, run_held)
        rests = (left(budget.limit, counter.used, counter.held) for budget, _, counter in blocking)
        return min(rests, default=None)

    def hold(self, workflow: Workflow, amount: Credits, held_at: datetime) -> None:
        """Count credits as held since a moment."""
        for _, key in self._keys(workflow, held_at):
            self._counters[key].held += amount

    def unhold(self, workflow: Workflow, amount: Credits, held_at: datetime) -> None:
        """Count credits as held no more; `held_at` is that of their line."""
        for _, key in self._keys(workflow, held_at):
            self._counters[key].held -= amount

    def spend(self, workflow: Workflow, amount: Credits, used_at: datetime) -> None:
        """Count credits as used, and tell each threshold that is reached: once in each window.

        The run's total moves afterwards: budgets of single runs go by it.
        """
        for budget, key in self._keys(workflow, used_at):
            counter = self._counters[key]
            counter.used += amount
            for percent in reached(budget, counter.used, above=counter.alerted):
                counter.alerted = percent
                told = Reached(budget, key.subject, percent, counter.used)
                self.outbox.add(*told.in_window(self._window(budget, used_at)))
        self._spend_in_run(workflow, amount)

    def unspend(self, workflow: Workflow, amount: Credits, used_at: datetime) -> None:
        """Count credits of a voided usage as used no more. What was told stays told."""
        for _, key in self._keys(workflow, used_at):
            self._counters[key].used -= amount

    def write(self) -> None:
        """Write the counters that moved in one statement, none where none did."""
        self._counters.write()

    def _spend_in_run(self, workflow: Workflow, amount: Credits) -> None:
        of_runs = [(each.budget, subject) for each, subject in self._touching(workflow) if each.since is None]
        if not of_runs:
            return
        # A usage that several holds pay for may come in parts, before the run's total moves by all of it.
        before = max(self._run_totals.get(workflow.id, Credits.ZERO), workflow.total_credits)
        total = self._run_totals[workflow.id] = before + amount
        for budget, subject in of_runs:
            already = reached(budget, before, above=0)
            for percent in reached(budget, total, above=max(already, default=0)):
                self.outbox.add(*Reached(budget, subject, percent, total).in_run(workflow.id))

    def _blocking(self, workflow: Workflow, run_held: Credits) -> Iterator[tuple[Budget, str, Counter]]:
        for each, subject in self._touching(workflow):
            if each.budget.action is not BudgetAction.BLOCK:
                continue
            if each.since is None:
                yield each.budget, subject, Counter(workflow.total_credits, run_held)
            elif (key := self._key(each, subject, self.now)) is not None:
                yield each.budget, subject, self._counters[key]

    def _keys(self, workflow: Workflow, at: datetime) -> Iterator[tuple[Budget, CounterKey]]:
        for each, subject in self._touching(workflow):
            if (key := self._key(each, subject, at)) is not None:
                yield each.budget, key

    def _key(self, in_force: InForce, subject: str, at: datetime) -> CounterKey | None:
        budget, since = in_force.budget, in_force.since
        if since is None:
            return None
        start = self._window(budget, at).start
        return CounterKey(budget.account_id, budget.id, subject, start) if start >= since else None

    def _touching(self, workflow: Workflow) -> _Touching:
        budgets = self._budgets.get(workflow.account_id)
        if not budgets:
            return ()
        who = _who(workflow)
        touching = self._touching_by_who.get(who)
        if touching is None:
            subjects = subjects_of(workflow)
            of_each = ((each, subject_for(each.budget, subjects)) for each in budgets)
            touching = tuple((each, subject) for each, subject in of_each if subject is not None)
            self._touching_by_who[who] = touching
        return touching

    def _window(self, budget: Budget, at: datetime) -> Window:
        # Most usages of a batch lie in one window, so the last one is looked at before another is worked out.
        kind = (budget.window, budget.time_zone)
        window = self._last_windows.get(kind)
        if window is None or at not in window:
            window = self._last_windows[kind] = window_of(*kind, at)
        return window


def open_budgets(
    session: Session, accounts: Mapping[UUID, Account], *, now: datetime, outbox: Outbox
) -> BudgetBook:
    """Open the budgets of locked accounts; thresholds that are reached go to the outbox."""
    return BudgetBook(now, outbox, budgets_in_force(session, accounts), Counters(session))


def _who(workflow: Workflow) -> _Who:
    return (
        workflow.account_id,
        workflow.api_key_id,
        workflow.agent_id,
        workflow.user_id,
        workflow.workflow_name,
    )


def _exceeded(
    budget: Budget, subject: str, counter: Counter, needed: Credits, fitting: tuple[PricedUsage, ...]
) -> BudgetExceeded:
    return BudgetExceeded(
        budget, subject, needed=needed, used=counter.used, held=counter.held, fitting=fitting
    )
