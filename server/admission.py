"""Admission: a process that has more to do than it can refuses the excess at once, unread.

A request that is let in runs, or waits in a line for its turn to run; a burst is taken in, as large as a
setting says. Where the line has not been empty for 100 ms it is no burst: then fewer are let in, and who
comes beyond them is refused, until nobody has been refused for as long.

How many run at a time follows from what they have to wait for inside: the event loop, a connection to read
over, the writer. Where they wait long there are fewer, since more would only wait longer, and refusals too;
where they wait for nothing, as with a store that is far away, there are more. It is looked at every 10 ms.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from graph.errors import ErrorCode
from server.transport.refusals import Refused

FIRST_PLACES = 32
FEWEST_PLACES = 8
MOST_STANDING = 256
"""So many clients may ask in turn; the last in line waits a second or two where each asks much."""
LONG_SECONDS = 0.05
SHORT_SECONDS = 0.01
"""What those who run wait, all in all and on average: above the first is long, below this is nothing."""
INTERVAL_SECONDS = 0.1
LOOK_EVERY_SECONDS = 0.01
PLACE = "creditgraph.place"
"""Where a request's scope has its place."""


class Overloaded(Refused):
    """The process has more to do than it can."""

    code = ErrorCode.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__(503, "The service has more to do than it can; try again in a moment.")


class Place:
    """The place of one who runs, for the length of an `async with` block, or until it is left.

    To enter waits for one's turn, and raises Overloaded at once where too many do.
    """

    __slots__ = ("_admission", "_is_left")

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self._is_left = True

    async def __aenter__(self) -> Self:
        await self._admission.enter()
        self._is_left = False
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    def leave_soon(self) -> None:
        """Leave it within a second: who listens to events may hear nothing for hours."""
        asyncio.get_running_loop().call_later(_SOON_SECONDS, self.leave)

    def leave(self) -> None:
        """Leave it; once is enough."""
        if not self._is_left:
            self._is_left = True
            self._admission.leave()


class Admission:
    """The places of a process, and the line before them."""

    def __init__(
        self,
        most_in_flight: int,
        waited_seconds: Callable[[], float] = lambda: 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take in at most so many; `waited_seconds` tells what those who run wait for, the loop apart."""
        self._most = most_in_flight
        self._first = min(FIRST_PLACES, most_in_flight)
        self._fewest = min(FEWEST_PLACES, most_in_flight)
        self._waited_seconds = waited_seconds
        self._clock = clock
        self._line: deque[asyncio.Future[None]] = deque()
        self._due: float | None = None
        self.places = self._first
        self.running = 0
        self.refused = 0
        self.refused_at_the_door = 0
        self._waits: list[float] = []
        self._line_stood = True
        self._line_stands = False
        self._refused_before = 0
        self._until = 0.0

    @property
    def in_flight(self) -> int:
        """How many run or wait for it."""
        return self.running + len(self._line)

    @property
    def is_full(self) -> bool:
        """Whether nobody more is let in."""
        if self.running < self.places and not self._line:
            return False
        most = max(self.places, MOST_STANDING) if self._line_stands else self._most
        return self.in_flight >= min(most, self._most)

    def turn_away(self) -> None:
        """Count one who is refused."""
        self.refused += 1

    def turn_away_at_the_door(self) -> None:
        """Count one who is refused before he is a request."""
        self.refused += 1
        self.refused_at_the_door += 1

    def place(self) -> Place:
        """Give a place to be entered."""
        return Place(self)

    def enter_at_once(self) -> bool:
        """Take a place, if there is one and nobody waits for it; tell whether it was taken."""
        if self._line or self.running >= self.places:
            return False
        if self._due is None:
            self._begin_interval()
            self._look_soon()
        self.running += 1
        return True

    async def enter(self) -> None:
        """Wait for a place.

        Raises Overloaded, at once.
        """
        if self.enter_at_once():
            return
        if self.is_full:
            self.turn_away()
            raise Overloaded
        await self._turn()

    def leave(self) -> None:
        """Take a place back; the next in line has it."""
        self.running -= 1
        self._let_run()

    def look(self, late_seconds: float) -> None:
        """Take note of what is waited for, and of how late the event loop came to it."""
        self._waits.append(late_seconds + self._waited_seconds())
        self._line_stood = self._line_stood and bool(self._line)
        if self._clock() < self._until:
            return
        waited = sum(self._waits) / len(self._waits)
        if waited > LONG_SECONDS:
            if self.running <= self.places:  # else the last step has not had its effect yet
                self.places = max(self._fewest, self.running * 3 // 4)
        elif self._line and (waited < SHORT_SECONDS or self.places < self._first):
            self.places = min(self._most, self.places + max(1, self.places // 8))
            self._let_run()
        self._line_stands = self._line_stood or (self._line_stands and self.refused > self._refused_before)
        self._begin_interval()

    async def _turn(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):  # it is not in the line any more
                    self._line.remove(turn)
            else:
                self.leave()
            raise

    def _let_run(self) -> None:
        while self._line and self.running < self.places:
            turn = self._line.popleft()
            if not turn.done():
                self.running += 1
                turn.set_result(None)

    def _begin_interval(self) -> None:
        self._waits, self._line_stood, self._refused_before = [], True, self.refused
        self._until = self._clock() + INTERVAL_SECONDS

    def _look_soon(self) -> None:
        self._due = self._clock() + LOOK_EVERY_SECONDS
        asyncio.get_running_loop().call_later(LOOK_EVERY_SECONDS, self._look)

    def _look(self) -> None:
        assert self._due is not None  # noqa: S101 - it was set when this look was arranged
        self.look(max(0.0, self._clock() - self._due))
        if self.in_flight:
            self._look_soon()
            return
        # Nobody is in: there is nothing to look at, and what comes next comes to a process that has time.
        self._due, self.places, self._line_stands = None, self._first, False


_SOON_SECONDS = 1.0
