"""Where the time of a lone cycle goes: the statements, the commit, and the rest, which is Python's."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from benchmarks.bare_holds import bare_holds
from benchmarks.hold_clients import VERBS, Run, Side, given
from benchmarks.hold_clients import Service as ServiceSide
from models.database import Database
from tests.databases.opened import opened_with_prices
from tests.tenant import new_tenant

WARM_UP_CYCLES = 20
MOST_CYCLES = 5_000
SHOWN_CHARACTERS = 70


@dataclass(slots=True)
class Spent:
    """What one verb spent over all cycles, in seconds; `statements` by their text."""

    cycles: int = 0
    total: float = 0.0
    committing: float = 0.0
    statements: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def in_statements(self) -> float:
        """The seconds between a statement's sending and its answer, the driver's own included."""
        return sum(map(sum, self.statements.values()))


async def profile(url: str, *, seconds: float) -> None:
    """Print where the time of the service's lone cycles goes, beside that of the bare loop's."""
    async with opened_with_prices(url) as database, bare_holds(url, connections=1) as bare:
        tenant = await new_tenant(database, overdraft_limit="0")
        await tenant.grant("1000000000")
        runs = [
            Run(tenant.account_id, given([answer]).workflow.id)
            for answer in await tenant.start_all(*(tenant.run() for _ in range(MOST_CYCLES)))
        ]
        # A run that stays open, so that the account always has something held.
        waiting = await tenant.start()
        await tenant.hold(waiting, "PHONE twilio 5 MINUTES")
        for name, side in (("service", ServiceSide(database)), ("bare SQL", bare)):
            for _ in range(WARM_UP_CYCLES):
                await _cycle(side, runs.pop(), {})
            with _observed(database) as spent:
                end = perf_counter() + seconds
                while runs and perf_counter() < end:
                    await _cycle(side, runs.pop(), spent)
            _show(name, spent)


async def _cycle(side: Side, run: Run, spent: dict[str, Spent]) -> None:
    for name in VERBS:
        verb = spent.setdefault(name, Spent())
        spent["now"] = verb
        began = perf_counter()
        await getattr(side, name)(run)
        verb.total += perf_counter() - began
        verb.cycles += 1


@contextmanager
def _observed(database: Database) -> Iterator[dict[str, Spent]]:
    """Time the writer's statements and commits into the verb that is `now`."""
    spent: dict[str, Spent] = {}
    began = 0.0

    def before(*_: Any) -> None:  # noqa: ANN401 - SQLAlchemy's signature
        nonlocal began
        began = perf_counter()

    def after(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:  # noqa: ANN401 - likewise
        spent["now"].statements[statement].append(perf_counter() - began)

    def committed(_session: Session) -> None:
        spent["now"].committing += perf_counter() - began

    listeners = (
        (database.writer, "before_cursor_execute", before),
        (database.writer, "after_cursor_execute", after),
        (database.writer, "commit", before),
        (Session, "after_commit", committed),
    )
    for target, name, listener in listeners:
        event.listen(target, name, listener)
    try:
        yield spent
    finally:
        for target, name, listener in listeners:
            event.remove(target, name, listener)


def _show(name: str, spent: dict[str, Spent]) -> None:
    columns = ("statements", "ms in them", "commit", "the rest", "total")
    print(f"\n{name:{SHOWN_CHARACTERS}}" + "".join(f" {column:>10}" for column in columns))
    for verb in VERBS:
        of = spent[verb]
        if not of.statements:  # the bare loop is seen from outside only
            print(f"{verb:{SHOWN_CHARACTERS}}{'':44} {of.total / of.cycles * 1_000:10.3f}")
            continue
        number = sum(map(len, of.statements.values())) / of.cycles
        parts = (of.in_statements, of.committing, of.total - of.in_statements - of.committing, of.total)
        times = "".join(f" {part / of.cycles * 1_000:10.3f}" for part in parts)
        print(f"{verb:{SHOWN_CHARACTERS}} {number:10.1f}{times}")
        for text, seconds in of.statements.items():
            shown = f"    {' '.join(text.split())}"[:SHOWN_CHARACTERS]
            print(f"{shown:{SHOWN_CHARACTERS}}{'':11} {sum(seconds) / of.cycles * 1_000:10.3f}")
