"""Refusals: webhook endpoints and deliveries."""

from datetime import datetime

import strawberry

from graph.types.refusals.refusal import Refusal


@strawberry.type(description="There is no such webhook endpoint in this account, or it is removed.")
class WebhookEndpointNotFound(Refusal):
    """There is no such endpoint."""


@strawberry.type(description="There is no such webhook delivery in this account.")
class WebhookDeliveryNotFound(Refusal):
    """There is no such delivery."""


@strawberry.type(description="Nothing can be sent to such an address.")
class InvalidWebhookEndpoint(Refusal):
    """Nothing can be sent to such an address."""

    field: str = strawberry.field(description="Which input it is.")


@strawberry.type(description="The account has as many webhook endpoints as it can have.")
class TooManyWebhookEndpoints(Refusal):
    """The account has as many endpoints as it can have."""

    most: int = strawberry.field(description="How many that is.")


@strawberry.type(description="Nothing is sent to the endpoint until it is enabled again.")
class WebhookEndpointDisabled(Refusal):
    """Nothing is sent to the endpoint."""

    disabled_at: datetime = strawberry.field(description="Since when.")
