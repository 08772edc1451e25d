"""Who could serve, and at what price."""

from functools import partial
from typing import Annotated

import strawberry

from graph.context import Info
from graph.types.provider import Provider
from metering.availability import known_providers
from pricing.units import ServiceType


async def providers(
    info: Info,
    service_type: Annotated[
        ServiceType | None, strawberry.argument(description="Of this kind of service only.")
    ] = None,
    available: Annotated[
        bool | None,
        strawberry.argument(
            description="Those only that selections may take, or those only that they may not."
        ),
    ] = None,
) -> list[Provider]:
    """List the providers that the catalogue or the caller's prices know."""
    account_id = info.context.api_key.account_id
    question = partial(known_providers, account_id=account_id, now=info.context.now())
    return [
        Provider.of(known)
        for known in await info.context.snapshot.ask(question)
        if service_type in {None, known.service_type} and available in {None, known.available}
    ]
