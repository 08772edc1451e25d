"""Hostile requests, each for itself: every row gets an answer that is allowed, soon, and learns nothing."""

import asyncio

import pytest

from tests.hostile.rows.row import Row
from tests.hostile.rows.table import ROWS, SLOW
from tests.hostile.talking import talk
from tests.hostile.target import Target
from tests.hostile.verdict import told, wrongs

LONGEST_SECONDS = 10.0
"""A bound that only what hangs reaches."""


def test_there_are_enough_and_each_has_its_name() -> None:
    names = [row.name for row in (*ROWS, *SLOW)]
    assert len(names) >= 200
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_hostile_request(sqlite_target: Target, row: Row) -> None:
    heard = await talk(sqlite_target, row)
    assert wrongs(row, heard) == []
    assert heard.seconds < LONGEST_SECONDS


async def test_who_is_slow_is_waited_for_only_so_long(sqlite_target: Target) -> None:
    answers = await asyncio.gather(*(talk(sqlite_target, row) for row in SLOW))
    assert [wrong for row, heard in zip(SLOW, answers, strict=True) for wrong in wrongs(row, heard)] == []
    assert told(sqlite_target.server.log()) == []
