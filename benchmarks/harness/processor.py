"""Processor time and memory of other processes, as Linux tells them; elsewhere they count as nothing."""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

TICKS_IN_A_SECOND = os.sysconf("SC_CLK_TCK")
PROCESS_CLOCK = 2
REAPED = slice(13, 15)
"""Where a process's status tells the user and system time of the children that it saw end."""


def processor_seconds(roots: Iterable[int]) -> float:
    """Give what processes and all below them have used since they started."""
    return sum(_used(process) for root in roots for process in _tree(root))


def resident_megabytes(root: int) -> float:
    """Give the memory that a process and all below it keep; what several share is counted once."""
    return sum(_proportional_kilobytes(process) for process in _tree(root)) / 1024


def parent_of(process: int) -> int:
    """Give the process that started this one."""
    return int(_status(process)[1])


def process_name(process: int) -> str:
    """Give the name of a process of this machine, or nothing where there is none."""
    return _text(Path(f"/proc/{process}/comm")).strip()


def _tree(root: int) -> Iterator[int]:
    yield root
    for task in _tasks(root):
        for child in _text(task / "children").split():
            yield from _tree(int(child))


def _tasks(process: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{process}/task").iterdir())
    except OSError:  # it has ended, or nobody tells
        return []


def _used(process: int) -> float:
    try:
        own = time.clock_gettime(~process << 3 | PROCESS_CLOCK)
    except OSError:  # it has ended: its parent counts it among the reaped
        return 0.0
    return own + sum(map(int, _status(process)[REAPED])) / TICKS_IN_A_SECOND


def _status(process: int) -> list[str]:
    return _text(Path(f"/proc/{process}/stat")).rpartition(")")[2].split()


def _proportional_kilobytes(process: int) -> int:
    return int(_text(Path(f"/proc/{process}/smaps_rollup")).partition("\nPss:")[2].split()[0])


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
