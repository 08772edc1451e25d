"""Load from a process of its own: requests of prepared bytes, sent at a rate whatever comes back, or in turn.

A client that waits for its answer before it asks again slows down with the service and hides what others would feel.
So the time of an answer is counted from when its request was due, not from when it could be sent.
`loaded()` starts the process; it reads what to do from its input, and writes what became of it.
"""

import asyncio
import gc
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self, cast
from urllib.parse import urlsplit

import uvloop

ROOT = Path(__file__).parents[1]
NUMBER = b"000000000000"
"""Where the number of a request stands in its bytes, which so have the same length for all."""
TICK_SECONDS = 0.002
MOST_CONNECTIONS = 4_000
ANSWERED_SECONDS = 30.0
IDLE_SECONDS = 3.0
"""A connection that nobody used for so long may be about to be closed by the other side."""
ACCEPTED, REFUSED, CUT = "accepted", "refused", "cut"


@dataclass(frozen=True, slots=True)
class Phase:
    """Load for some seconds: so many requests a second whatever comes back, or so many clients in turn."""

    seconds: float
    rate: float = 0.0
    clients: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """Requests to an address: the phases follow each other without a pause."""

    url: str
    key: str
    body: str
    accepted: str
    """What stands in the answer of a request that was done."""
    phases: tuple[Phase, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one request: in which phase it was due, when, after how long it was answered and how."""

    phase: int
    due: float
    seconds: float
    outcome: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a load: every request, and how busy the process was that sent them (1: a whole core)."""

    told: list[Told]
    busy: list[float]
    late: list[float]
    """By phase: how much later than due the latest request was sent."""
    unsent: int
    began: float
    """By the clock that all processes share."""


async def loaded(load: Load) -> Outcome:
    """Send a load from a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.load",
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        output, _ = await process.communicate(json.dumps(asdict(load)).encode())
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise RuntimeError("The load could not be sent.")
    found = json.loads(output)
    return Outcome(
        [Told(*each) for each in found["told"]], found["busy"], found["late"], found["unsent"], found["began"]
    )


class _Connection(asyncio.Protocol):
    """One request at a time, and as much of HTTP as the service answers with."""

    def __init__(self, sender: "_Sender") -> None:
        self._sender = sender
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self.asked: tuple[int, float] | None = None
        self.answered_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes, phase: int, due: float) -> None:
        assert self._transport is not None
        self.asked = (phase, due)
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        head = head.lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self._buffer = b""
        self.answered_at = time.perf_counter()
        status = int(head[9:12])
        if status == 503:
            outcome = REFUSED
        else:
            outcome = ACCEPTED if self._sender.accepted in body else f"{status} {body[:300]!r}"
        self._tell(outcome)
        if b"connection: close" not in head:
            self._sender.idle(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._sender.lost(self)
        self._tell(CUT)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def _tell(self, outcome: str) -> None:
        if self.asked is not None:
            phase, due = self.asked
            self.asked = None
            self._sender.told.append((phase, due, time.perf_counter() - due, outcome))


@dataclass(eq=False, slots=True)
class _Sender:
    address: tuple[str, int]
    request: tuple[bytes, bytes]
    accepted: bytes
    told: list[tuple[int, float, float, str]] = field(default_factory=list)
    unsent: int = 0
    late: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    _count: int = 0
    _idle: list[_Connection] = field(default_factory=list)
    _all: set[_Connection] = field(default_factory=set)
    _turn: "tuple[int, float] | None" = None
    _opening: "set[asyncio.Task[None]]" = field(default_factory=set)

    @classmethod
    def of(cls, load: dict[str, str]) -> Self:
        address = urlsplit(load["url"])
        body = load["body"].encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: {address.netloc}\r\nauthorization: Bearer {load['key']}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode()
        before, _, after = body.partition(NUMBER)
        rest = (head + before, after) if NUMBER in body else (head + body, b"")
        assert address.hostname is not None
        assert address.port is not None
        return cls((address.hostname, address.port), rest, load["accepted"].encode())

    async def play(self, phases: list[Phase]) -> None:
        """Send all phases, and wait until everything is answered."""
        for number, phase in enumerate(phases):
            began, used = time.perf_counter(), time.process_time()
            self.late.append(0.0)
            await (self._in_turn if phase.clients else self._at_a_rate)(number, phase)
            self.busy.append((time.process_time() - used) / (time.perf_counter() - began))
        await self._heard()
        for each in list(self._all):
            each.close()

    def idle(self, connection: _Connection) -> None:
        """Take a connection back; in turn it asks at once."""
        if self._turn is not None and self._turn[1] > time.perf_counter():
            self._ask(connection, self._turn[0], time.perf_counter())
        else:
            self._idle.append(connection)

    def lost(self, connection: _Connection) -> None:
        """Forget a connection."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    async def _in_turn(self, number: int, phase: Phase) -> None:
        await self._heard()  # who comes back would ask again, and be one client too many
        began = time.perf_counter()
        self._turn = (number, began + phase.seconds)
        for _ in range(phase.clients):
            await self._send(number, time.perf_counter())
        await asyncio.sleep(phase.seconds)
        self._turn = None
        await self._heard()

    async def _heard(self) -> None:
        deadline = time.perf_counter() + ANSWERED_SECONDS
        while any(each.asked for each in self._all) and time.perf_counter() < deadline:  # noqa: ASYNC110 - now and then is enough
            await asyncio.sleep(0.01)

    async def _at_a_rate(self, number: int, phase: Phase) -> None:
        began, sent = time.perf_counter(), 0
        while (now := time.perf_counter()) < began + phase.seconds:
            until = int((now - began) * phase.rate)
            for position in range(sent, until):
                due = began + position / phase.rate
                self.late[number] = max(self.late[number], now - due)
                if (free := self._free()) is not None:
                    self._ask(free, number, due)
                elif len(self._all) + len(self._opening) < MOST_CONNECTIONS:
                    opening = asyncio.create_task(self._send(number, due))
                    self._opening.add(opening)
                    opening.add_done_callback(self._opening.discard)
                else:
                    self.unsent += 1
            sent = until
            await asyncio.sleep(TICK_SECONDS)

    async def _send(self, number: int, due: float) -> None:
        if (free := self._free()) is not None:
            self._ask(free, number, due)
            return
        try:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(lambda: _Connection(self), *self.address)
        except OSError:
            self.told.append((number, due, time.perf_counter() - due, CUT))
            return
        self._all.add(connection)
        self._ask(connection, number, due)

    def _free(self) -> _Connection | None:
        """Give the connection that was used last."""
        if self._idle and self._idle[-1].answered_at < time.perf_counter() - IDLE_SECONDS:
            for each in self._idle:
                each.close()
            self._idle.clear()
        return self._idle.pop() if self._idle else None

    def _ask(self, connection: _Connection, number: int, due: float) -> None:
        self._count += 1
        before, after = self.request
        connection.ask(before + b"%012d" % self._count + after if after else before, number, due)


async def _main() -> None:
    given = json.loads(sys.stdin.read())
    sender = _Sender.of(given)
    gc.disable()
    began = time.perf_counter()
    await sender.play([Phase(**each) for each in given["phases"]])
    told = [(phase, due - began, seconds, outcome) for phase, due, seconds, outcome in sender.told]
    found = {"told": told, "busy": sender.busy, "late": sender.late, "unsent": sender.unsent, "began": began}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    uvloop.run(_main())
