"""What was charged: runs of the past with the usages that count, as values."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pricing.catalogue import RequestComplexity
from pricing.configuration import AccuracyRequirement
from pricing.units import Quantity, ServiceType


@dataclass(frozen=True, slots=True)
class ChargedUsage:
    """One usage as it was recorded and charged."""

    service_type: ServiceType
    provider: str
    quantity: Quantity
    micros: int
    used_at: datetime


@dataclass(frozen=True, slots=True)
class ChargedRun:
    """One run with those of its usages that fall in a period, in the order in which they were recorded.

    Complexity and accuracy are what was asked for when it was last selected for; without a selection, NORMAL
    and None, which is whatever the configuration asks for.
    """

    id: UUID
    workflow_name: str
    agent_id: UUID | None
    started_at: datetime
    usages: tuple[ChargedUsage, ...]
    complexity: RequestComplexity = RequestComplexity.NORMAL
    accuracy: AccuracyRequirement | None = None

    @property
    def micros(self) -> int:
        """What the usages cost, in micro-credits."""
        return sum(usage.micros for usage in self.usages)
