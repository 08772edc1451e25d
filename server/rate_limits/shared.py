"""Rate limits that all processes of a store share: each spends points that it has leased ahead of their use.

An operation so costs no write of its own; only the one whose process has none left waits for a lease.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from metering.rate_leases import Claim, Lease, lease_points
from metering.rate_limits import MICRO, RateLimit, microseconds_between
from models.availability import is_unavailable
from models.database import Database
from models.writer import SetCommand
from server.rate_limits.process import ProcessRateLimits
from server.rate_limits.standing import RateLimited, Standing, TooDear

FEWEST_LEASES = 10
"""A bucket makes so many leases at least, and as many as it takes that half of it is never kept unused."""
PAUSE = timedelta(milliseconds=100)
"""How long a bucket is not asked again for what it did not have: refusals cost few writes."""
IDLE = timedelta(seconds=5)
"""After this time without an operation of a key, its points go back to the others."""
SWEEP_SECONDS = 1.0
PATIENCE_SECONDS = 1.0
OUTAGE = timedelta(seconds=5)
"""How long a store that did not answer is let alone."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Leased:
    """What this process has of a key's points, and the bucket as it last heard of it."""

    level: int
    heard_at: datetime
    used_at: datetime
    spare: int = 0
    owed: int = 0
    asks_again_at: datetime | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class SharedRateLimits:
    """One bucket for each key, in the store; where the store is out, one in this process."""

    def __init__(self, limit: RateLimit, database: Database, *, processes: int = 1) -> None:
        """Share the limit among about so many processes."""
        self._limit = limit
        self._database = database
        self._shares = max(2, processes)
        self._most = limit.capacity // max(FEWEST_LEASES, 2 * processes)
        self._leased: dict[UUID, _Leased] = {}
        self._alone = ProcessRateLimits(limit)
        self._alone_until: datetime | None = None
        self._claims: set[asyncio.Task[bool]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._closing = False

    def __len__(self) -> int:
        """For how many keys something is remembered."""
        return len(self._leased)

    async def take(self, api_key_id: UUID, points: int) -> Standing:
        """Take points, and tell what is left.

        Raises RateLimited where the key must wait, TooDear where waiting would not help; neither takes any.
        """
        leased = self._of(api_key_id)
        if points > self._limit.capacity:
            raise TooDear(points, self._standing(leased))
        if leased.spare < points or leased.turn.locked():
            async with leased.turn:  # in the order of their coming, so that a dear operation is not starved
                if not await self._provided(api_key_id, leased, points):
                    return await self._alone.take(api_key_id, points)
                leased.spare -= points
        else:
            leased.spare -= points
        return self._standing(leased)

    def give_back(self, api_key_id: UUID, points: int) -> None:
        """Give back what was taken and not needed."""
        if self._is_alone():
            self._alone.give_back(api_key_id, points)
            return
        leased = self._of(api_key_id)
        leased.spare = min(self._limit.capacity, leased.spare + points)
        if leased.spare > self._most:
            self._wake.set()

    def charge(self, api_key_id: UUID, points: int) -> None:
        """Take points afterwards, or what is there of them: of this process's first, then of the bucket."""
        if self._is_alone():
            self._alone.charge(api_key_id, points)
            return
        leased = self._of(api_key_id)
        at_once = min(leased.spare, points)
        leased.spare -= at_once
        leased.owed = min(self._limit.capacity, leased.owed + points - at_once)

    def start(self) -> None:
        """Begin to give back, in the background, what is not used."""
        self._sweeper = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Give everything back."""
        self._closing = True
        self._wake.set()
        if self._sweeper is not None:
            await self._sweeper
        await self._settle(self._returns(idle_since=self._database.clock()))
        if self._claims:
            await asyncio.wait(self._claims, timeout=PATIENCE_SECONDS)

    async def sweep(self) -> None:
        """Settle what is owed, give back what is too much or not used for a while, and forget quiet keys."""
        if not self._is_alone():
            await self._settle(self._returns(idle_since=self._database.clock() - IDLE))

    async def _work(self) -> None:
        while not self._closing:
            self._wake.clear()
            await self.sweep()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SWEEP_SECONDS)

    async def _provided(self, api_key_id: UUID, leased: _Leased, points: int) -> bool:
        """See to it that there are points to spend; False where the store cannot say.

        Raises RateLimited where the bucket does not have them.
        """
        while leased.spare < points:
            if self._is_alone():
                return False
            self._refuse_while_pausing(leased, points)
            needed, charged, leased.owed = points - leased.spare, leased.owed, 0
            claim = Claim(api_key_id, self._limit, needed, self._most, self._shares, charged=charged)
            if not await self._settle([(claim, leased)]):
                return False
        return True

    def _refuse_while_pausing(self, leased: _Leased, points: int) -> None:
        now = self._database.clock()
        # A clock that was set back must not make a pause longer.
        if leased.asks_again_at is None or not now < leased.asks_again_at <= now + PAUSE:
            return
        needed = points - leased.spare
        if needed * MICRO > leased.level:
            wait = self._limit.wait(self._level(leased, now), needed)
            raise RateLimited(max(wait, (leased.asks_again_at - now).total_seconds()), self._standing(leased))

    async def _settle(self, claims: list[tuple[Claim, _Leased]]) -> bool:
        """Have claims met, and tell whether they were; a store that takes long meets them later."""
        if not claims:
            return True
        task = asyncio.create_task(self._met(claims))
        self._claims.add(task)
        task.add_done_callback(self._claims.discard)
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
        if not done:
            self._be_alone("the store takes long")
        return task in done and task.result()

    async def _met(self, claims: list[tuple[Claim, _Leased]]) -> bool:
        items = tuple(claim for claim, _ in claims)
        try:
            leases = await self._database.write(SetCommand(None, lease_points, items))
        except Exception as error:  # noqa: BLE001 - limits must not be what fails a request
            known = is_unavailable(error)
            self._be_alone("the store is unavailable" if known else "a bug", None if known else error)
            return False
        broken = [lease for lease in leases if isinstance(lease, Exception)]
        for (claim, leased), lease in zip(claims, leases, strict=True):
            if isinstance(lease, Lease):
                self._note(claim, leased, lease)
        if broken:
            self._be_alone("a bug", broken[0])
            return False
        self._be_together()
        return True

    def _note(self, claim: Claim, leased: _Leased, lease: Lease) -> None:
        now = self._database.clock()
        leased.spare += lease.points
        leased.level, leased.heard_at = lease.level, now
        leased.asks_again_at = now + PAUSE if lease.points < claim.needed else None

    def _returns(self, *, idle_since: datetime) -> list[tuple[Claim, _Leased]]:
        claims: list[tuple[Claim, _Leased]] = []
        for key, leased in list(self._leased.items()):
            if leased.turn.locked():
                continue
            idle = leased.used_at <= idle_since
            returned, charged = max(0, leased.spare - (0 if idle else self._most)), leased.owed
            leased.spare, leased.owed = leased.spare - returned, 0
            if returned or charged:
                claims.append((Claim(key, self._limit, returned=returned, charged=charged), leased))
            elif idle:
                del self._leased[key]
        return claims

    def _of(self, api_key_id: UUID) -> _Leased:
        now = self._database.clock()
        leased = self._leased.get(api_key_id)
        if leased is None:
            leased = self._leased[api_key_id] = _Leased(self._limit.full, now, now)
        leased.used_at = now
        return leased

    def _level(self, leased: _Leased, now: datetime) -> int:
        return self._limit.refilled(leased.level, microseconds_between(leased.heard_at, now))

    def _standing(self, leased: _Leased) -> Standing:
        there = leased.spare + self._level(leased, self._database.clock()) // MICRO
        return Standing(self._limit.capacity, min(self._limit.capacity, there), self._limit.restore_rate)

    def _is_alone(self) -> bool:
        now = self._database.clock()
        # A clock that was set back must not make an outage longer.
        return self._alone_until is not None and now < self._alone_until <= now + OUTAGE

    def _be_alone(self, reason: str, error: Exception | None = None) -> None:
        if self._alone_until is None:
            log.warning("rate limits are counted in this process only", reason=reason, exc_info=error)
        self._alone_until = self._database.clock() + OUTAGE

    def _be_together(self) -> None:
        if self._alone_until is not None:
            self._alone_until = None
            log.info("rate limits are shared again")
