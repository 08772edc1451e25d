"""A clock that stands still until a test moves it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)


@dataclass(slots=True)
class SettableClock:
    """Tells `now`, which a test may set."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        """Move on, e.g. `forward(minutes=5)`, and tell the time."""
        self.now += timedelta(**by)
        return self.now
