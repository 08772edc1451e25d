"""Rivals take turns in short slices, so that whatever else the machine does meets all of them alike."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

WARM_UP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Slice:
    """What one side did in one turn; the processor's seconds are its own, not the sender's."""

    done: int
    seconds: float
    processor_seconds: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    sender_busy: float | None = None

    @property
    def rate(self) -> float:
        """How much was done in a second."""
        return self.done / self.seconds

    @property
    def cost(self) -> float | None:
        """Seconds of processor time for each that was done."""
        return None if self.processor_seconds is None else self.processor_seconds / self.done


class Side(Protocol):
    """Whatever can be made to work for some seconds."""

    @property
    def name(self) -> str:
        """Who it is, as the table says it."""

    def work(self, seconds: float) -> Slice:
        """Work for about so long."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a turn takes, and how many each side has."""

    seconds: float
    slices: int


@dataclass(slots=True)
class Series:
    """All turns of one side."""

    name: str
    slices: list[Slice] = field(default_factory=list)

    def median(self, of: Callable[[Slice], float | None]) -> float | None:
        """Give the median of a quantity, or None where it was not told."""
        found = [value for each in self.slices if (value := of(each)) is not None]
        return statistics.median(found) if found else None

    @property
    def rate(self) -> float:
        """How much was done in a second, by the median turn."""
        return statistics.median(each.rate for each in self.slices)


def take_turns(sides: Sequence[Side], pace: Pace) -> list[Series]:
    """Let all sides warm up, then work in turns.

    The order stays: whoever worked twice without a pause would find its caches and queues as it left them.
    """
    for side in sides:
        side.work(min(pace.seconds, WARM_UP_SECONDS))
    series = [Series(side.name) for side in sides]
    for _ in range(pace.slices):
        for side, its in zip(sides, series, strict=True):
            its.slices.append(side.work(pace.seconds))
    return series
