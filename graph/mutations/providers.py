"""Take providers out of selections and put them back, for operators."""

from functools import partial
from typing import Annotated

import strawberry

from graph import inputs
from graph.context import Info
from graph.inputs import bad_input
from graph.mutations.results import result
from graph.types.provider import ProviderAvailability
from graph.types.refusals import ProviderNotFound
from metering.availability import set_availability
from models.writer import Command
from pricing.units import ServiceType


@strawberry.input(description="Whether selections may take a provider from now on.")
class SetProviderAvailabilityInput:
    """Whether selections may take a provider."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    available: bool = strawberry.field(description="False takes it out of selections, true puts it back.")
    reason: str | None = strawberry.field(
        default=None, description="Why it is taken out, for those who ask; only with `available: false`."
    )


@strawberry.type(description="It is set whether selections may take a provider, or was so already.")
class ProviderAvailabilitySet:
    """It is set whether selections may take a provider."""

    availability: ProviderAvailability = strawberry.field(description="What holds now.")


SetProviderAvailabilityResult = Annotated[
    ProviderAvailabilitySet | ProviderNotFound, result("SetProviderAvailabilityResult")
]
SetInput = Annotated[
    SetProviderAvailabilityInput, strawberry.argument(description="The provider, and what holds.")
]


async def set_provider_availability(info: Info, input: SetInput) -> SetProviderAvailabilityResult:
    """Take a provider out of selections, or put it back."""
    if input.available and input.reason is not None:
        raise bad_input("reason", "only an outage has a reason: leave it out where available is true.")
    provider = inputs.name("provider", input.provider)
    verb = partial(
        set_availability,
        service_type=input.service_type,
        provider=provider,
        available=input.available,
        reason=inputs.optional_text("reason", input.reason),
    )
    outage = await info.context.write(Command(None, verb))
    return ProviderAvailabilitySet(availability=ProviderAvailability.of(input.service_type, provider, outage))
