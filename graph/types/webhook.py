"""Webhook endpoints and deliveries, without their secrets."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from graph.context import Info
from graph.ids import written
from graph.loaders import filters
from graph.loaders.pages import ListKey
from graph.permissions import read_field
from graph.types.connection import PAGED, Connection, PageArguments, connect
from graph.types.event import Event
from graph.types.listings import DELIVERIES_OF_ENDPOINT
from graph.types.node import Node
from graph.types.orders import DELIVERIES_NEWEST_FIRST
from models.event import EventType
from models.identity import IdKind
from models.webhook import DeliveryStatus, DisabledReason
from models.webhook import WebhookDelivery as DeliveryRow
from models.webhook import WebhookEndpoint as EndpointRow

OfStatuses = Annotated[
    list[DeliveryStatus] | None,
    strawberry.argument(name="status", description="Only deliveries that are there."),
]


@strawberry.type(description="An address that the account's events are sent to, signed by its secret.")
class WebhookEndpoint(Node):
    """An address that the account's events are sent to."""

    url: str = strawberry.field(description="The address.")
    description: str | None = strawberry.field(description="What it is for.")
    event_types: list[EventType] = strawberry.field(
        description="The types of events that are sent to it; none are all."
    )
    created_at: datetime = strawberry.field(
        description="When it was created; it hears of what happens from then on."
    )
    updated_at: datetime = strawberry.field(description="When its owner last changed it.")
    disabled_at: datetime | None = strawberry.field(
        description="Since when nothing is sent to it; null while it is enabled."
    )
    disabled_reason: DisabledReason | None = strawberry.field(description="Why nothing is sent to it.")
    removed_at: datetime | None = strawberry.field(description="When it was removed.")
    row: strawberry.Private[EndpointRow]

    @classmethod
    def of(cls, row: EndpointRow) -> Self:
        """Show an endpoint."""
        return cls(
            id=written(IdKind.WEBHOOK_ENDPOINT, row.id),
            url=row.url,
            description=row.description,
            event_types=list(row.event_types),
            created_at=row.created_at,
            updated_at=row.updated_at,
            disabled_at=row.disabled_at,
            disabled_reason=row.disabled_reason,
            removed_at=row.removed_at,
            row=row,
        )

    @read_field("What was sent to it, the newest first.", PAGED)
    async def deliveries(
        self, info: Info, page: PageArguments, statuses: OfStatuses = None
    ) -> Connection["WebhookDelivery"]:
        """Load a page of deliveries."""
        parent = (self.row.account_id, self.row.id)
        like = filters.DeliveriesLike(tuple(sorted(set(statuses or ()))))
        deliveries = ListKey(DELIVERIES_OF_ENDPOINT, parent, like, DELIVERIES_NEWEST_FIRST)
        return await connect(info, deliveries, WebhookDelivery.of, page)


@strawberry.type(description="The telling of one event to one endpoint, with as many attempts as it takes.")
class WebhookDelivery(Node):
    """The telling of one event to one endpoint."""

    status: DeliveryStatus = strawberry.field(description="Where it is.")
    attempt_count: int = strawberry.field(description="How many attempts were begun.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When the next attempt is due; null where none follows."
    )
    last_attempt_at: datetime | None = strawberry.field(description="When the last attempt was begun.")
    last_status_code: int | None = strawberry.field(
        description="The HTTP status of the last answer; null where none came."
    )
    last_error: str | None = strawberry.field(
        description="Why the last attempt failed, or why no other follows."
    )
    delivered_at: datetime | None = strawberry.field(description="When the endpoint took it.")
    created_at: datetime = strawberry.field(description="When it became due.")
    row: strawberry.Private[DeliveryRow]

    @classmethod
    def of(cls, row: DeliveryRow) -> Self:
        """Show a delivery."""
        return cls(
            id=written(IdKind.WEBHOOK_DELIVERY, row.id),
            status=row.status,
            attempt_count=row.attempt_count,
            next_attempt_at=row.next_attempt_at,
            last_attempt_at=row.last_attempt_at,
            last_status_code=row.last_status_code,
            last_error=row.last_error,
            delivered_at=row.delivered_at,
            created_at=row.created_at,
            row=row,
        )

    @read_field("What the endpoint is told of.")
    async def event(self, info: Info) -> Event:
        """Load the event."""
        row = await info.context.loaders.event_by_id.load((self.row.account_id, self.row.event_id))
        assert row is not None  # noqa: S101 - a foreign key says so
        return Event.of(row)

    @read_field("Where it goes.")
    async def endpoint(self, info: Info) -> WebhookEndpoint:
        """Load the endpoint."""
        key = (self.row.account_id, self.row.endpoint_id)
        row = await info.context.loaders.webhook_endpoint_by_id.load(key)
        assert row is not None  # noqa: S101 - a foreign key says so
        return WebhookEndpoint.of(row)
