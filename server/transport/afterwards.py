"""Afterwards: what is told of answers once they are on their way, of all of a turn of the loop at once."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Afterwards(Generic[Thing]):
    """Things to be told of in this turn of the loop; outside of a loop each is told of at once."""

    __slots__ = ("_loop", "_tell", "_things")

    def __init__(self, tell: Callable[[list[Thing]], None]) -> None:
        self._tell = tell
        self._things: list[Thing] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, thing: Thing) -> None:
        """Tell of a thing soon; a loop that is told to stop comes to it before it does."""
        self._things.append(thing)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.tell_now()
            return
        if len(self._things) == 1 or loop is not self._loop:
            self._loop = loop
            loop.call_soon(self.tell_now)

    def tell_now(self) -> None:
        """Tell of all that there are."""
        things, self._things = self._things, []
        if things:
            self._tell(things)
