"""Clients that hold, capture and complete without a pause, and remember what they were told."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol, TypeVar
from uuid import UUID

from metering.credits import HoldCredits, HoldPlan, hold_credits
from metering.tracking import AddServiceUsage, EndWorkflow, add_service_usages, end_workflows
from models.database import Database
from models.workflow import WorkflowStatus
from models.writer import SetCommand
from pricing.quote import PlannedService
from pricing.units import Quantity, ServiceType, UnitType

VERBS = ("hold", "capture", "complete")
SERVICE, PROVIDER = ServiceType.PHONE, "twilio"
PLANNED = Quantity.parse("5", UnitType.MINUTES)
USED = Quantity.parse("3", UnitType.MINUTES)
HELD_MICROS, SPENT_MICROS = 100_000_000, 60_000_000

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow that has been started and does nothing yet."""

    account_id: UUID
    workflow_id: UUID


@dataclass(slots=True)
class Told:
    """What the clients of one account were told, in micro-credits and numbers of rows."""

    granted: int
    spent: int = 0
    held: int = 0
    holds: int = 0
    usages: int = 0
    completed: int = 0

    @property
    def available(self) -> int:
        """What is neither spent nor held."""
        return self.granted - self.spent - self.held


@dataclass(slots=True)
class Client:
    """One of the clients at work at the same time; those of a shared account share its runs too."""

    runs: deque[Run]
    told: Told


@dataclass(slots=True)
class Round:
    """What a round took: its seconds, and those of each cycle's three verbs."""

    seconds: float = 0.0
    cycles: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Cycles a second."""
        return len(self.cycles) / self.seconds


class Side(Protocol):
    """A way of doing the three verbs; each gives the micro-credits that it tells its caller."""

    async def hold(self, run: Run) -> int:
        """Set credits aside for the run; give how many."""

    async def capture(self, run: Run) -> int:
        """Record a usage that the hold covers; give what it costs."""

    async def complete(self, run: Run) -> int:
        """End the run and release the rest; give what the run cost."""


@dataclass(frozen=True, slots=True)
class Service:
    """The service's own verbs, one item each, through its writer."""

    database: Database

    async def hold(self, run: Run) -> int:
        """Set credits aside for the run; give how many."""
        plan = HoldPlan(services=(PlannedService(SERVICE, PROVIDER, PLANNED),))
        item = HoldCredits(run.account_id, run.workflow_id, plan, f"hold-{run.workflow_id.hex}")
        answer = given(await self.database.write(SetCommand(run.account_id, hold_credits, (item,))))
        return answer.hold.amount.micros

    async def capture(self, run: Run) -> int:
        """Record a usage that the hold covers; give what it costs."""
        key = f"usage-{run.workflow_id.hex}"
        item = AddServiceUsage(run.account_id, run.workflow_id, SERVICE, PROVIDER, USED, key)
        answer = given(await self.database.write(SetCommand(run.account_id, add_service_usages, (item,))))
        return answer.usage.credits.micros

    async def complete(self, run: Run) -> int:
        """End the run and release the rest; give what the run cost."""
        item = EndWorkflow(run.account_id, run.workflow_id, WorkflowStatus.COMPLETED)
        answer = given(await self.database.write(SetCommand(run.account_id, end_workflows, (item,))))
        return answer.workflow.total_credits.micros


async def work(side: Side, clients: Sequence[Client], *, seconds: float) -> Round:
    """Let all clients work for the seconds, or until one finds no run to work on."""
    done = Round()
    began = perf_counter()
    end = began + seconds

    async def cycles(client: Client) -> None:
        nonlocal end
        while perf_counter() < end:
            if not client.runs:
                end = 0.0
                return
            done.cycles.append(await cycle(side, client.runs.popleft(), client.told))

    await asyncio.gather(*map(cycles, clients))
    done.seconds = perf_counter() - began
    return done


async def cycle(side: Side, run: Run, told: Told) -> tuple[float, float, float]:
    """Do the three verbs for a run, one after another; give how long each took."""
    began = perf_counter()
    held = await side.hold(run)
    holding = perf_counter()
    told.holds, told.held = told.holds + 1, told.held + held
    spent = await side.capture(run)
    captured = perf_counter()
    told.usages, told.spent, told.held = told.usages + 1, told.spent + spent, told.held - spent
    total = await side.complete(run)
    completed = perf_counter()
    told.completed, told.held = told.completed + 1, told.held - (held - spent)
    if (held, spent, total) != (HELD_MICROS, SPENT_MICROS, SPENT_MICROS):
        raise SystemExit(f"A client was told wrong credits: held {held}, spent {spent}, in total {total}.")
    return holding - began, captured - holding, completed - captured


def given(answers: list[Answer | Exception]) -> Answer:
    """Give the only answer, or raise it where it is a refusal."""
    [answer] = answers
    if isinstance(answer, Exception):
        raise answer
    return answer
