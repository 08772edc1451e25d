"""The feed: who waits for an account to move, and is woken after a commit.

It carries no data. Whoever is woken reads what is committed, so that nothing is told that was only tried, and
whoever falls behind keeps no memory but a place in the ledger.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

LOOKS_PER_SECOND = 500
"""How often all watchers of a process together may look at the store while the accounts keep moving."""
SHORTEST_PAUSE_SECONDS = 0.02


@dataclass(eq=False, slots=True)
class Watch:
    """One who waits for an account, or for one of its runs."""

    account_id: UUID
    workflow_id: UUID | None
    _feed: "Feed"
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _looked_at: float = 0.0

    async def moved(self, *, at_most_seconds: float) -> None:
        """Wait until the account may have moved since the last wait, or for so long.

        One who looks often waits a little for more, so that a busy account costs no look for each commit.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_seconds):
                await self._woken.wait()
        rest = self._looked_at + self._feed.pause_seconds - time.monotonic()
        if rest > 0:
            await asyncio.sleep(rest)
        self._woken.clear()
        self._looked_at = time.monotonic()

    def wake(self) -> None:
        """Let it look."""
        self._woken.set()


class Feed:
    """The watches of one process, by account."""

    def __init__(self) -> None:
        self._watches: dict[UUID, set[Watch]] = defaultdict(set)
        self._count = 0
        self.pass_on: Callable[[Collection[UUID]], None] = _keep
        """What other processes are told with; a relay puts its own in."""

    @property
    def watch_count(self) -> int:
        """How many wait."""
        return self._count

    @property
    def pause_seconds(self) -> float:
        """How long one who looks often waits between two looks: longer, the more there are."""
        return max(SHORTEST_PAUSE_SECONDS, self._count / LOOKS_PER_SECOND)

    @contextmanager
    def watch(self, account_id: UUID, workflow_id: UUID | None = None) -> Iterator[Watch]:
        """Be woken for the length of the block; what is read after it began misses nothing."""
        watch = Watch(account_id, workflow_id, self)
        self._watches[account_id].add(watch)
        self._count += 1
        try:
            yield watch
        finally:
            self._remove(watch)

    def announce(self, account_ids: Collection[UUID]) -> None:
        """Say that this process has committed something of these accounts."""
        self.wake(account_ids)
        self.pass_on(account_ids)

    def wake(self, account_ids: Collection[UUID]) -> None:
        """Wake those who wait for one of the accounts."""
        for account_id in account_ids:
            for watch in self._watches.get(account_id, ()):
                watch.wake()

    def wake_all(self) -> None:
        """Wake everybody: what was missed cannot be known."""
        self.wake(self._watches)

    def watches(self) -> list[Watch]:
        """Give all who wait."""
        return [watch for watches in self._watches.values() for watch in watches]

    def _remove(self, watch: Watch) -> None:
        watches = self._watches[watch.account_id]
        watches.discard(watch)
        self._count -= 1
        if not watches:
            del self._watches[watch.account_id]


def _keep(_account_ids: Collection[UUID]) -> None:
    """Tell nobody else: there is no relay."""
