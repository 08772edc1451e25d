"""A lane: one line of transactions. What waits together is committed together.

No timer: a batch is what arrived while the previous commit ran, so nothing waits at low load.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.availability import StoreUnavailable
from models.writer import AnyCommand, answer_together

MOST_ITEMS_IN_A_TRANSACTION = 2_000
MOST_ITEMS_WAITING = 50_000


@dataclass(slots=True)
class Waiting:
    """A command and the caller that waits for its answer."""

    command: AnyCommand
    answer: "asyncio.Future[Any]"


@dataclass(slots=True)
class Lane:
    """One line of transactions; commands of one account always wait in the same lane."""

    run: Callable[[Callable[[Session], list[Any]]], Awaitable[list[Any]]]
    clock: Callable[[], datetime]
    announce: Callable[[Collection[UUID]], None]
    waiting: deque[Waiting] = field(default_factory=deque)
    waiting_items: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: bool = False

    async def submit(self, command: AnyCommand) -> Any:  # noqa: ANN401 - typed by Database.write
        """Wait for the command's commit and give its answer, or raise its refusal."""
        if self._closing:
            raise StoreUnavailable("The service is shutting down; nothing was recorded.")
        if self.waiting_items + command.item_count > MOST_ITEMS_WAITING:
            raise StoreUnavailable("Too many writes are waiting; try again in a moment.")
        entry = Waiting(command, asyncio.get_running_loop().create_future())
        self.waiting.append(entry)
        self.waiting_items += command.item_count
        self._wake.set()
        return await entry.answer

    async def work(self) -> None:
        """Commit what waits, batch after batch, until the lane is closed and empty."""
        while self.waiting or not self._closing:
            await self._wake.wait()
            if self.waiting:
                await self._commit(list(self._next_batch()))
            elif not self._closing:
                self._wake.clear()

    def close(self) -> None:
        """Take no more commands; what waits is still committed, since its callers were let in."""
        self._closing = True
        self._wake.set()

    def _next_batch(self) -> Iterator[Waiting]:
        items = 0
        while self.waiting and (
            items == 0 or items + self.waiting[0].command.item_count <= MOST_ITEMS_IN_A_TRANSACTION
        ):
            entry = self.waiting.popleft()
            items += entry.command.item_count
            self.waiting_items -= entry.command.item_count
            yield entry

    async def _commit(self, batch: list[Waiting]) -> None:
        commands = [entry.command for entry in batch]
        try:
            answers = await self.run(lambda session: answer_together(session, commands, clock=self.clock))
        except Exception as error:  # noqa: BLE001 - whatever broke the transaction, each caller must hear of it
            answers = [error] * len(batch)
        for entry, answer in zip(batch, answers, strict=True):
            if entry.answer.done():  # the caller has left; its write stands, replay is the cure
                continue
            if isinstance(answer, StopIteration):  # a future refuses it, and would end the lane
                entry.answer.set_exception(RuntimeError("A verb raised StopIteration."))
            elif isinstance(answer, Exception):
                entry.answer.set_exception(answer)
            else:
                entry.answer.set_result(answer)
        # Whoever hears of it looks for himself: a batch that failed may have been committed all the same.
        self.announce({command.account_id for command in commands if command.account_id is not None})
