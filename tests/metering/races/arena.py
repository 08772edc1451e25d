"""Two writers on one store, as two processes are, and races between them: one verb here, another there."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from metering.credits import Expiry, Restriction, expire_credits
from metering.tracking import EndWorkflow, StartWorkflow, end_workflows
from models.database import Database
from models.hold import Hold
from models.ledger import Grant, RestrictionKind
from models.workflow import Workflow, WorkflowStatus
from models.writer import Command, SetCommand
from tests.clock import SettableClock
from tests.tenant import Tenant, given, plan

ACCOUNTS = 20
"""So many races run side by side, each in an account of its own: all lanes are busy."""
DECIDED = 2 * ACCOUNTS
"""So many races have no open end: one verb is answered before the other begins, half of them this way round.

A busy machine can let the same verb win every open race; each way in which a race may end is met all the same.
"""
HEAD_START_SECONDS = 0.006
TICK = timedelta(microseconds=1)

Verb = Callable[[Tenant, int], Awaitable[object]]
Answers = tuple[str, str]


@dataclass(slots=True)
class Arena:
    """`size` races, numbered; race n is run in account n % ACCOUNTS, in round n // ACCOUNTS."""

    databases: tuple[Database, Database]
    clocks: tuple[SettableClock, SettableClock]
    tenants: Sequence[Tenant]
    size: int
    draw: random.Random = field(default_factory=lambda: random.Random(3))

    async def start(self, **fields: Any) -> list[Workflow]:
        """Start a run for each race; `hold="10"` holds an amount, `minutes=True` until the race's round."""
        return [run for run, _ in await self._start(**fields)]

    async def start_held(self, **fields: Any) -> list[tuple[Workflow, Hold]]:
        """Start a run with a hold for each race."""
        return [(run, hold) for run, hold in await self._start(**fields) if hold is not None]

    async def grant_each(self, amount: str, *, until_its_round: bool = False) -> list[Grant]:
        """Give each race a grant that serves its run only."""

        def one(number: int) -> Awaitable[Grant]:
            expires_at = self.boundary(number // ACCOUNTS) if until_its_round else None
            return self.owner(number).grant(
                amount,
                restricted_to=Restriction(RestrictionKind.WORKFLOW, race_name(number)),
                expires_at=expires_at,
            )

        return list(await asyncio.gather(*map(one, range(self.size))))

    async def run(self, one: Verb, other: Verb) -> list[Answers]:
        """Run all races, each verb in its own process; say what each caller heard.

        The process of the first verb has a clock that is behind by a microsecond: what expires at the round's
        boundary has expired for the other one only.
        """
        heard: list[Answers] = []
        for round_, numbers in enumerate(self._rounds()):
            here = self.draw.randrange(2)
            self.clocks[here].now = self.boundary(round_) - TICK
            self.clocks[1 - here].now = self.boundary(round_)
            races = (self._race(n, (one, here), (other, 1 - here)) for n in numbers)
            heard += await asyncio.gather(*races)
            # What comes after the races finds no process behind: the round is over for both.
            self.clocks[here].now = self.boundary(round_)
        return heard

    async def end_all(self, workflows: Sequence[Workflow]) -> None:
        """Complete the runs of all races."""
        for tenant in self.tenants:
            items = tuple(
                EndWorkflow(run.account_id, run.id, WorkflowStatus.COMPLETED)
                for run in workflows
                if run.account_id == tenant.account_id
            )
            for answer in await tenant.database.write(SetCommand(tenant.account_id, end_workflows, items)):
                given(answer)

    def owner(self, number: int) -> Tenant:
        """Give the account of a race."""
        return self.tenants[number % ACCOUNTS]

    def boundary(self, round_: int) -> datetime:
        """Say at which time a round is run."""
        return _START + timedelta(seconds=round_ + 1)

    def _rounds(self) -> Iterator[range]:
        return (range(first, first + ACCOUNTS) for first in range(0, self.size, ACCOUNTS))

    async def _race(self, number: int, *verbs: tuple[Verb, int]) -> Answers:
        late = self._late(number)
        head_start = self.draw.uniform(0, HEAD_START_SECONDS)
        early_is_done = asyncio.Event()

        async def run(position: int) -> object:
            verb, side = verbs[position]
            if position == late and number < DECIDED:
                await early_is_done.wait()
            elif position == late:
                await asyncio.sleep(head_start)
            try:
                return await verb(replace(self.owner(number), database=self.databases[side]), number)
            finally:
                early_is_done.set()

        one, other = await asyncio.gather(run(0), run(1), return_exceptions=True)
        return type(one).__name__, type(other).__name__

    def _late(self, number: int) -> int:
        return number * 2 // DECIDED if number < DECIDED else self.draw.randrange(2)

    async def _start(
        self, hold: str | None = None, parents: Sequence[Workflow] = (), *, until_its_round: bool = False
    ) -> list[tuple[Workflow, Hold | None]]:
        def item(number: int) -> StartWorkflow:
            run = self.owner(number).run(race_name(number))
            if parents:
                run = replace(run, parent_workflow_id=parents[number].id)
            if hold is None:
                return run
            lasts = timedelta(seconds=number // ACCOUNTS + 1) if until_its_round else timedelta(days=30)
            return replace(run, hold=plan(hold), hold_expires_in=lasts)

        started: list[Any] = [None] * self.size
        for first, tenant in enumerate(self.tenants):
            numbers = range(first, self.size, ACCOUNTS)
            started[first::ACCOUNTS] = map(given, await tenant.start_all(*map(item, numbers)))
        return [(each.workflow, each.hold) for each in started]


def race_name(number: int) -> str:
    """Name a race's runs."""
    return f"race-{number}"


async def expire(tenant: Tenant, _number: int) -> Expiry:
    """Expire what is due in an account, as the job does."""
    verb = partial(expire_credits, account_id=tenant.account_id)
    return await tenant.database.write(Command(tenant.account_id, verb))


_START = SettableClock().now
