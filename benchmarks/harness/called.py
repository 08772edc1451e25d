"""A rival without HTTP as a side of a comparison: something that is called, and takes some seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.harness.turns import Slice


@dataclass(slots=True)
class Called:
    """Calls as often as fills a turn; `call` takes a number of calls and gives the seconds they took."""

    name: str
    call: Callable[[int], float]
    _each: float | None = None

    def work(self, seconds: float) -> Slice:
        """Call for about so long."""
        count = 1 if self._each is None else max(1, int(seconds / self._each))
        took = self.call(count)
        self._each = took / count
        return Slice(count, took)


def timed(call: Callable[[], object]) -> Callable[[int], float]:
    """Make of something that can be called what a side needs."""

    def repeated(count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            call()
        return time.perf_counter() - began

    return repeated
