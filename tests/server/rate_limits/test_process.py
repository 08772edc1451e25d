"""Rate limits of one process: exact, whatever happens in whatever order, and forgetful of who is quiet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.rate_limits import RateLimit
from server.rate_limits import ProcessRateLimits, RateLimited, Standing, TooDear, Unlimited

KEY = UUID(int=1)
OTHER = UUID(int=2)
SECOND = 1_000_000


@dataclass(slots=True)
class Ticks:
    """A clock in microseconds that stands still."""

    now: int = 0

    def __call__(self) -> int:
        return self.now


def made(capacity: int = 100, restore_rate: int = 10) -> tuple[ProcessRateLimits, Ticks]:
    ticks = Ticks()
    return ProcessRateLimits(RateLimit(capacity, restore_rate), clock=ticks), ticks


async def test_what_is_taken_comes_back_with_time() -> None:
    limits, ticks = made()
    assert await limits.take(KEY, 70) == Standing(limit=100, remaining=30, restore_rate=10)
    with pytest.raises(
        RateLimited, match=r"^This key has used up its points; try again in 4 seconds\.$"
    ) as no:
        await limits.take(KEY, 70)
    assert (no.value.status, no.value.code.value) == (429, "RATE_LIMITED")
    assert (no.value.retry_after_seconds, no.value.standing.remaining) == (4, 30)
    ticks.now += 4 * SECOND - 1
    with pytest.raises(RateLimited, match=r"try again in 1 second\.$"):
        await limits.take(KEY, 70)
    ticks.now += 1
    assert (await limits.take(KEY, 70)).remaining == 0
    ticks.now += 3600 * SECOND
    assert (await limits.take(KEY, 0)).remaining == 100


async def test_keys_have_buckets_of_their_own() -> None:
    limits, _ = made()
    await limits.take(KEY, 100)
    assert (await limits.take(OTHER, 1)).remaining == 99


async def test_what_is_given_back_is_there_again_but_never_more_than_the_limit() -> None:
    limits, _ = made()
    await limits.take(KEY, 60)
    limits.give_back(KEY, 20)
    assert (await limits.take(KEY, 0)).remaining == 60
    limits.give_back(KEY, 500)
    assert (await limits.take(KEY, 0)).remaining == 100


async def test_a_charge_takes_what_is_there_and_refuses_nothing() -> None:
    limits, _ = made()
    limits.charge(KEY, 30)
    assert (await limits.take(KEY, 0)).remaining == 70
    limits.charge(KEY, 500)
    assert (await limits.take(KEY, 0)).remaining == 0


async def test_what_no_wait_would_help_is_refused_as_too_dear() -> None:
    limits, _ = made()
    with pytest.raises(
        TooDear, match=r"^This costs 101 points; a key has at most 100: ask for less at once\.$"
    ) as no:
        await limits.take(KEY, 101)
    assert (no.value.status, no.value.code.value) == (400, "QUERY_TOO_COMPLEX")
    assert (await limits.take(KEY, 100)).remaining == 0


async def test_full_buckets_are_forgotten() -> None:
    limits, ticks = made()
    for number in range(5_000):
        await limits.take(UUID(int=number), 10)
        ticks.now += 1_000  # a thousand keys a second, each full again after one
    assert len(limits) <= 2_001
    await limits.take(OTHER, 1)
    for number in range(10_000, 15_000):
        await limits.take(UUID(int=number), 0)
    assert (await limits.take(OTHER, 0)).remaining == 99


async def test_without_limits_everything_passes() -> None:
    limits = Unlimited()
    assert await limits.take(KEY, 10**15) == Standing(limit=0, remaining=0, restore_rate=0)
    limits.charge(KEY, 10**15)
    assert (await limits.take(KEY, 1)).limit == 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, 60)),
        st.tuples(st.just("charge"), st.integers(0, 60)),
        st.tuples(st.just("give_back"), st.integers(0, 60)),
        st.tuples(st.just("wait"), st.integers(0, 3 * SECOND)),
    ),
    max_size=60,
)


@given(capacity=st.integers(1, 100), rate=st.integers(1, 50), steps=STEPS)
async def test_never_more_is_spent_than_was_there_and_came_back(
    capacity: int, rate: int, steps: list[tuple[str, int]]
) -> None:
    """Held against a bucket that is counted in fractions, step for step."""
    limits, ticks = made(capacity, rate)
    level, spent = capacity * SECOND, 0
    for act, number in steps:
        if act == "wait":
            ticks.now += number
            level = min(capacity * SECOND, level + number * rate)
        elif act == "take":
            taken = await accepted(lambda points=number: limits.take(KEY, points))
            assert taken == (number * SECOND <= level)
            level -= number * SECOND if taken else 0
            spent += number if taken else 0
        elif act == "charge":
            limits.charge(KEY, number)
            level = max(0, level - number * SECOND)
        else:
            back = min(number, spent)
            limits.give_back(KEY, back)
            spent -= back
            level = min(capacity * SECOND, level + back * SECOND)
        assert spent * SECOND <= capacity * SECOND + ticks.now * rate


async def accepted(take: Callable[[], Any]) -> bool:
    try:
        await take()
    except (RateLimited, TooDear):
        return False
    return True
