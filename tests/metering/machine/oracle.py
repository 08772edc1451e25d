"""The oracle: what each verb of the business answers, as the product's description says it, without a store.

A verb changes the books and refuses as it goes. `ask` adds what all have in common: a key gives its first
answer again, and a refusal leaves nothing.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.metering.machine.books import (
    UNLIMITED,
    Books,
    Budget,
    Grant,
    Hold,
    Line,
    Part,
    Refused,
    Run,
    Usage,
)
from tests.metering.machine.limits import (
    counted,
    forget,
    require_left,
    require_room,
    standings,
    take_back,
    tell,
)
from tests.metering.machine.paying import cover, draws, take
from tests.metering.machine.prices import affordable_micros, card_at, metered_micros, price, service

Answer = dict[str, Any]
Plan = int | tuple[str, ...]  # an amount, or "PHONE twilio 5 MINUTES" and so on
HOUR = timedelta(hours=1)
AGENT_ADAPTER = "emergencyservices"


@dataclass
class Oracle:
    books: Books
    answers: dict[str, tuple[str, dict[str, Any], Answer]] = field(default_factory=dict)

    def ask(self, verb: str, key: str | None, **inputs: Any) -> Answer:
        """Do a verb, or raise its refusal."""
        if key is not None and key in self.answers:
            first_verb, first_inputs, first = self.answers[key]
            if (first_verb, first_inputs) != (verb, inputs):
                raise Refused("IdempotencyConflict")
            return first | {"replayed": True}
        before = deepcopy(self.books)
        try:
            answer: Answer = getattr(self, verb)(**inputs)
        except Refused:
            self.books = before
            raise
        if self.books.owed and not before.owed:
            self.books.events.append(("overdraft.started",))
        if key is None:
            return answer
        self.answers[key] = (verb, inputs, answer)
        return answer | {"replayed": False}

    def seen(self) -> Answer:
        """Give everything that callers can see."""
        return self.books.seen() | {"budgets": counted(self.books)}

    def grant(
        self,
        amount: int,
        priority: int,
        effective_at: datetime | None,
        expires_at: datetime | None,
        restriction: tuple[str, str] | None,
    ) -> Answer:
        starts = effective_at or self.books.now
        if expires_at is not None and expires_at <= max(starts, self.books.now):
            raise Refused("TimeOutOfRange", field="expiresAt")
        label = _next("grant", self.books.grants)
        self.books.grants[label] = Grant(amount, amount, priority, starts, expires_at, restriction)
        return {"grant": label}

    def void_grant(self, grant: str) -> Answer:
        found = self.books.grants[grant]
        if found.voided is not None:
            raise Refused("GrantAlreadyVoided")
        found.voided, found.remaining = found.remaining, 0
        return {"grant": grant, "voided": found.voided}

    def start(
        self,
        name: str,
        adapter: str | None,
        agent: str | None,
        user: str | None,
        api_key: str,
        parent: str | None,
        started_at: datetime | None,
        plan: Plan | None = None,
        expires_in: timedelta = HOUR,
        selected: Plan | None = None,
    ) -> Answer:
        plan = selected or plan  # providers that are named stay: what is selected is what was planned
        if parent is not None:
            self._run(parent)
        self._window("startedAt", started_at)
        adapter = adapter or (None if agent is None else AGENT_ADAPTER)
        run = Run(name, adapter, agent, user, api_key, parent, started_at or self.books.now)
        label = self._new_run(run)
        before = deepcopy(self.books)
        hold = None
        if plan is not None:
            hold = self.hold(label, plan, expires_in)["hold"]
        elif not cover(self.books, label, self.books.ancestors(label)):
            raise Refused("OverdraftLimitReached", available=0)
        for above in before.ancestors(label):
            for _, _, part, _ in before.open_parts(above):
                part.remaining = 0  # it only changes hands where the run draws on it
        require_left(before, label)
        return {"run": label, "hold": hold}

    def add(self, run: str, text: str, used_at: datetime | None, if_uncovered: str) -> Answer:
        late = self._run(run).ended_at is not None
        self._window("usedAt", used_at)
        at = used_at or self.books.now
        cost = price(card_at(at), text)
        if if_uncovered == "REFUSE":
            self._permit(run, text, cost)
        return {"usage": self._use(run, text, cost, at, late=late), "credits": cost, "late": late}

    def record(
        self,
        name: str,
        adapter: str | None,
        user: str | None,
        api_key: str,
        started_at: datetime | None,
        ended_at: datetime | None,
        status: str,
        usages: tuple[str, ...],
    ) -> Answer:
        self._window("startedAt", started_at)
        run = Run(name, adapter, None, user, api_key, None, started_at or self.books.now)
        if status != "RUNNING":
            self._end(run, status, ended_at)
        label, at = self._new_run(run), run.ended_at or self.books.now
        self._window("usedAt", at)
        made = [self._use(label, text, price(card_at(at), text), at, late=False) for text in usages]
        return {"run": label, "usages": made}

    def end(self, run: str, status: str, ended_at: datetime | None) -> Answer:
        found = self._run(run)
        if found.ended_at is not None and found.status != status:
            raise Refused("WorkflowAlreadyEnded", status=found.status, ended_at=found.ended_at)
        if found.ended_at is None:
            self._end(found, status, ended_at)
            for label, hold in self.books.holds.items():
                if hold.run == run and hold.status == "OPEN":
                    self.books.close(label, "SETTLED", self.books.now)
        return {"run": run}

    def void_usage(self, usage: str) -> Answer:
        found = self.books.usages[usage]
        if found.voided:
            raise Refused("ServiceUsageAlreadyVoided")
        found.voided = True
        for grant, paid in found.payments:
            self.books.give_to_grant(grant, paid, self.books.now)
        take_back(self.books, found.run)
        return {"usage": usage, "refunded": found.credits}

    def hold(self, run: str, plan: Plan = (), expires_in: timedelta = HOUR, selected: Plan = ()) -> Answer:
        found = self._run(run)
        if found.ended_at is not None:
            raise Refused("WorkflowAlreadyEnded", status=found.status, ended_at=found.ended_at)
        now = self.books.now
        label = _next("hold", self.books.holds)
        self.books.holds[label] = Hold(run, None, now, now + expires_in)
        self._set_aside(label, selected or plan)
        return {"hold": label}

    def extend(self, hold: str, plan: Plan | None, expires_in: timedelta | None) -> Answer:
        found = self._open_hold(hold)
        if expires_in is not None:
            found.expires_at = max(found.expires_at, self.books.now + expires_in)
        added = 0 if plan is None else self._set_aside(hold, plan)
        return {"hold": hold, "added": added} | self._lasting(found)

    def release(self, hold: str) -> Answer:
        self._open_hold(hold)
        return {"hold": hold, "released": self.books.close(hold, "RELEASED", self.books.now)}

    def set_budget(
        self, scope: str, subject: str | None, window: str, zone: str, limit: int, action: str
    ) -> Answer:
        for label, budget in self.books.budgets.items():
            same = (budget.scope, budget.subject, budget.window, budget.action)
            if budget.active and same == (scope, subject, window, action):
                if budget.zone == zone:
                    budget.limit = limit
                    forget(self.books, label)
                    return {"budget": label}
                budget.active = False
        label = _next("budget", self.books.budgets)
        self.books.budgets[label] = Budget(scope, subject, window, zone, limit, action, self.books.now)
        forget(self.books, label)
        return {"budget": label}

    def remove_budget(self, budget: str) -> Answer:
        self.books.budgets[budget].active = False
        return {"budget": budget}

    # What the verbs have in common.

    def _new_run(self, run: Run) -> str:
        label = _next("run", self.books.runs)
        self.books.runs[label] = run
        return label

    def _run(self, label: str) -> Run:
        if label not in self.books.runs:
            raise Refused("WorkflowNotFound")
        return self.books.runs[label]

    def _open_hold(self, label: str) -> Hold:
        found = self.books.holds[label]
        if found.status != "OPEN":
            raise Refused("HoldClosed", status=found.status, closed_at=found.closed_at)
        return found

    def _window(self, name: str, at: datetime | None) -> None:
        now = self.books.now
        if at is not None and not now - timedelta(days=35) <= at <= now + timedelta(minutes=5):
            raise Refused("TimeOutOfRange", field=name)

    def _end(self, run: Run, status: str, ended_at: datetime | None) -> None:
        now = self.books.now
        at = ended_at or max(now, run.started_at)
        if not run.started_at <= at <= max(now + timedelta(minutes=5), run.started_at):
            raise Refused("TimeOutOfRange", field="endedAt")
        run.status, run.ended_at = status, at

    def _permit(self, run: str, text: str, cost: int) -> None:
        lenders = [run, *self.books.ancestors(run)]
        available = cover(self.books, run, lenders)
        if cost > available:
            raise Refused("CreditsExhausted", needed=cost, available=available)
        trial = deepcopy(self.books)
        for source, paid in draws(self.books, run, cost, service(text), lenders):
            if isinstance(source, tuple) and trial.holds[source[0]].run == run:
                cost -= paid  # what the run itself has set aside was admitted before
            elif isinstance(source, tuple):
                # What a run above has set aside changes hands: it counts no more for that one.
                trial.holds[source[0]].parts[source[1]].remaining -= paid
        require_room(trial, run, cost)

    def _use(self, run: str, text: str, cost: int, at: datetime, *, late: bool) -> str:
        """Pay for a usage and note it. What nothing covers is owed beyond the credit line."""
        payments: list[tuple[str | None, int]] = []
        for source, paid in draws(self.books, run, cost, service(text), [run, *self.books.ancestors(run)]):
            if isinstance(source, tuple):
                self.books.holds[source[0]].captured += paid
            payments.append((take(self.books, source, paid), paid))
        beyond = cost - sum(paid for _, paid in payments)
        if beyond:
            payments.append((None, beyond))
        label = _next("usage", self.books.usages)
        self.books.usages[label] = Usage(run, cost, at, late, payments)
        tell(self.books, run, at)
        return label

    def _set_aside(self, label: str, plan: Plan) -> int:
        """Add a plan to a hold; lenders are the holds of the runs above."""
        hold, now = self.books.holds[label], self.books.now
        lines: list[tuple[str | None, int]]
        if isinstance(plan, int):
            lines = [(None, plan)]
        else:
            hold.card = hold.card or card_at(now)  # the first prices hold for ever
            lines = [(text, price(hold.card, text)) for text in plan]
        needed = sum(cost for _, cost in lines)
        if not needed:
            raise Refused("NothingToHold")
        lenders = list(self.books.ancestors(hold.run))
        available = cover(self.books, hold.run, lenders)
        if needed > available:
            raise Refused("CreditsExhausted", needed=needed, available=available)
        parts = len(hold.parts)
        for number, (text, cost) in enumerate(lines, len(hold.lines)):
            wanted = None if text is None else service(text)
            hold.lines.append(Line(text, wanted, now))
            for source, paid in draws(self.books, hold.run, cost, wanted, lenders):
                lender = source if isinstance(source, tuple) else None
                if lender is not None:
                    self.books.holds[lender[0]].lent += paid
                hold.parts.append(Part(take(self.books, source, paid), lender, number, paid, paid))
        # What the runs above have lent is theirs no more; what was added is what is asked for.
        trial = deepcopy(self.books)
        del trial.holds[label].parts[parts:]
        require_room(trial, hold.run, needed)
        return needed

    def _lasting(self, hold: Hold) -> Answer:
        """Say how long the time that is planned lasts, and how long the credits would."""
        planned = [line.text for line in hold.lines if line.text is not None]
        metered = metered_micros(planned)
        if not metered or hold.card is None:
            return {"held_until": None, "affordable_until": None}
        held_until = hold.created_at + timedelta(microseconds=min(metered.values()))
        spendable = cover(self.books, hold.run, self.books.ancestors(hold.run))
        for label, (used, held) in standings(self.books, hold.run).items():
            spendable = min(spendable, max(self.books.budgets[label].limit - used - held, 0))
        if spendable >= UNLIMITED:
            return {"held_until": held_until, "affordable_until": None}
        more = min(
            affordable_micros(hold.card, planned, spendable), timedelta(days=35) // timedelta(microseconds=1)
        )
        return {"held_until": held_until, "affordable_until": held_until + timedelta(microseconds=more)}


def _next(kind: str, known: dict[str, Any]) -> str:
    return f"{kind} {len(known) + 1}"
