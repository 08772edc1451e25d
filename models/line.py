"""A line: commands that wait for their transaction.

Accounts take turns, so that one which sends much waits for itself. The line is bounded, and so is what one
account may have in it: what is too much is refused before it is kept.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from models.availability import StoreUnavailable
from models.writer import AnyCommand

MOST_ITEMS_WAITING = 50_000
"""Some ten seconds of work, and some hundred megabytes."""
MOST_ITEMS_OF_AN_ACCOUNT = 25_000


@dataclass(slots=True)
class Waiting:
    """A command and the caller that waits for its answer, since when."""

    command: AnyCommand
    items: int
    answer: "asyncio.Future[Any]"
    since: float


@dataclass(slots=True)
class Line:
    """What waits, by account; commands of one account keep their order."""

    items: int = 0
    _of_account: dict[UUID | None, deque[Waiting]] = field(default_factory=dict)
    _items_of: Counter[UUID | None] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self._of_account)

    @property
    def waited_seconds(self) -> float:
        """How long the command has waited whose turn is next; 0 where none waits."""
        for waiting in self._of_account.values():
            return time.monotonic() - waiting[0].since
        return 0.0

    def join(self, command: AnyCommand) -> Waiting:
        """Put a command at the end of its account's.

        Raises StoreUnavailable where too many items wait, of all or of the account.
        """
        account, items = command.account_id, command.item_count
        if self.items + items > MOST_ITEMS_WAITING:
            raise StoreUnavailable("Too many writes are waiting; try again in a moment.")
        if account is not None and self._items_of[account] + items > MOST_ITEMS_OF_AN_ACCOUNT:
            raise StoreUnavailable("Too many writes of the account are waiting; try again in a moment.")
        entry = Waiting(command, items, asyncio.get_running_loop().create_future(), time.monotonic())
        self._of_account.setdefault(account, deque()).append(entry)
        self._items_of[account] += items
        self.items += items
        return entry

    def batch(self, most_items: int) -> Iterator[Waiting]:
        """Take commands, one of each account after the other, while they fit; the first one always does."""
        items = 0
        while self._of_account:
            account, waiting = next(iter(self._of_account.items()))
            items += waiting[0].items
            if items > most_items and items != waiting[0].items:
                return
            yield self._take(account, waiting)

    def _take(self, account: UUID | None, waiting: deque[Waiting]) -> Waiting:
        entry = waiting.popleft()
        del self._of_account[account]
        if waiting:
            self._of_account[account] = waiting  # behind all others
        self._items_of[account] -= entry.items
        if not self._items_of[account]:
            del self._items_of[account]
        self.items -= entry.items
        return entry
