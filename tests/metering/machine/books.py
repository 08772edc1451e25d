"""The oracle's memory: one account as plain values. Every figure that can be added up is added up anew.

Amounts are integers of micro-credits, things are named by labels ("grant 2"), and the order in which things
were put into a dict is their age.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class Refused(Exception):  # noqa: N818 - as the refusals that it stands for
    """An expected no: the refusal's name and its figures."""

    def __init__(self, name: str, **figures: object) -> None:
        super().__init__(name, figures)
        self.name = name
        self.figures = figures


@dataclass
class Grant:
    amount: int
    remaining: int
    priority: int
    effective_at: datetime
    expires_at: datetime | None
    restriction: tuple[str, str] | None
    voided: int | None = None  # taken back, once it is voided

    def expired_at(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at


@dataclass
class Run:
    name: str
    adapter: str | None
    agent: str | None
    user: str | None
    key: str
    parent: str | None
    started_at: datetime
    status: str = "RUNNING"
    ended_at: datetime | None = None


@dataclass
class Part:
    grant: str | None  # None is the credit line
    lender: tuple[str, int] | None  # the hold, and which of its parts
    line: int
    amount: int
    remaining: int


@dataclass
class Line:
    text: str | None  # "PHONE twilio 5 MINUTES"; None is any service
    service: tuple[str, str] | None
    held_at: datetime


@dataclass
class Hold:
    run: str
    card: int | None  # by whose prices its services are planned
    created_at: datetime
    expires_at: datetime
    lines: list[Line] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    captured: int = 0
    released: int = 0
    lent: int = 0
    status: str = "OPEN"
    closed_at: datetime | None = None

    @property
    def amount(self) -> int:
        return sum(part.amount for part in self.parts)

    @property
    def remaining(self) -> int:
        return sum(part.remaining for part in self.parts)


@dataclass
class Usage:
    run: str
    credits: int
    used_at: datetime
    late: bool
    payments: list[tuple[str | None, int]]  # None is the credit line, or what lies beyond it
    voided: bool = False


@dataclass
class Budget:
    scope: str
    subject: str | None
    window: str
    zone: str
    limit: int
    action: str
    created_at: datetime
    active: bool = True


Event = tuple[object, ...]  # its type and what it is about


@dataclass
class Books:
    now: datetime
    limit: int | None
    grants: dict[str, Grant] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    usages: dict[str, Usage] = field(default_factory=dict)
    budgets: dict[str, Budget] = field(default_factory=dict)
    expired: int = 0
    events: list[Event] = field(default_factory=list)
    # The highest threshold that was told, in percent, of a budget to a subject in a window.
    told: dict[tuple[object, ...], int] = field(default_factory=dict)

    @property
    def granted(self) -> int:
        return sum(grant.amount - (grant.voided or 0) for grant in self.grants.values())

    @property
    def spent(self) -> int:
        return sum(usage.credits for usage in self.usages.values() if not usage.voided)

    @property
    def held(self) -> int:
        return sum(hold.remaining for hold in self.holds.values())

    @property
    def held_on_credit(self) -> int:
        parts = (part for hold in self.holds.values() for part in hold.parts)
        return sum(part.remaining for part in parts if part.grant is None)

    @property
    def owed(self) -> int:
        live = (usage for usage in self.usages.values() if not usage.voided)
        return sum(paid for usage in live for grant, paid in usage.payments if grant is None)

    @property
    def room(self) -> int:
        """What the credit line has left."""
        if self.limit is None:
            return UNLIMITED
        return max(self.limit - self.owed - self.held_on_credit, 0)

    @property
    def claimed(self) -> int:
        """What a debt beyond the credit line claims of the unrestricted grants."""
        return 0 if self.limit is None else max(self.owed + self.held_on_credit - self.limit, 0)

    @property
    def available(self) -> int:
        """What the grants that are in effect have left."""
        return sum(grant.remaining for grant in self.grants.values() if self.is_live(grant))

    def seen(self) -> dict[str, Any]:
        """Give everything that callers can see."""
        names = ("granted", "spent", "expired", "held", "owed")
        return {
            "differences": (),
            "events": sorted(self.events, key=str),
            "account": {name: getattr(self, name) for name in names},
            "grants": {
                label: {"remaining": grant.remaining, "voided": grant.voided}
                for label, grant in self.grants.items()
            },
            "holds": {label: _seen(hold, _HOLD) for label, hold in self.holds.items()},
            "runs": {
                label: {
                    "status": run.status,
                    "total_credits": self.total_of(label),
                    "usage_count": sum(
                        each.run == label and not each.voided for each in self.usages.values()
                    ),
                    "ended_at": run.ended_at,
                }
                for label, run in self.runs.items()
            },
            "usages": {
                label: _seen(usage, ("credits", "late", "voided")) for label, usage in self.usages.items()
            },
        }

    def is_live(self, grant: Grant) -> bool:
        return grant.effective_at <= self.now and not grant.expired_at(self.now) and grant.voided is None

    def total_of(self, run: str) -> int:
        return sum(usage.credits for usage in self.usages.values() if usage.run == run and not usage.voided)

    def usable(self, run: str) -> list[str]:
        """The live grants that serve a run, in the order in which they are burnt."""
        wanted = {("ADAPTER", self.runs[run].adapter), ("WORKFLOW", self.runs[run].name), None}
        fit = [
            (grant.restriction is None, grant.priority, grant.expires_at or NEVER, age, label)
            for age, (label, grant) in enumerate(self.grants.items())
            if self.is_live(grant) and grant.restriction in wanted
        ]
        return [label for *_, label in sorted(fit)]

    def headroom(self, run: str) -> int:
        """What a run may still draw from grants and credit line; debts never touch its reserve."""
        if self.limit is None:
            return UNLIMITED
        grants = [self.grants[label] for label in self.usable(run)]
        reserve = sum(grant.remaining for grant in grants if grant.restriction)
        shared = sum(grant.remaining for grant in grants if not grant.restriction)
        return reserve + max(shared + self.limit - self.owed - self.held_on_credit, 0)

    def ancestors(self, run: str) -> Iterator[str]:
        """The parent, its parent, and so on."""
        above = self.runs[run].parent
        while above is not None:
            yield above
            above = self.runs[above].parent

    def open_parts(self, run: str) -> list[tuple[str, int, Part, Line]]:
        """Every part of a run's open holds, the oldest hold first."""
        return [
            (label, number, part, hold.lines[part.line])
            for label, hold in self.holds.items()
            if hold.run == run and hold.status == "OPEN"
            for number, part in enumerate(hold.parts)
        ]

    def pass_time(self, now: datetime) -> None:
        """Move the clock; whatever ends meanwhile ends at its own moment, in the order of these moments."""
        while True:
            due: list[tuple[datetime, int, int, str]] = []
            for age, (label, hold) in enumerate(self.holds.items()):
                if hold.status == "OPEN" and hold.expires_at <= now:
                    due.append((hold.expires_at, 0, age, label))
            for age, (label, grant) in enumerate(self.grants.items()):
                if grant.remaining and grant.expires_at is not None and grant.expires_at <= now:
                    due.append((grant.expires_at, 1, age, label))
            if not due:
                break
            moment, is_grant, _, label = min(due)
            if is_grant:
                self.expired += self.grants[label].remaining
                self.grants[label].remaining = 0
            else:
                self.close(label, "EXPIRED", moment)
        self.now = now

    def close(self, label: str, status: str, at: datetime) -> int:
        """Close a hold and give back what it still holds; say how much that was."""
        hold = self.holds[label]
        released = hold.remaining
        for part in hold.parts:
            self._give_back(part, at)
            part.remaining = 0
        if released and status == "EXPIRED":
            self.events.append(("hold.expired", label, released))
        hold.released += released
        hold.status, hold.closed_at = status, at
        return released

    def give_to_grant(self, label: str | None, amount: int, at: datetime) -> None:
        """Give credits back to the grant that they came from, or to where these go once it has ended."""
        if label is None:
            return  # the credit line: what is owed or held on it is added up anew
        grant = self.grants[label]
        if grant.voided is not None:
            grant.voided += amount
        elif grant.expired_at(at):
            self.expired += amount
        else:
            grant.remaining += amount

    def _give_back(self, part: Part, at: datetime) -> None:
        if part.lender is not None and self.holds[part.lender[0]].status == "OPEN":
            lender, number = part.lender
            self.holds[lender].parts[number].remaining += part.remaining
            self.holds[lender].lent -= part.remaining
        else:
            self.give_to_grant(part.grant, part.remaining, at)


def _seen(thing: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}


_HOLD = ("status", "amount", "captured", "released", "lent", "remaining", "expires_at", "closed_at")
UNLIMITED = 10**30
NEVER = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
