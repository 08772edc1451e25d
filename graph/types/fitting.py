"""What would have fitted, where a plan was refused."""

from typing import Self

import strawberry

from graph.scalars import DecimalText
from pricing.credits import Credits
from pricing.quote import PricedUsage
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
