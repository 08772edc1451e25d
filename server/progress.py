"""How far a long piece of work is: a bar for a person at a terminal, lines for a log that asks for them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[int, int], None]
"""Told how many are done, of how many."""

_LINES = 10


@contextmanager
def told_progress(what: str, *, in_lines: bool) -> Iterator[Tell]:
    """Show progress on standard error, since what a script reads is the answer.

    At a terminal it is a bar that vanishes at the end; elsewhere nothing, or where that is asked for a line
    for each tenth.
    """
    if not sys.stderr.isatty():
        yield _Lines(what).tell if in_lines else _nobody
        return
    with _bar(what) as tell:
        yield tell


@contextmanager
def _bar(what: str) -> Iterator[Tell]:
    # Who serves draws nothing, and should not wait for what draws.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    def __init__(self, what: str) -> None:
        self._what = what
        self._told = -1

    def tell(self, done: int, total: int) -> None:
        tenth = done * _LINES // total if total else _LINES
        if tenth > self._told:
            self._told = tenth
            print(f"{done:,} of {total:,} {self._what}", file=sys.stderr, flush=True)  # noqa: T201 - it is shown


def _nobody(_done: int, _total: int) -> None:
    """Tell nobody."""
