"""The list of an account's ledger transfers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry

from graph import ids
from graph.context import Info
from graph.loaders import filters
from graph.loaders.pages import Listing, ListKey, Order, Parent
from graph.types.connection import Connection, PageArguments, connect
from graph.types.enums import described
from graph.types.ledger_transfer import LedgerTransfer
from metering.analytics import Period
from models.identity import IdKind
from models.ledger import Book
from models.ledger import LedgerTransfer as TransferRow

TRANSFERS_OF_ACCOUNT = Listing(TransferRow, TransferRow.account_id, TransferRow.account_id, TransferRow.id)


@described(
    "How ledger transfers are ordered.",
    NEWEST_FIRST="By their number in the ledger, the highest first.",
    OLDEST_FIRST="By their number in the ledger, the lowest first.",
)
class LedgerTransferOrder(StrEnum):
    """How ledger transfers are ordered."""

    NEWEST_FIRST = "NEWEST_FIRST"
    OLDEST_FIRST = "OLDEST_FIRST"


@strawberry.input(description="Which ledger transfers a list has; what is left out narrows nothing.")
class LedgerTransferFilter:
    """Which ledger transfers a list has."""

    book: Book | None = strawberry.field(default=None, description="Those that left or entered this book.")
    hold_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those that left or entered this hold."
    )
    grant_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those that moved credits of this grant."
    )
    service_usage_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those that paid or refunded this usage."
    )
    posted_from: datetime | None = strawberry.field(
        default=None, description="Posted at this moment or later."
    )
    posted_to: datetime | None = strawberry.field(default=None, description="Posted before this moment.")

    def read(self) -> filters.TransfersLike:
        """Check the filter and give it to the store."""
        usage_id = ids.read_optional("filter.serviceUsageId", IdKind.SERVICE_USAGE, self.service_usage_id)
        return filters.TransfersLike(
            book=self.book,
            hold_id=ids.read_optional("filter.holdId", IdKind.HOLD, self.hold_id),
            grant_id=ids.read_optional("filter.grantId", IdKind.GRANT, self.grant_id),
            service_usage_id=usage_id,
            posted=Period(self.posted_from, self.posted_to),
        )


LedgerTransfersLike = Annotated[
    LedgerTransferFilter | None,
    strawberry.argument(name="filter", description="Only transfers like these."),
]
LedgerTransfersBy = Annotated[
    LedgerTransferOrder, strawberry.argument(name="orderBy", description="The order of the transfers.")
]


async def connect_transfers(
    info: Info,
    parent: Parent,
    narrowed: LedgerTransferFilter | None,
    order: LedgerTransferOrder,
    asked: PageArguments,
) -> Connection[LedgerTransfer]:
    """Load one page of an account's transfers."""
    like = narrowed.read() if narrowed else filters.TransfersLike()
    transfers = ListKey(TRANSFERS_OF_ACCOUNT, parent, like, _ORDERS[order])
    return await connect(info, transfers, LedgerTransfer.of, asked)


_ORDERS = {
    LedgerTransferOrder.NEWEST_FIRST: Order("LATEST_TRANSFERS", TransferRow.sequence, descending=True),
    LedgerTransferOrder.OLDEST_FIRST: Order("EARLIEST_TRANSFERS", TransferRow.sequence, descending=False),
}
