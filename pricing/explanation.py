"""Why a usage costs what it costs: its price by its rate, line by line, and in words."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, localcontext
from fractions import Fraction

from pricing.charge import Slice, billed_units, exact_amount, slices
from pricing.credits import MICROS_PER_CREDIT, Credits, RoundingMode, round_credits
from pricing.decimal_text import MICROS
from pricing.rate import Rate
from pricing.units import Quantity, ServiceType, UnitType, priced_in

_PLACES = 18
_ENOUGH_DIGITS = 60


@dataclass(frozen=True, slots=True)
class PriceLine:
    """Billed units that one price holds for: all of them, or those within one tier of a graduated rate.

    Units and bounds count in the rate's unit, the price is for the rate's `per` units, `exact` in credits.
    """

    units: Fraction
    beyond: Fraction
    up_to: Fraction | None
    price: Credits
    exact: Fraction


@dataclass(frozen=True, slots=True)
class PriceExplanation:
    """A price step by step: units, billing increment, rate or tiers, minimum, exact amount, rounding.

    `billed` counts in the rate's unit. The lines add up to `exact`, unless the minimum was more.
    """

    service_type: ServiceType
    provider: str
    quantity: Quantity
    rate: Rate
    billed: Fraction
    lines: tuple[PriceLine, ...]
    minimum_applied: bool
    exact: Fraction
    rounding: RoundingMode
    precision: int
    credits: Credits


def explained_price(
    rate: Rate,
    service_type: ServiceType,
    provider: str,
    quantity: Quantity,
    *,
    rounding: RoundingMode,
    precision: int,
) -> PriceExplanation:
    """Work a price out again; it equals what `pricing.quote.price` charges by a card with that rate."""
    units_in_one = dict(priced_in(service_type, quantity.unit_type))[rate.unit_type]
    billed = billed_units(rate, units_in_one, quantity.micro_units)
    lines = tuple(_line(rate, units_in_one, each) for each in slices(rate, units_in_one, billed))
    numerator, denominator = exact_amount(rate, units_in_one, billed)
    exact = Fraction(numerator, denominator * MICROS_PER_CREDIT)
    return PriceExplanation(
        service_type=service_type,
        provider=provider,
        quantity=quantity,
        rate=rate,
        billed=Fraction(billed, MICROS * units_in_one),
        lines=lines,
        minimum_applied=sum(line.exact for line in lines) < exact,
        exact=exact,
        rounding=rounding,
        precision=precision,
        credits=round_credits(numerator, denominator, precision=precision, mode=rounding),
    )


def price_in_words(explanation: PriceExplanation, card: str) -> str:
    """Tell a price in sentences with all its figures; `card` says by which rate card."""
    used = explanation.quantity
    what = f"{_units(Fraction(used.micro_units, MICROS), used.unit_type)} of {explanation.provider}"
    first = (
        f"{what} ({explanation.service_type}){_billed_in_words(explanation)}{_priced(explanation)} {card}."
    )
    return f"{first} {_rounded(explanation)}"


def credits_in_words(amount: Credits) -> str:
    """Write "1 credit", "2,000 credits"."""
    return _credits(Fraction(amount.micros, MICROS_PER_CREDIT))


def number_in_words(number: Fraction) -> str:
    """Write a number with its thousands apart; an endless one to 18 places and a sign that it goes on."""
    with localcontext(prec=_ENOUGH_DIGITS):
        value = Decimal(number.numerator) / Decimal(number.denominator)
        shown = value.quantize(Decimal(1).scaleb(-_PLACES), rounding=ROUND_DOWN)
        text = f"{shown:,f}".rstrip("0").rstrip(".")
    return text if Fraction(shown) == number else f"{text}…"


def _line(rate: Rate, units_in_one: int, of: Slice) -> PriceLine:
    lower, upper, tier = of
    scale = MICROS * units_in_one
    units = Fraction(upper - lower, scale)
    return PriceLine(
        units,
        beyond=Fraction(lower, scale),
        up_to=None if tier.up_to_micro_units is None else Fraction(tier.up_to_micro_units, MICROS),
        price=Credits(tier.price_micros),
        exact=units * tier.price_micros / (rate.per * MICROS_PER_CREDIT),
    )


def _billed_in_words(explanation: PriceExplanation) -> str:
    rate, used = explanation.rate, explanation.quantity
    if rate.increment_micro_units is not None:
        increment = _units(Fraction(rate.increment_micro_units, MICROS), rate.unit_type)
        return f", billed as {_units(explanation.billed, rate.unit_type)} in steps of {increment},"
    if used.unit_type is not rate.unit_type:
        return f", billed as {_units(explanation.billed, rate.unit_type)},"
    return ""


def _priced(explanation: PriceExplanation) -> str:
    rate = explanation.rate
    if rate.free:
        return " free of charge"
    if not rate.tiers:
        return f" at {_price(rate, Credits(rate.price_micros))}"
    slices = [
        f"{number_in_words(line.units)} at {_price(rate, line.price)} make {_credits(line.exact)}"
        for line in explanation.lines
    ]
    return f" in tiers ({'; '.join(slices)})"


def _price(rate: Rate, price: Credits) -> str:
    per = f"{rate.per:,} " if rate.per > 1 else ""
    return f"{credits_in_words(price)} per {per}{rate.unit_type}"


def _rounded(explanation: PriceExplanation) -> str:
    exact = _credits(explanation.exact)
    if explanation.minimum_applied:
        exact = f"{exact}, the least that one usage costs"
    step = "whole credits"
    if explanation.precision:
        step = f"{explanation.precision} decimal place{'s' if explanation.precision > 1 else ''}"
    return (
        f"Exactly {exact}; rounded {explanation.rounding} to {step}: {credits_in_words(explanation.credits)}."
    )


def _credits(amount: Fraction) -> str:
    return f"{number_in_words(amount)} credit{'' if amount == 1 else 's'}"


def _units(units: Fraction, unit_type: UnitType) -> str:
    return f"{number_in_words(units)} {unit_type}"
