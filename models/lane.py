"""A lane: one line of transactions. What waits together is committed together.

No timer: a batch is what arrived while the previous commit ran, so nothing waits at low load.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.availability import StoreUnavailable
from models.line import Line, Waiting
from models.writer import AnyCommand, answer_together

MOST_ITEMS_IN_A_TRANSACTION = 2_000


@dataclass(slots=True)
class Lane:
    """One line of transactions; commands of one account always wait in the same lane."""

    run: Callable[[Callable[[Session], list[Any]]], Awaitable[list[Any]]]
    clock: Callable[[], datetime]
    announce: Callable[[Collection[UUID]], None]
    line: Line = field(default_factory=Line)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: bool = False

    async def submit(self, command: AnyCommand) -> Any:  # noqa: ANN401 - typed by Database.write
        """Wait for the command's commit and give its answer, or raise its refusal.

        Raises StoreUnavailable at once, with nothing recorded, where too much waits already.
        """
        if self._closing:
            raise StoreUnavailable("The service is shutting down; nothing was recorded.")
        entry = self.line.join(command)
        self._wake.set()
        return await entry.answer

    async def work(self) -> None:
        """Commit what waits, batch after batch, until the lane is closed and empty."""
        while self.line or not self._closing:
            await self._wake.wait()
            if self.line:
                await self._commit(list(self.line.batch(MOST_ITEMS_IN_A_TRANSACTION)))
            elif not self._closing:
                self._wake.clear()

    def close(self) -> None:
        """Take no more commands; what waits is still committed, since its callers were let in."""
        self._closing = True
        self._wake.set()

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
