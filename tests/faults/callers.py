"""Callers that send requests to a writer in trouble, and remember what they were told."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from metering.errors import Refusal
from models.availability import StoreUnavailable, is_unavailable
from models.database import Database
from models.writer import Command, SetCommand
from tests.faults.requests import SET_VERBS, VERBS, Known, Request
from tests.faults.simulator import Callers, Simulator

Told = tuple[object, ...]


@dataclass(slots=True)
class Memory:
    """What callers were told: `told` by key, what nobody was told of, and how often each was sent."""

    told: dict[tuple[UUID, str], tuple[Request, Told]] = field(default_factory=dict)
    untold: list[Request] = field(default_factory=list)
    sent: dict[tuple[UUID, str], int] = field(default_factory=dict)
    refused: int = 0

    def note(self, request: Request, answer: Any) -> None:
        """Take an answer: the first under its key, or the first again."""
        if request.key is None:
            return
        told = content(answer)
        if request.key in self.told:
            assert answer.replayed, f"done twice: {request}"
            assert told == self.told[request.key][1], request
        else:
            assert not answer.replayed or self.sent[request.key] > 1, f"replayed at first: {request}"
            self.told[request.key] = request, told

    def take_untold(self, most: int | None = None) -> list[Request]:
        """Give what nobody was told of, the oldest first, to be sent again."""
        taken, self.untold = self.untold[:most], self.untold[most:] if most else []
        return taken

    def note_refusal(self, request: Request, refusal: Refusal) -> None:
        """Take a refusal, which never follows an acknowledgement."""
        assert request.key not in self.told, f"acknowledged, then refused: {request}: {refusal!r}"
        self.refused += 1


class Crowd:
    """The callers of one run of a simulator."""

    def __init__(self, database: Database, seed: int, known: dict[UUID, Known]) -> None:
        self.memory = Memory()
        self.simulator = Simulator(database, seed, Callers(self._leave, self._repeat))
        self._database = database
        self._known = known
        self._in_flight: dict[asyncio.Task[None], Request] = {}
        self._verbs = {
            name: _Watched(name, verb, self.simulator) for name, verb in (SET_VERBS | VERBS).items()
        }

    async def send_all(self, requests: Iterable[Request]) -> None:
        """Send requests at the same time, and wait until each is answered or its caller has left."""
        for request in requests:
            self._send(request)
        while self._in_flight:
            for task in (await asyncio.wait(self._in_flight))[0]:
                self._in_flight.pop(task)
                with suppress(asyncio.CancelledError):
                    task.result()

    def _send(self, request: Request) -> None:
        if request.key is not None:
            self.memory.sent[request.key] = self.memory.sent.get(request.key, 0) + 1
        self._in_flight[asyncio.create_task(self._ask(request))] = request

    async def _ask(self, request: Request) -> None:
        try:
            answer = await self._write(request)
        except Refusal as refusal:
            self.memory.note_refusal(request, refusal)
        except asyncio.CancelledError:
            self.memory.untold.append(request)
        except (StoreUnavailable, SQLAlchemyError) as error:
            if not is_unavailable(error):  # callers would be told of a bug
                raise
            self.memory.untold.append(request)
        else:
            self.memory.note(request, answer)
            _learn(self._known[request.tenant.account_id], answer)

    async def _write(self, request: Request) -> Any:
        verb, account_id = self._verbs[request.verb], request.tenant.account_id
        if request.verb in SET_VERBS:
            [answer] = await self._database.write(SetCommand(account_id, verb, (request.item,)))
            if isinstance(answer, Exception):
                raise answer
            return answer
        given = {"item": request.item} if request.item is not None else dict(request.fields)
        return await self._database.write(Command(account_id, partial(verb, **given)))

    def _leave(self, which: float) -> None:
        if self._in_flight:
            list(self._in_flight)[int(which * len(self._in_flight))].cancel()

    def _repeat(self, which: float) -> None:
        if self._in_flight:
            self._send(list(self._in_flight.values())[int(which * len(self._in_flight))])


class _Watched:
    """A verb whose statements are known to be its own."""

    def __init__(self, name: str, verb: Any, simulator: Simulator) -> None:
        self._name, self._verb, self._simulator = name, verb, simulator

    def __call__(self, session: Any, *args: Any, **fields: Any) -> Any:
        with self._simulator.running(self._name, session):
            return self._verb(session, *args, **fields)


def content(answer: Any) -> Told:
    """Give what an answer says that is true for ever: ids and amounts."""
    return tuple(_content(answer))


def _content(answer: Any) -> Iterator[object]:
    for name in ("workflow", "hold", "usage", "grant"):
        row = getattr(answer, name, None)
        yield row and row.id
    for name in ("added", "held_until", "affordable_until", "released", "refunded", "voided"):
        yield getattr(answer, name, None)


def _learn(known: Known, answer: Any) -> None:
    rows = {"workflow": known.runs, "hold": known.holds, "usage": known.usages, "grant": known.grants}
    for name, ids in rows.items():
        row = getattr(answer, name, None)
        if row is not None and row.id not in ids:
            ids.append(row.id)
    if type(answer).__name__ == "Budget" and answer.id not in known.budgets:
        known.budgets.append(answer.id)
