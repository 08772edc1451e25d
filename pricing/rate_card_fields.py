"""A rate card from parsed fields: which there are, which may be left out, what they build."""

from collections.abc import Mapping

from pricing.credits import RoundingMode
from pricing.rate import InvalidRateCard, Rate, Tier
from pricing.rate_card import RateCard
from pricing.table import Table
from pricing.units import ServiceType, UnitType

CARD_FIELDS = ("version", "effective_from", "rounding", "precision", "rates")
_RATE_FIELDS = (
    "service_type",
    "provider",
    "unit_type",
    "price",
    "per",
    "minimum",
    "increment",
    "free",
    "tiers",
)
_TIER_FIELDS = ("up_to", "price")


def rate_card_from_fields(fields: Mapping[str, object]) -> RateCard:
    """Build the card; InvalidRateCard, with the path of the field, for what is missing, unknown or wrong."""
    table = Table(fields)
    table.refuse_unknown(CARD_FIELDS)
    return RateCard(
        version=table.name("version"),
        effective_from=table.time("effective_from"),
        rounding=table.word("rounding", RoundingMode),
        precision=table.integer("precision"),
        rates=tuple(rate_from_table(rate) for rate in table.tables("rates")),
    )


def rate_from_table(table: Table) -> Rate:
    """Build one rate; InvalidRateCard, with the path from the card, for what is missing, unknown or wrong."""
    table.refuse_unknown(_RATE_FIELDS)
    tiers = tuple(_tier(tier) for tier in table.tables("tiers")) if "tiers" in table else ()
    if tiers and "price" in table:
        raise table.invalid("price", "give either a price or tiers, not both: the tiers hold the prices.")
    free = table.flag("free") if "free" in table else False
    has_price = "price" in table or not (tiers or free)
    service_type = table.word("service_type", ServiceType)
    provider = table.name("provider")
    unit_type = table.word("unit_type", UnitType)
    price_micros = table.micros("price") if has_price else 0
    per = table.integer("per") if "per" in table else 1
    minimum_micros = table.micros("minimum") if "minimum" in table else 0
    increment = table.micros("increment") if "increment" in table else None
    try:
        return Rate(
            service_type,
            provider,
            unit_type,
            price_micros,
            per=per,
            minimum_micros=minimum_micros,
            increment_micro_units=increment,
            free=free,
            tiers=tiers,
        )
    except InvalidRateCard as error:  # the rate knows its field; where the rate stands is known here
        raise table.invalid_at(error.path, str(error)) from None


def _tier(table: Table) -> Tier:
    table.refuse_unknown(_TIER_FIELDS)
    up_to = table.micros("up_to") if "up_to" in table else None
    return Tier(up_to_micro_units=up_to, price_micros=table.micros("price"))
