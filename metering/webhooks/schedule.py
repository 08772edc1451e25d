"""When a delivery is attempted again: the schedule of the Standard Webhooks specification."""

from datetime import timedelta

RETRY_DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MOST_ATTEMPTS = 1 + len(RETRY_DELAYS)
LONGEST_WAIT = timedelta(hours=24)
"""The longest that a receiver's Retry-After is listened to."""
DISABLED_AFTER = timedelta(days=5)
"""An endpoint to which nothing was delivered for so long, though something was sent, is disabled."""
LEASE = timedelta(minutes=1)
"""How long a process has for one attempt; three times what the attempt itself may take."""

_JITTER = 0.1


def delay_after(attempts: int, *, jitter: float, retry_after: timedelta | None) -> timedelta | None:
    """Give the wait after so many failed attempts; None where no other attempt follows.

    `jitter` from 0 to 1 lengthens it by up to a tenth, so that what failed together is not tried together.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    asked = min(retry_after or timedelta(), LONGEST_WAIT)
    return max(RETRY_DELAYS[attempts - 1] * (1 + _JITTER * jitter), asked)
