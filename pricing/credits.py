"""Credits as whole micro-credits, and the only rounding."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from pricing.decimal_text import MICROS, micros_from_text, text_from_micros

MICROS_PER_CREDIT = MICROS
FINEST_PRECISION = 6


class RoundingMode(StrEnum):
    """Where an exact amount goes that lies between two steps of a rate card's precision."""

    UP = "UP"
    DOWN = "DOWN"
    HALF_UP = "HALF_UP"
    HALF_EVEN = "HALF_EVEN"


@dataclass(frozen=True, slots=True, order=True)
class Credits:
    """An exact amount of credits, held as an integer of micro-credits; it may be negative."""

    micros: int

    ZERO: ClassVar["Credits"]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read decimal text such as "103" or "0.9"; ValueError for anything outside the grammar."""
        return cls(micros_from_text(text))

    @classmethod
    def whole(cls, number: int) -> Self:
        """Return that many whole credits."""
        return cls(number * MICROS_PER_CREDIT)

    @classmethod
    def total(cls, amounts: Iterable["Credits"]) -> Self:
        """Add up; nothing adds up to zero."""
        return cls(sum(amount.micros for amount in amounts))

    def __add__(self, other: "Credits") -> "Credits":
        return Credits(self.micros + other.micros)

    def __sub__(self, other: "Credits") -> "Credits":
        return Credits(self.micros - other.micros)

    def __bool__(self) -> bool:
        return self.micros != 0

    def __str__(self) -> str:
        return text_from_micros(self.micros)


Credits.ZERO = Credits(0)

_STEP_BY_PRECISION = tuple(10 ** (FINEST_PRECISION - precision) for precision in range(FINEST_PRECISION + 1))


def round_credits(numerator: int, denominator: int, *, precision: int, mode: RoundingMode) -> Credits:
    """Round an exact amount of numerator/denominator micro-credits to `precision` places of a credit.

    The amount is not negative and the precision is 0 (whole credits) to 6 (micro-credits);
    ValueError otherwise.
    """
    if numerator < 0 or denominator <= 0 or not 0 <= precision <= FINEST_PRECISION:
        raise ValueError(
            f"Cannot round {numerator}/{denominator} micro-credits to {precision} decimal places: "
            "the amount must be 0 or more and the precision 0 to 6."
        )
    step = _STEP_BY_PRECISION[precision]
    steps, rest = divmod(numerator, denominator * step)
    if rest and _goes_up(steps, rest, denominator * step, mode):
        steps += 1
    return Credits(steps * step)


def _goes_up(steps: int, rest: int, whole: int, mode: RoundingMode) -> bool:
    if mode is RoundingMode.UP:
        return True
    if mode is RoundingMode.DOWN:
        return False
    if 2 * rest == whole:
        return mode is RoundingMode.HALF_UP or steps % 2 == 1
    return 2 * rest > whole
