"""Afterwards: one telling for a turn of the loop, and none forgotten."""

import asyncio

from server.transport.afterwards import Afterwards


def test_outside_of_a_loop_each_is_told_of_at_once() -> None:
    told: list[list[int]] = []
    afterwards = Afterwards(told.append)
    afterwards.add(1)
    afterwards.add(2)
    assert told == [[1], [2]]


async def test_those_of_a_turn_are_told_of_together() -> None:
    told: list[list[int]] = []
    afterwards = Afterwards(told.append)
    for number in range(3):
        afterwards.add(number)
    assert told == []
    await asyncio.sleep(0)
    afterwards.add(3)
    await asyncio.sleep(0)
    assert told == [[0, 1, 2], [3]]


def test_another_loop_tells_of_what_one_left() -> None:
    told: list[list[int]] = []
    afterwards = Afterwards(told.append)
    one = asyncio.new_event_loop()
    one.run_until_complete(_added(afterwards, 1))
    one.close()

    async def told_by_another() -> None:
        afterwards.add(2)
        await asyncio.sleep(0)

    asyncio.run(told_by_another())
    assert [each for some in told for each in some] == [1, 2]


async def _added(afterwards: Afterwards[int], thing: int) -> None:
    afterwards.add(thing)
