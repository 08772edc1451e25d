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
from metering.budgets.in_force import BudgetsOfAccount, InForce, budgets_in_force
from metering.budgets.rules import left, reached
from metering.errors import BudgetExceeded
from metering.events import Outbox
from metering.windows import EPOCH, Window, window_of
from models.budget import Budget, BudgetWindow
from models.workflow import Workflow
from pricing.credits import Credits
from pricing.quote import PricedUsage

Fitting = Callable[[Credits], tuple[PricedUsage, ...]]
"""Makes a plan smaller, so that it costs no more than the credits."""

HeldPart = tuple[Workflow, Credits, datetime]
"""Credits that a run holds, and when their line was held."""

_NO_WINDOW = Window(EPOCH, EPOCH)
_Who = tuple[UUID, UUID, UUID | None, str | None, str]


@dataclass(slots=True)
class _Touch:
    """A budget that touches runs of one kind, and where those were counted last."""

    in_force: InForce
    subject: str
    window: Window = _NO_WINDOW
    counter: Counter | None = None


@dataclass(slots=True)
class BudgetBook:
    """The budgets of a batch's accounts, which are locked; nothing reaches the store before `write`.

    A run counts for every budget that touches it: usages in the window of their use, holds in the window in
    which their line was held. Windows before the one in which a budget was made do not count.
    """

    now: datetime
    outbox: Outbox
    _budgets: dict[UUID, BudgetsOfAccount]
    _counters: Counters
    _touches: dict[_Who, list[_Touch]] = field(default_factory=dict)
    _last_windows: dict[tuple[BudgetWindow, str], Window] = field(default_factory=dict)
    _run_totals: dict[UUID, Credits] = field(default_factory=dict)

    def load(self, touches: Iterable[tuple[Workflow, datetime]]) -> None:
        """Load the counters of the budgets that touch the runs, in the windows of the moments and of now.

        One statement for any number of runs, none where no budget touches them or all is loaded.
        """
        if not self._budgets:
            return
        touches = list(touches)
        moments = chain(((workflow, self.now) for workflow, _ in touches), touches)
        keys = (
            self._key(touch, self._window(touch.in_force.budget, at))
            for workflow, at in moments
            for touch in self._touching(workflow)
            if touch.in_force.since is not None and at not in touch.window
        )
        self._counters.load(key for key in keys if key is not None)

    def require_room(
        self, workflow: Workflow, amount: Credits, *, run_held: Credits, fitting: Fitting | None = None
    ) -> None:
        """Raise BudgetExceeded for the first blocking budget that leaves less than the amount now.

        `run_held` is what the run's own open holds still hold; `fitting` makes the plan smaller for the
        refusal. What other holds give for the amount is taken from their counters before.
        """
        for refusal in self.exceeded(workflow, amount, run_held=run_held, fitting=fitting):
            raise refusal

    def exceeded(
        self, workflow: Workflow, amount: Credits, *, run_held: Credits, fitting: Fitting | None = None
    ) -> Iterator[BudgetExceeded]:
        """Give a refusal for each blocking budget that leaves less than the amount, as `require_room`."""
        for touch, counter in self._blocking(workflow, run_held):
            rest = left(touch.in_force.limit, counter.used, counter.held)
            if amount > rest:
                yield _exceeded(touch, counter, amount, fitting(rest) if fitting else ())

    def require_any_room(self, workflow: Workflow, *, lendable: Iterable[HeldPart] = ()) -> None:
        """Raise BudgetExceeded where a blocking budget leaves nothing for a run that starts.

        `lendable` is what open holds of its ancestors still hold: it only changes hands when the run draws on
        it, so that it takes no room from the run.
        """
        with self.changing_hands(lendable):
            for touch, counter in self._blocking(workflow, Credits.ZERO):
                if not left(touch.in_force.limit, counter.used, counter.held):
                    raise _exceeded(touch, counter, Credits(1), ())

    @contextmanager
    def changing_hands(self, parts: Iterable[HeldPart]) -> Iterator[None]:
        """Count parts of holds no more while the room of another run, which draws on them, is asked for."""
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
        rests = (left(touch.in_force.limit, counter.used, counter.held) for touch, counter in blocking)
        return min(rests, default=None)

    def hold(self, workflow: Workflow, amount: Credits, held_at: datetime) -> None:
        """Count credits as held since a moment."""
        for _, counter in self._counted(workflow, held_at):
            counter.held += amount

    def unhold(self, workflow: Workflow, amount: Credits, held_at: datetime) -> None:
        """Count credits as held no more; `held_at` is that of their line."""
        for _, counter in self._counted(workflow, held_at):
            counter.held -= amount

    def spend(self, workflow: Workflow, amount: Credits, used_at: datetime) -> None:
        """Count credits as used, and tell each threshold that is reached: once in each window.

        Budgets of single runs go by the run's total, and so tell a threshold again where voided usages have
        taken the total back below it.
        """
        if not self._budgets:
            return
        for touch, counter in self._counted(workflow, used_at):
            counter.used += amount
            for percent in reached(touch.in_force.thresholds, counter.used, above=counter.alerted):
                counter.alerted = percent
                told = Reached(touch.in_force.budget, touch.subject, percent, counter.used)
                self.outbox.add(*told.in_window(touch.window))
        self._spend_in_run(workflow, amount)

    def unspend(self, workflow: Workflow, amount: Credits, used_at: datetime) -> None:
        """Count credits of a voided usage as used no more. What was told stays told."""
        for _, counter in self._counted(workflow, used_at):
            counter.used -= amount

    def write(self) -> None:
        """Write the counters that moved in one statement, none where none did."""
        self._counters.write()

    def _spend_in_run(self, workflow: Workflow, amount: Credits) -> None:
        of_runs = [touch for touch in self._touching(workflow) if touch.in_force.since is None]
        if not of_runs:
            return
        before = self._run_total(workflow)
        total = self._run_totals[workflow.id] = before + amount
        for touch in of_runs:
            thresholds = touch.in_force.thresholds
            already = max(reached(thresholds, before, above=0), default=0)
            for percent in reached(thresholds, total, above=already):
                told = Reached(touch.in_force.budget, touch.subject, percent, total)
                self.outbox.add(*told.in_run(workflow.id))

    def _run_total(self, workflow: Workflow) -> Credits:
        # The run itself hears of a batch's usages when all are recorded.
        return max(self._run_totals.get(workflow.id, Credits.ZERO), workflow.total_credits)

    def _blocking(self, workflow: Workflow, run_held: Credits) -> Iterator[tuple[_Touch, Counter]]:
        for touch in self._touching(workflow):
            if not touch.in_force.blocks:
                continue
            if touch.in_force.since is None:
                yield touch, Counter(self._run_total(workflow), run_held)
            elif (counter := self._counter(touch, self.now)) is not None:
                yield touch, counter

    def _counted(self, workflow: Workflow, at: datetime) -> Iterator[tuple[_Touch, Counter]]:
        for touch in self._touching(workflow):
            if touch.in_force.since is not None and (counter := self._counter(touch, at)) is not None:
                yield touch, counter

    def _counter(self, touch: _Touch, at: datetime) -> Counter | None:
        if at not in touch.window:
            window = self._window(touch.in_force.budget, at)
            key = self._key(touch, window)
            touch.counter = None if key is None else self._counters[key]
            touch.window = window
        return touch.counter

    def _key(self, touch: _Touch, window: Window) -> CounterKey | None:
        budget, since = touch.in_force.budget, touch.in_force.since
        if since is None or window.start < since:
            return None
        return CounterKey(budget.account_id, budget.id, touch.subject, window.start)

    def _touching(self, workflow: Workflow) -> list[_Touch]:
        budgets = self._budgets.get(workflow.account_id)
        if budgets is None:
            return []
        who = _who(workflow)
        touching = self._touches.get(who)
        if touching is None:
            touching = self._touches[who] = [_Touch(*each) for each in budgets.touching(workflow)]
        return touching

    def _window(self, budget: Budget, at: datetime) -> Window:
        # Most usages of a batch lie in one window, so the last one is looked at before another is worked out.
        kind = (budget.window, budget.time_zone)
        window = self._last_windows.get(kind)
        if window is None or at not in window:
            window = self._last_windows[kind] = window_of(*kind, at)
        return window


def open_budgets(
    session: Session, versions: Mapping[UUID, int], *, now: datetime, outbox: Outbox
) -> BudgetBook:
    """Open the budgets of locked accounts by their versions; thresholds that are reached go to the outbox."""
    return BudgetBook(now, outbox, budgets_in_force(session, versions), Counters(session))


def _who(workflow: Workflow) -> _Who:
    return (
        workflow.account_id,
        workflow.api_key_id,
        workflow.agent_id,
        workflow.user_id,
        workflow.workflow_name,
    )


def _exceeded(
    touch: _Touch, counter: Counter, needed: Credits, fitting: tuple[PricedUsage, ...]
) -> BudgetExceeded:
    used, held = counter.used, counter.held
    return BudgetExceeded(
        touch.in_force.budget, touch.subject, needed=needed, used=used, held=held, fitting=fitting
    )
