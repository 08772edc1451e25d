"""How fast credits go, in exact numbers."""

from datetime import UTC, datetime, timedelta

import pytest

from metering.burn import Burn, seconds_left
from pricing.credits import Credits

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def credits_(text: str) -> Credits:
    return Credits.parse(text)


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_nothing_spent_is_no_rate() -> None:
    burn = Burn.of(credits_("70"), [], now=NOON)
    burn.note(at(1), credits_("70"))
    assert burn.per_minute(at(1)) == Credits.ZERO


def test_what_was_spent_before_anybody_listened_counts() -> None:
    burn = Burn.of(credits_("103"), [(at(-60), credits_("3"))], now=NOON)
    burn.note(NOON, credits_("103"))
    assert str(burn.per_minute(NOON)) == "0.6"


def test_what_is_spent_counts_for_five_minutes() -> None:
    burn = Burn.of(Credits.ZERO, [], now=NOON)
    burn.note(at(10), credits_("100"))
    burn.note(at(70), credits_("150"))
    assert str(burn.per_minute(at(70))) == "30"
    burn.note(at(309), credits_("150"))
    assert str(burn.per_minute(at(309))) == "30"
    burn.note(at(310), credits_("150"))
    assert str(burn.per_minute(at(310))) == "10"
    burn.note(at(370), credits_("150"))
    assert str(burn.per_minute(at(370))) == "0"


def test_many_looks_in_a_second_are_one() -> None:
    burn = Burn.of(Credits.ZERO, [], now=NOON)
    for number in range(1, 1_001):
        burn.note(at(10) + timedelta(microseconds=number), credits_(str(number)))
    assert str(burn.per_minute(at(11))) == "200"


def test_what_a_voided_usage_gave_back_is_not_spent() -> None:
    burn = Burn.of(credits_("20"), [], now=NOON)
    burn.note(at(1), credits_("120"))
    burn.note(at(2), credits_("20"))
    assert burn.per_minute(at(2)) == Credits.ZERO
    burn.note(at(3), Credits.ZERO)
    assert burn.per_minute(at(3)) == Credits.ZERO


@pytest.mark.parametrize(
    ("spendable", "per_minute", "seconds"),
    [
        (None, "10", None),
        ("100", "0", None),
        ("100", "10", 600),
        ("0", "10", 0),
        ("1", "7", 8),
        ("52560000", "1", 3_153_600_000),
        ("52560000.1", "1", None),
        ("999999999999", "0.000001", None),
    ],
)
def test_time_to_exhaustion(spendable: str | None, per_minute: str, seconds: int | None) -> None:
    given = None if spendable is None else credits_(spendable)
    assert seconds_left(given, credits_(per_minute)) == seconds
