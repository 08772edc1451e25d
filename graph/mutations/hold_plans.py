"""What to hold, as callers write it: an amount, planned services, a stored quote, or a selection."""

from datetime import timedelta

import strawberry

from graph import ids, inputs
from graph.inputs import MOST_SERVICES, bad_input
from graph.scalars import DecimalText
from metering.credits import HoldPlan
from metering.plans import Plan
from models.identity import IdKind
from pricing.credits import Credits
from pricing.quote import PlannedService
from pricing.units import ServiceType, UnitType

DEFAULT_SECONDS = 3_600
MOST_SECONDS = 35 * 24 * 3_600


@strawberry.input(description="A service that a workflow means to use.")
class PlannedServiceInput:
    """A service that a workflow means to use."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model, as the rate card names it.")
    units: DecimalText = strawberry.field(description="How many units, more than 0.")
    unit_type: UnitType = strawberry.field(description="The unit.")


@strawberry.input(
    description=(
        "What to hold: an amount, planned services, or what a stored quote promises. With none of these, a "
        "run that starts with a selection holds what was selected for it."
    )
)
class HoldInput:
    """What to hold."""

    amount: Credits | None = strawberry.field(
        default=None, description="So many credits, more than 0, for any service."
    )
    services: list[PlannedServiceInput] | None = strawberry.field(
        default=None,
        description=f"1 to {MOST_SERVICES} services, priced by the rate card in force, a line for each.",
    )
    quote_id: strawberry.ID | None = strawberry.field(
        default=None,
        description=(
            "The services of this stored quote, at its prices; what it selected is then the run's selection. "
            "One quote serves one hold."
        ),
    )
    expires_in_seconds: int = strawberry.field(
        default=DEFAULT_SECONDS,
        description=f"After how long what is left goes back by itself: 1 to {MOST_SECONDS:,} seconds.",
    )


def read_first_hold(given: HoldInput | None, selection: Plan | None) -> HoldPlan | None:
    """Read what a run that starts holds at once; BAD_USER_INPUT names the field that is wrong."""
    if given is None:
        return None
    chosen = _given(amount=given.amount, services=given.services, quoteId=given.quote_id)
    if not chosen and selection is not None:
        return HoldPlan()
    if not chosen:
        raise bad_input(
            "hold.amount", "give amount, services or quoteId here, or a selection beside the hold."
        )
    if given.quote_id is not None and selection is not None:
        raise bad_input("hold.quoteId", "a quote brings its own selection: leave selection out.")
    return _read_one("hold.", given, None)


def read_hold(given: HoldInput, selection: Plan | None) -> HoldPlan:
    """Read what a running run is to hold; BAD_USER_INPUT names the field that is wrong."""
    return _read_one("", given, selection)


def read_amount_or_services(
    path: str, amount: Credits | None, services: list[PlannedServiceInput] | None
) -> HoldPlan:
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
    """Read how long a hold or a quote lasts; BAD_USER_INPUT names the field."""
    if not 1 <= seconds <= MOST_SECONDS:
        raise bad_input(f"{path}expiresInSeconds", f"1 to {MOST_SECONDS:,} seconds, not {seconds:,}.")
    return timedelta(seconds=seconds)


def _read_one(path: str, given: HoldInput, selection: Plan | None) -> HoldPlan:
    named = _given(amount=given.amount, services=given.services, quoteId=given.quote_id, selection=selection)
    if len(named) != 1:
        field = f"{path}{named[1] if named else 'amount'}"
        what = f"not {' and '.join(named)}" if named else "none is given"
        raise bad_input(field, f"give one of amount, services, quoteId and selection, {what}.")
    if given.quote_id is not None:
        return HoldPlan(quote_id=ids.read(f"{path}quoteId", IdKind.QUOTE, given.quote_id))
    if selection is not None:
        return HoldPlan(selection=selection)
    return read_amount_or_services(path, given.amount, given.services)


def _given(**fields: object) -> list[str]:
    return [name for name, value in fields.items() if value is not None]


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
