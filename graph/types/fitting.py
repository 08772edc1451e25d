"""Planned services with their prices, and what would have fitted where a plan was over its limit."""

from typing import Self

import strawberry

from graph.scalars import LONGEST_FRACTION, DecimalText, exact_text
from pricing.credits import Credits
from pricing.quote import PricedUsage
from pricing.selection import OverLimit
from pricing.selection import ReducedPlan as ReducedPlanValue
from pricing.selection import TradeOff as TradeOffValue
from pricing.units import ServiceType, UnitType


@strawberry.type(description="A planned service, made small enough to fit, with its price.")
class FittingService:
    """A planned service, made small enough to fit."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    units: DecimalText = strawberry.field(description="How many units would fit.")
    unit_type: UnitType = strawberry.field(description="The unit.")
    credits: Credits = strawberry.field(description="What they cost.")

    @classmethod
    def of(cls, priced: PricedUsage) -> Self:
        """Show a line of the smaller plan."""
        return cls(
            service_type=priced.service_type,
            provider=priced.provider,
            units=DecimalText(str(priced.quantity)),
            unit_type=priced.quantity.unit_type,
            credits=priced.credits,
        )


@strawberry.type(description="A planned service with the provider that would serve it, and its price.")
class PricedService:
    """A planned service with its price."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model that would serve.")
    units: DecimalText = strawberry.field(description="How many units are planned.")
    unit_type: UnitType = strawberry.field(description="The unit.")
    credits: Credits = strawberry.field(description="What it would cost, rounded by the rate card.")
    exact_credits: DecimalText = strawberry.field(
        description=f"The amount before rounding; an endless fraction is shown to {LONGEST_FRACTION} places."
    )

    @classmethod
    def of(cls, priced: PricedUsage) -> Self:
        """Show a line of a plan."""
        return cls(
            service_type=priced.service_type,
            provider=priced.provider,
            units=DecimalText(str(priced.quantity)),
            unit_type=priced.quantity.unit_type,
            credits=priced.credits,
            exact_credits=exact_text(priced.exact),
        )


@strawberry.type(description="What a cheaper provider would give up.")
class TradeOff:
    """What a cheaper provider would give up."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    from_provider: str = strawberry.field(name="from", description="The provider that was wanted.")
    to_provider: str = strawberry.field(name="to", description="The cheaper one.")
    saved_credits: Credits = strawberry.field(description="How many credits it saves.")
    sentence: str = strawberry.field(description="What it saves and what is lost, in words.")

    @classmethod
    def of(cls, trade_off: TradeOffValue) -> Self:
        """Show a trade-off."""
        return cls(
            service_type=trade_off.service_type,
            from_provider=trade_off.from_provider,
            to_provider=trade_off.to_provider,
            saved_credits=trade_off.saved,
            sentence=trade_off.sentence,
        )


@strawberry.type(description="A plan made cheaper, and what each replacement gives up.")
class ReducedPlan:
    """A plan made cheaper."""

    total_credits: Credits = strawberry.field(description="The sum of the rounded lines.")
    lines: list[PricedService] = strawberry.field(description="Its services, in the order of the request.")
    trade_offs: list[TradeOff] = strawberry.field(description="What each replacement gives up.")

    @classmethod
    def of(cls, plan: ReducedPlanValue) -> Self:
        """Show a cheaper plan."""
        return cls(
            total_credits=plan.total,
            lines=[PricedService.of(line) for line in plan.lines],
            trade_offs=[TradeOff.of(trade_off) for trade_off in plan.trade_offs],
        )


@strawberry.type(description="What would fit, where a plan is over its limit.")
class WouldFit:
    """What would fit, where a plan is over its limit."""

    short_by: Credits = strawberry.field(
        description="How many credits the limit lacks for the plan as it was wanted."
    )
    top_up: Credits = strawberry.field(description="How many credits the limit lacks for the plan `allowed`.")
    allowed: ReducedPlan = strawberry.field(
        description="The cheapest plan that is as accurate and adequate as the request asks; over the limit."
    )
    cheapest: ReducedPlan = strawberry.field(
        description="The cheapest plan of all, whatever it gives up; it may be over the limit too."
    )
    offer: ReducedPlan | None = strawberry.field(
        description=(
            "The cheapest plan where it is within the limit: ask again with its providers named to take it; "
            "null where nothing fits whole."
        )
    )
    fitting: list[FittingService] = strawberry.field(
        description="The largest share of the plan as it was wanted that is within the limit."
    )
    message: str = strawberry.field(description="All this in words.")

    @classmethod
    def of(cls, over: OverLimit) -> Self:
        """Show what would fit."""
        return cls(
            short_by=over.short_by,
            top_up=over.least_top_up,
            allowed=ReducedPlan.of(over.allowed),
            cheapest=ReducedPlan.of(over.cheapest),
            offer=None if over.offer is None else ReducedPlan.of(over.offer),
            fitting=[FittingService.of(line) for line in over.fitting],
            message=str(over),
        )
