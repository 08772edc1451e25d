"""Events: what happened to an account that somebody may want to hear of."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from graph.context import Info
from graph.ids import written
from graph.loaders import filters
from graph.loaders.pages import ListKey
from graph.permissions import read_field
from graph.scalars import JsonValue
from graph.types.connection import PAGED, Connection, PageArguments, connect
from graph.types.listings import DELIVERIES_OF_EVENT
from graph.types.node import Node
from graph.types.orders import DELIVERIES_NEWEST_FIRST
from models.event import Event as EventRow
from models.event import EventType
from models.identity import IdKind

if TYPE_CHECKING:
    from graph.types.webhook import WebhookDelivery

OfEventTypes = Annotated[
    list[EventType] | None, strawberry.argument(name="type", description="Only events of these types.")
]


@strawberry.type(description="Something that happened to the account; webhook endpoints are told of it.")
class Event(Node):
    """Something that happened to the account."""

    type: EventType = strawberry.field(description="What happened.")
    data: JsonValue = strawberry.field(
        description="What it happened to: ids as everywhere in the graph, credits as decimal strings."
    )
    occurred_at: datetime = strawberry.field(description="When it happened.")
    row: strawberry.Private[EventRow]

    @classmethod
    def of(cls, row: EventRow) -> Self:
        """Show an event."""
        return cls(
            id=written(IdKind.EVENT, row.id),
            type=row.type,
            data=JsonValue(row.data),
            occurred_at=row.occurred_at,
            row=row,
        )

    @read_field("How webhook endpoints were told of it, the newest delivery first.", PAGED)
    async def deliveries(
        self, info: Info, page: PageArguments
    ) -> Connection[Annotated["WebhookDelivery", strawberry.lazy("graph.types.webhook")]]:
        """Load a page of deliveries."""
        from graph.types.webhook import WebhookDelivery  # noqa: PLC0415 - the two types name each other

        parent = (self.row.account_id, self.row.id)
        deliveries = ListKey(DELIVERIES_OF_EVENT, parent, filters.Everything(), DELIVERIES_NEWEST_FIRST)
        return await connect(info, deliveries, WebhookDelivery.of, page)
