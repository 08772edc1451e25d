"""What a replay answers: figures in whole, by workflow name, agent and service, and what would change.

`actual` is what was charged; refused runs would not have run. What the other runs cost then and would cost
now stand side by side: `compared` and `replayed`. Amounts are exact; every dimension adds up to the whole.
"""

from dataclasses import dataclass, fields
from typing import Self
from uuid import UUID

from metering.replaying.repricing import ReplayRefusalKind
from pricing.credits import Credits
from pricing.units import ServiceType

MOST_ROWS = 1_000
"""How many workflow names, and agents, have figures of their own; those met later count as the rest."""
MOST_EXAMPLES = 100
"""How many refused runs are told one by one."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, and amounts in micro-credits, of some runs; those of refused runs stand apart as well."""

    run_count: int = 0
    usage_count: int = 0
    actual_micros: int = 0
    refused_run_count: int = 0
    refused_usage_count: int = 0
    refused_micros: int = 0
    replayed_micros: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, each) + getattr(other, each) for each in _NAMES))

    @property
    def actual(self) -> Credits:
        """What all of the runs were charged."""
        return Credits(self.actual_micros)

    @property
    def refused(self) -> Credits:
        """What the runs were charged that would not have run."""
        return Credits(self.refused_micros)

    @property
    def compared(self) -> Credits:
        """What the runs were charged that would have run."""
        return Credits(self.actual_micros - self.refused_micros)

    @property
    def replayed(self) -> Credits:
        """What the same runs would have cost."""
        return Credits(self.replayed_micros)

    @property
    def saved(self) -> Credits:
        """How much less that is; negative where it is more."""
        return self.compared - self.replayed


@dataclass(frozen=True, slots=True)
class WorkflowNameFigures:
    """The figures of one workflow name; None are all names beyond the first so many."""

    workflow_name: str | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """The figures of one agent; None are runs of no agent, or where `is_rest` all agents beyond so many."""

    agent_id: UUID | None
    is_rest: bool
    figures: Figures


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """What one provider of a service type served, and what it would serve.

    Actual are all its usages, refused those of them whose run would not have run; replayed are the usages
    that it would serve in place of whoever did.
    """

    service_type: ServiceType
    provider: str
    usage_count: int = 0
    actual_micros: int = 0
    refused_usage_count: int = 0
    refused_micros: int = 0
    replayed_usage_count: int = 0
    replayed_micros: int = 0


@dataclass(frozen=True, slots=True)
class ChangedChoice:
    """Usages that another provider would serve: what they cost, and would cost."""

    service_type: ServiceType
    from_provider: str
    to_provider: str
    usage_count: int
    actual_micros: int
    replayed_micros: int


@dataclass(frozen=True, slots=True)
class RefusalFigures:
    """How many runs would be refused in one way, and what they were charged."""

    kind: ReplayRefusalKind
    run_count: int
    usage_count: int
    actual_micros: int


@dataclass(frozen=True, slots=True)
class RefusedRun:
    """A run that would not have run, and why in words."""

    workflow_id: UUID
    workflow_name: str
    kind: ReplayRefusalKind
    sentence: str
    actual_micros: int


@dataclass(frozen=True, slots=True)
class Replay:
    """A period again under other rules. Rows stand dearest first, refused runs in the order of use."""

    totals: Figures
    by_workflow_name: tuple[WorkflowNameFigures, ...]
    by_agent: tuple[AgentFigures, ...]
    by_service: tuple[ServiceFigures, ...]
    changed_choices: tuple[ChangedChoice, ...]
    refusals: tuple[RefusalFigures, ...]
    refused_runs: tuple[RefusedRun, ...]

    @classmethod
    def of_nothing(cls) -> Self:
        """Give the replay of a period without usages."""
        return cls(Figures(), (), (), (), (), (), ())


_NAMES = tuple(field.name for field in fields(Figures))
