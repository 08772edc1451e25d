"""What to hold, as callers write it: an amount, or planned services."""

from datetime import timedelta

import strawberry

from graph import inputs
from graph.inputs import bad_input
from graph.scalars import DecimalText
from metering.credits import HoldPlan
from pricing.credits import Credits
from pricing.quote import PlannedService
from pricing.units import ServiceType, UnitType

MOST_SERVICES = 100
DEFAULT_SECONDS = 3_600
MOST_SECONDS = 35 * 24 * 3_600


@strawberry.input(description="A service that a workflow means to use.")
class PlannedServiceInput:
    """A service that a workflow means to use."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model, as the rate card names it.")
    units: DecimalText = strawberry.field(description="How many units, more than 0.")
    unit_type: UnitType = strawberry.field(description="The unit.")


@strawberry.input(description="What to hold: either an amount or planned services.")
class HoldInput:
    """What to hold."""

    amount: Credits | None = strawberry.field(
        default=None, description="So many credits, more than 0, for any service."
    )
    services: list[PlannedServiceInput] | None = strawberry.field(
        default=None,
        description=f"1 to {MOST_SERVICES} services, priced by the rate card in force, a line for each.",
    )
    expires_in_seconds: int = strawberry.field(
        default=DEFAULT_SECONDS,
        description=f"After how long what is left goes back by itself: 1 to {MOST_SECONDS:,} seconds.",
    )


def read_plan(path: str, amount: Credits | None, services: list[PlannedServiceInput] | None) -> HoldPlan:
    """Read what to hold; BAD_USER_INPUT names the field that is wrong."""
    if (amount is None) == (services is None):
        both = "not both" if services is not None else "neither is given"
        raise bad_input(f"{path}amount", f"give either amount or services, {both}.")
    if services is None:
        return HoldPlan(amount=_positive(f"{path}amount", amount))
    if not 1 <= len(services) <= MOST_SERVICES:
        raise bad_input(f"{path}services", f"1 to {MOST_SERVICES} services, not {len(services)}.")
    return HoldPlan(services=tuple(_planned(f"{path}services[{n}]", each) for n, each in enumerate(services)))


def read_expiry(path: str, seconds: int) -> timedelta:
    """Read how long a hold lasts; BAD_USER_INPUT names the field."""
    if not 1 <= seconds <= MOST_SECONDS:
        raise bad_input(f"{path}expiresInSeconds", f"1 to {MOST_SECONDS:,} seconds, not {seconds:,}.")
    return timedelta(seconds=seconds)


def _positive(field: str, amount: Credits | None) -> Credits:
    if not amount:
        raise bad_input(field, "more than 0 credits are needed.")
    return amount


def _planned(field: str, given: PlannedServiceInput) -> PlannedService:
    return PlannedService(
        service_type=given.service_type,
        provider=inputs.name(f"{field}.provider", given.provider),
        quantity=inputs.quantity(f"{field}.units", given.units, given.unit_type),
    )
