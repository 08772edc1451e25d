"""All hostile requests, side by side and again: afterwards the service is what it was before."""

import asyncio

import pytest

from tests.hostile.rows.row import FINE, asked, row
from tests.hostile.rows.table import ROWS
from tests.hostile.talking import talk
from tests.hostile.target import Target
from tests.hostile.verdict import told, wrongs

AT_ONCE = 8
GROWTH_BYTES = 32 * 1024**2
"""What caches may still take after the first round: measured are 4 MB in the second, and 0.2 MB in any later."""
MOST_TURNED_AWAY = len(ROWS) // 10
"""Some of the rows are floods, beside which others may find the service busy."""
ALIVE = row("a good query", asked("{viewer{account{balance{available}}}}"), 200, FINE)


async def play_all(target: Target) -> list[str]:
    """Play every row, several at a time, and say what was wrong."""
    waiting, found, turned_away = iter(ROWS), list[str](), list[str]()

    async def play() -> None:
        for each in waiting:
            heard = await talk(target, each)
            if heard.is_turned_away:
                turned_away.append(each.name)
            else:
                found.extend(wrongs(each, heard))

    await asyncio.gather(*(play() for _ in range(AT_ONCE)))
    assert len(turned_away) < MOST_TURNED_AWAY, turned_away
    return found


async def bear(target: Target, rounds: int) -> None:
    """Play all rows so often, and look at the service."""
    assert await play_all(target) == []
    before = target.memory_bytes
    for _ in range(rounds - 1):
        assert await play_all(target) == []
    assert target.memory_bytes - before < GROWTH_BYTES
    assert wrongs(ALIVE, await talk(target, ALIVE)) == []
    assert told(target.server.log()) == []
    assert target.server.bugs() == []


async def test_nothing_is_left_of_them(target: Target) -> None:
    await bear(target, rounds=2)


@pytest.mark.soak
async def test_nothing_adds_up(target: Target) -> None:
    await bear(target, rounds=20)
