"""A rate card as an operator writes it; its rules are those of a rate card's file."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import strawberry

from graph import ids, inputs
from graph.inputs import bad_input
from graph.scalars import DecimalText, Long
from models.identity import IdKind
from pricing.credits import Credits, RoundingMode
from pricing.rate_card_draft import RateCardDraft, draft_from_fields, override_from_fields
from pricing.units import ServiceType, UnitType

MOST_RATES = 2_000
MOST_TIERS = 100
_Fields = dict[str, object]


@strawberry.input(description="One slice of a graduated rate.")
class RateTierInput:
    """One slice of a graduated rate."""

    price: Credits = strawberry.field(description="Credits for `per` units within this tier.")
    up_to: DecimalText | None = strawberry.field(
        default=None, description="The units up to which the price holds; left out in the last tier."
    )


@strawberry.input(description="The price of one service type, provider and unit type.")
class RateInput:
    """The price of one service type, provider and unit type."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    unit_type: UnitType = strawberry.field(description="The unit that the price is for.")
    price: Credits | None = strawberry.field(
        default=None, description="Credits for `per` units; left out with tiers, and where it is free."
    )
    per: Long | None = strawberry.field(default=None, description="How many units the price is for; else 1.")
    minimum: Credits | None = strawberry.field(
        default=None, description="The least that one usage costs; else 0."
    )
    billing_increment: DecimalText | None = strawberry.field(
        default=None, description="Units are rounded up to a multiple of this; left out, they are exact."
    )
    free: bool = strawberry.field(default=False, description="Whether it costs nothing; a card must say so.")
    tiers: list[RateTierInput] | None = strawberry.field(
        default=None, description="Graduated prices in place of `price`, lowest tier first."
    )


@strawberry.input(description="A rate card, or an account's own rates.")
class RateCardInput:
    """A rate card, or an account's own rates."""

    version: str = strawberry.field(description="The version's name, which no other card has or had.")
    rates: list[RateInput] = strawberry.field(
        description=(
            f"1 to {MOST_RATES:,} rates. For an account those that differ from everybody's; none at all end "
            "those that it has."
        )
    )
    effective_from: datetime | None = strawberry.field(
        default=None,
        description=(
            "From when it is in force: after every usage that is priced already and that it would have "
            "priced. Left out: as soon as that allows, from now on."
        ),
    )
    rounding: RoundingMode | None = strawberry.field(
        default=None,
        description="How each usage is rounded. Left out for an account, which rounds as everybody's card.",
    )
    precision: int | None = strawberry.field(
        default=None, description="Decimal places of a credit that rounding keeps, 0 to 6. Likewise."
    )
    account_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose rates alone; left out, everybody's."
    )


def owner_of(given: RateCardInput) -> UUID | None:
    """Read whose rates alone they are."""
    return ids.read_optional("accountId", IdKind.ACCOUNT, given.account_id)


def read_draft(given: RateCardInput) -> RateCardDraft:
    """Read a card; BAD_USER_INPUT for malformed text, InvalidDraft for rules of rate cards that it breaks."""
    if len(given.rates) > MOST_RATES:
        raise bad_input("rates", f"at most {MOST_RATES:,} rates, not {len(given.rates):,}.")
    fields: _Fields = {
        "version": inputs.name("version", given.version),
        "effective_from": given.effective_from,
        "rounding": given.rounding,
        "precision": given.precision,
        "rates": [_rate(f"rates[{position}]", rate) for position, rate in enumerate(given.rates)],
    }
    return (
        draft_from_fields(_given(fields))
        if given.account_id is None
        else override_from_fields(_given(fields))
    )


def field_name(path: tuple[str | int, ...]) -> str:
    """Write the path of a card's field as this input has it: rates[3].tiers[0].upTo."""
    return "".join(_steps(path)).removeprefix(".")


def _steps(path: tuple[str | int, ...]) -> Iterator[str]:
    for step in path:
        yield f"[{step}]" if isinstance(step, int) else f".{_NAMES.get(step, step)}"


def _rate(field: str, given: RateInput) -> _Fields:
    tiers = given.tiers
    if tiers is not None and len(tiers) > MOST_TIERS:
        raise bad_input(f"{field}.tiers", f"at most {MOST_TIERS} tiers, not {len(tiers):,}.")
    return _given(
        {
            "service_type": given.service_type,
            "provider": inputs.name(f"{field}.provider", given.provider),
            "unit_type": given.unit_type,
            "price": _text(given.price),
            "per": given.per,
            "minimum": _text(given.minimum),
            "increment": given.billing_increment,
            "free": given.free,
            "tiers": None if tiers is None else [_tier(tier) for tier in tiers],
        }
    )


def _tier(given: RateTierInput) -> _Fields:
    return _given({"price": str(given.price), "up_to": given.up_to})


def _text(amount: Credits | None) -> str | None:
    return None if amount is None else str(amount)


def _given(fields: _Fields) -> _Fields:
    return {name: value for name, value in fields.items() if value is not None}


_NAMES = {
    "effective_from": "effectiveFrom",
    "service_type": "serviceType",
    "unit_type": "unitType",
    "increment": "billingIncrement",
    "up_to": "upTo",
}
