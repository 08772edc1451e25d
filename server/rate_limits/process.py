"""Rate limits of one process: exact buckets in memory, of those keys only that have used some of theirs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from metering.rate_limits import MICRO, RateLimit
from server.rate_limits.standing import RateLimited, Standing, TooDear

FEWEST_BUCKETS_SWEPT = 1_000


def monotonic_microseconds() -> int:
    """Tell a time that never goes backwards."""
    return time.monotonic_ns() // 1_000


@dataclass(slots=True)
class _Bucket:
    level: int
    at: int


class ProcessRateLimits:
    """A bucket for each key, full at first."""

    def __init__(self, limit: RateLimit, *, clock: Callable[[], int] = monotonic_microseconds) -> None:
        """Limit by a clock that tells microseconds."""
        self._limit = limit
        self._full, self._rate = limit.full, limit.restore_rate
        self._clock = clock
        self._buckets: dict[UUID, _Bucket] = {}
        self._sweep_at = FEWEST_BUCKETS_SWEPT

    def __len__(self) -> int:
        """How many buckets are kept."""
        return len(self._buckets)

    async def take(self, api_key_id: UUID, points: int) -> Standing:
        """Take points, and tell what is left.

        Raises RateLimited where the key must wait, TooDear where waiting would not help; neither takes any.
        """
        bucket = self._bucket(api_key_id)
        if points > self._limit.capacity:
            raise TooDear(points, self._standing(bucket))
        if points * MICRO > bucket.level:
            raise RateLimited(self._limit.wait(bucket.level, points), self._standing(bucket))
        bucket.level -= points * MICRO
        return self._standing(bucket)

    def give_back(self, api_key_id: UUID, points: int) -> None:
        """Give back what was taken and not needed."""
        bucket = self._bucket(api_key_id)
        bucket.level = min(self._full, bucket.level + points * MICRO)

    def charge(self, api_key_id: UUID, points: int) -> None:
        """Take points afterwards, or what is there of them."""
        bucket = self._bucket(api_key_id)
        bucket.level = max(0, bucket.level - points * MICRO)

    def start(self) -> None:
        """Nothing to do: buckets fill as they are looked at."""

    async def close(self) -> None:
        """Nothing to do: nobody else has use for what is left."""

    def _bucket(self, api_key_id: UUID) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(api_key_id)
        if bucket is None:
            self._sweep(now)
            bucket = self._buckets[api_key_id] = _Bucket(self._full, now)
            return bucket
        if bucket.at != now:
            if bucket.level != self._full:
                bucket.level = self._limit.refilled(bucket.level, now - bucket.at)
            bucket.at = now
        return bucket

    def _sweep(self, now: int) -> None:
        """Forget full buckets: a new one is the same. Now and then only, so that it costs little for each."""
        if len(self._buckets) < self._sweep_at:
            return
        self._buckets = {
            key: bucket
            for key, bucket in self._buckets.items()
            if self._limit.refilled(bucket.level, now - bucket.at) < self._limit.full
        }
        self._sweep_at = max(FEWEST_BUCKETS_SWEPT, 2 * len(self._buckets))

    def _standing(self, bucket: _Bucket) -> Standing:
        return Standing(self._limit.capacity, bucket.level // MICRO, self._rate)
