"""Webhook endpoints, their secrets, and deliveries by hand."""

from functools import partial
from typing import Annotated

import strawberry

from graph import ids, inputs
from graph.context import Info
from graph.mutations.results import result
from graph.types.refusals import (
    InvalidWebhookEndpoint,
    TooManyWebhookEndpoints,
    WebhookDeliveryNotFound,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
)
from graph.types.webhook import WebhookDelivery, WebhookEndpoint
from metering import webhooks
from models.event import EventType
from models.identity import IdKind
from models.writer import Command


@strawberry.input(description="A webhook endpoint to be created.")
class CreateWebhookEndpointInput:
    """An endpoint to be created."""

    url: str = strawberry.field(
        description="The address: https://, public, at most 2,000 ASCII characters, without user or fragment."
    )
    description: str | None = strawberry.field(default=None, description="What it is for.")
    event_types: list[EventType] = strawberry.field(
        default_factory=list, description="The types of events to send; none are all."
    )


@strawberry.input(description="A change of a webhook endpoint; what is left out stays.")
class UpdateWebhookEndpointInput:
    """A change of an endpoint."""

    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint.")
    url: str | None = strawberry.field(default=None, description="Its new address.")
    description: str | None = strawberry.field(default=None, description="What it is for.")
    event_types: list[EventType] | None = strawberry.field(
        default=None, description="The types of events to send; an empty list are all."
    )
    enabled: bool | None = strawberry.field(
        default=None,
        description="True to send to it again; false to send nothing more and give up what waits.",
    )


@strawberry.input(description="A webhook endpoint to be removed.")
class RemoveWebhookEndpointInput:
    """An endpoint to be removed."""

    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint.")


@strawberry.input(description="A webhook endpoint that needs a new secret.")
class RotateWebhookSecretInput:
    """An endpoint that needs a new secret."""

    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint.")


@strawberry.input(description="A webhook delivery to be sent once more.")
class ResendWebhookDeliveryInput:
    """A delivery to be sent once more."""

    delivery_id: strawberry.ID = strawberry.field(description="The delivery.")


@strawberry.input(description="A webhook endpoint to be tested.")
class SendTestEventInput:
    """An endpoint to be tested."""

    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint.")


@strawberry.type(description="A webhook endpoint was created.")
class WebhookEndpointCreated:
    """An endpoint was created."""

    endpoint: WebhookEndpoint = strawberry.field(description="The endpoint.")
    secret: str = strawberry.field(description="What signs its deliveries: keep it, it is shown this once.")


@strawberry.type(description="A webhook endpoint was changed.")
class WebhookEndpointUpdated:
    """An endpoint was changed."""

    endpoint: WebhookEndpoint = strawberry.field(description="The endpoint.")


@strawberry.type(description="A webhook endpoint was removed.")
class WebhookEndpointRemoved:
    """An endpoint was removed."""

    endpoint: WebhookEndpoint = strawberry.field(description="The endpoint; nothing is sent to it any more.")


@strawberry.type(description="A webhook endpoint has a new secret; for 24 hours the one before signs too.")
class WebhookSecretRotated:
    """An endpoint has a new secret."""

    endpoint: WebhookEndpoint = strawberry.field(description="The endpoint.")
    secret: str = strawberry.field(description="The new secret: keep it, it is shown this once.")


@strawberry.type(description="A webhook delivery is due at once.")
class WebhookDeliveryResent:
    """A delivery is due at once."""

    delivery: WebhookDelivery = strawberry.field(
        description="The same one where it was waiting; else a new one of the same event."
    )


@strawberry.type(description="An event that tells nothing is on its way to an endpoint.")
class TestEventSent:
    """A test event is on its way."""

    delivery: WebhookDelivery = strawberry.field(description="Its delivery; ask again what became of it.")


CreateWebhookEndpointResult = Annotated[
    WebhookEndpointCreated | InvalidWebhookEndpoint | TooManyWebhookEndpoints,
    result("CreateWebhookEndpointResult"),
]
UpdateWebhookEndpointResult = Annotated[
    WebhookEndpointUpdated | WebhookEndpointNotFound | InvalidWebhookEndpoint,
    result("UpdateWebhookEndpointResult"),
]
RemoveWebhookEndpointResult = Annotated[
    WebhookEndpointRemoved | WebhookEndpointNotFound, result("RemoveWebhookEndpointResult")
]
RotateWebhookSecretResult = Annotated[
    WebhookSecretRotated | WebhookEndpointNotFound, result("RotateWebhookSecretResult")
]
ResendWebhookDeliveryResult = Annotated[
    WebhookDeliveryResent | WebhookDeliveryNotFound | WebhookEndpointNotFound | WebhookEndpointDisabled,
    result("ResendWebhookDeliveryResult"),
]
SendTestEventResult = Annotated[
    TestEventSent | WebhookEndpointNotFound | WebhookEndpointDisabled, result("SendTestEventResult")
]
CreateInput = Annotated[CreateWebhookEndpointInput, strawberry.argument(description="The endpoint.")]
UpdateInput = Annotated[UpdateWebhookEndpointInput, strawberry.argument(description="The change.")]
RemoveInput = Annotated[RemoveWebhookEndpointInput, strawberry.argument(description="The endpoint.")]
RotateInput = Annotated[RotateWebhookSecretInput, strawberry.argument(description="The endpoint.")]
ResendInput = Annotated[ResendWebhookDeliveryInput, strawberry.argument(description="The delivery.")]
TestInput = Annotated[SendTestEventInput, strawberry.argument(description="The endpoint.")]


async def create_webhook_endpoint(info: Info, input: CreateInput) -> CreateWebhookEndpointResult:
    """Create an endpoint."""
    verb = partial(
        webhooks.create_webhook_endpoint,
        account_id=info.context.account_id,
        url=inputs.characters("url", input.url),
        description=inputs.optional_text("description", input.description),
        event_types=input.event_types,
        rules=info.context.webhook_targets,
    )
    created = await info.context.write(Command(info.context.account_id, verb))
    return WebhookEndpointCreated(endpoint=WebhookEndpoint.of(created.endpoint), secret=created.secret)


async def update_webhook_endpoint(info: Info, input: UpdateInput) -> UpdateWebhookEndpointResult:
    """Change an endpoint."""
    verb = partial(
        webhooks.update_webhook_endpoint,
        account_id=info.context.account_id,
        endpoint_id=ids.read("endpointId", IdKind.WEBHOOK_ENDPOINT, input.endpoint_id),
        url=inputs.optional_characters("url", input.url),
        description=inputs.optional_text("description", input.description),
        event_types=input.event_types,
        enabled=input.enabled,
        rules=info.context.webhook_targets,
    )
    row = await info.context.write(Command(info.context.account_id, verb))
    return WebhookEndpointUpdated(endpoint=WebhookEndpoint.of(row))


async def remove_webhook_endpoint(info: Info, input: RemoveInput) -> RemoveWebhookEndpointResult:
    """Remove an endpoint."""
    verb = partial(
        webhooks.remove_webhook_endpoint,
        account_id=info.context.account_id,
        endpoint_id=ids.read("endpointId", IdKind.WEBHOOK_ENDPOINT, input.endpoint_id),
    )
    row = await info.context.write(Command(info.context.account_id, verb))
    return WebhookEndpointRemoved(endpoint=WebhookEndpoint.of(row))


async def rotate_webhook_secret(info: Info, input: RotateInput) -> RotateWebhookSecretResult:
    """Give an endpoint a new secret."""
    verb = partial(
        webhooks.rotate_webhook_secret,
        account_id=info.context.account_id,
        endpoint_id=ids.read("endpointId", IdKind.WEBHOOK_ENDPOINT, input.endpoint_id),
    )
    rotated = await info.context.write(Command(info.context.account_id, verb))
    return WebhookSecretRotated(endpoint=WebhookEndpoint.of(rotated.endpoint), secret=rotated.secret)


async def resend_webhook_delivery(info: Info, input: ResendInput) -> ResendWebhookDeliveryResult:
    """Send a delivery once more."""
    verb = partial(
        webhooks.resend_webhook_delivery,
        account_id=info.context.account_id,
        delivery_id=ids.read("deliveryId", IdKind.WEBHOOK_DELIVERY, input.delivery_id),
    )
    row = await info.context.write(Command(info.context.account_id, verb))
    return WebhookDeliveryResent(delivery=WebhookDelivery.of(row))


async def send_test_event(info: Info, input: TestInput) -> SendTestEventResult:
    """Test an endpoint."""
    verb = partial(
        webhooks.send_test_event,
        account_id=info.context.account_id,
        endpoint_id=ids.read("endpointId", IdKind.WEBHOOK_ENDPOINT, input.endpoint_id),
    )
    row = await info.context.write(Command(info.context.account_id, verb))
    return TestEventSent(delivery=WebhookDelivery.of(row))
