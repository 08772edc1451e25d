"""Counters: what subjects have of budgets in windows, read and written as sets."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.base import table_of
from models.budget import BudgetUse
from models.prepared import PreparedRead, PreparedWrite
from pricing.credits import Credits


class CounterKey(NamedTuple):
    """Which counter: one subject of a budget, in the window that starts at a moment."""

    account_id: UUID
    budget_id: UUID
    subject: str
    window_start: datetime


@dataclass(slots=True)
class Counter:
    """What the subject used and holds, and the highest threshold, in percent, that was told."""

    used: Credits = Credits.ZERO
    held: Credits = Credits.ZERO
    alerted: int = 0


@dataclass(slots=True)
class Counters:
    """The counters of one batch: each is read once, and those that moved are written back."""

    session: Session
    _counters: dict[CounterKey, Counter] = field(default_factory=dict)
    _stored: dict[CounterKey, Counter] = field(default_factory=dict)

    def __getitem__(self, key: CounterKey) -> Counter:
        counter = self._counters.get(key)
        if counter is None:
            raise RuntimeError("A run's counters are loaded before they are read or moved.")
        return counter

    def load(self, wanted: Iterable[CounterKey]) -> None:
        """Read the counters that are not read yet in one statement, none where there are none."""
        missing = set(wanted) - self._counters.keys()
        if missing:
            stored = _read(self.session, missing)
            self._counters.update({key: Counter() for key in missing} | stored)
            self._stored.update(
                {key: Counter(each.used, each.held, each.alerted) for key, each in stored.items()}
            )

    def write(self) -> None:
        """Write the counters that moved in one statement, none where none did."""
        moved = [key for key, each in self._counters.items() if each != self._stored.get(key, _UNTOUCHED)]
        if moved:
            rows = [_row(key, self._counters[key]) for key in sorted(moved)]
            _SET.write(self.session, rows)
            for key in moved:
                each = self._counters[key]
                self._stored[key] = Counter(each.used, each.held, each.alerted)


def _read(session: Session, wanted: AbstractSet[CounterKey]) -> dict[CounterKey, Counter]:
    # Lists, not tuples: so many keys as tuples would be more parameters than a statement may have. What is
    # found beside the wanted counters is other subjects' or windows' and left alone.
    rows = _READ.rows(
        session,
        accounts={key.account_id for key in wanted},
        budgets={key.budget_id for key in wanted},
        subjects={key.subject for key in wanted},
        windows={key.window_start for key in wanted},
    )
    found = {
        CounterKey(account_id, budget_id, subject, window_start): Counter(used, held, alerted)
        for account_id, budget_id, subject, window_start, used, held, alerted in rows
    }
    return {key: found[key] for key in wanted & found.keys()}


def _row(key: CounterKey, counter: Counter) -> tuple[object, ...]:
    return (*key, counter.used, counter.held, counter.alerted)


_TABLE = table_of(BudgetUse)
_UNTOUCHED = Counter()
_FIGURES = ("used", "held", "alerted")
_NAMES = (*CounterKey._fields, *_FIGURES)
_READ = PreparedRead(
    select(*(_TABLE.c[name] for name in _NAMES)).where(
        _TABLE.c.account_id.in_(bindparam("accounts", expanding=True)),
        _TABLE.c.budget_id.in_(bindparam("budgets", expanding=True)),
        _TABLE.c.subject.in_(bindparam("subjects", expanding=True)),
        _TABLE.c.window_start.in_(bindparam("windows", expanding=True)),
    )
)
_SET = PreparedWrite.setting(_TABLE, _NAMES, columns=_FIGURES)
