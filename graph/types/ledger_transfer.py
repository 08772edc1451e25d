"""Ledger transfers: each moves credits from one book of an account to another."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from graph.context import Info
from graph.ids import written
from graph.permissions import read_field
from graph.scalars import Long
from graph.types.grant import Grant, grant_of
from graph.types.hold import Hold, hold_of
from graph.types.node import Node
from graph.types.service_usage import ServiceUsage
from models.identity import IdKind
from models.ledger import Book
from models.ledger import LedgerTransfer as TransferRow
from pricing.credits import Credits


@strawberry.type(
    description="One movement of credits from one book to another; it is never changed and never deleted."
)
class LedgerTransfer(Node):
    """One movement of credits."""

    sequence: Long = strawberry.field(description="Its number in the account's ledger, from 1 without a gap.")
    debit_book: Book = strawberry.field(description="The book that the credits left.")
    credit_book: Book = strawberry.field(description="The book that they entered.")
    amount: Credits = strawberry.field(description="How many credits.")
    posted_at: datetime = strawberry.field(description="When it was posted.")
    hash: str = strawberry.field(
        description="SHA-256 over the transfer and the hash before: a change anywhere before would show."
    )
    row: strawberry.Private[TransferRow]

    @classmethod
    def of(cls, row: TransferRow) -> Self:
        """Show a transfer."""
        return cls(
            id=written(IdKind.LEDGER_TRANSFER, row.id),
            sequence=Long(row.sequence),
            debit_book=row.debit_book,
            credit_book=row.credit_book,
            amount=row.amount,
            posted_at=row.posted_at,
            hash=row.hash,
            row=row,
        )

    @read_field("The grant whose credits they are; null for those of no grant.")
    async def grant(self, info: Info) -> Grant | None:
        """Load the grant."""
        if self.row.grant_id is None:
            return None
        row = await info.context.loaders.grant_by_id.load((self.row.account_id, self.row.grant_id))
        return None if row is None else await grant_of(info, row)

    @read_field("The hold that they left; null where they left another book.")
    async def debit_hold(self, info: Info) -> Hold | None:
        """Load the hold."""
        return await self._hold(info, self.row.debit_hold_id)

    @read_field("The hold that they entered; null where they entered another book.")
    async def credit_hold(self, info: Info) -> Hold | None:
        """Load the hold."""
        return await self._hold(info, self.row.credit_hold_id)

    @read_field("The usage that was paid or refunded; null where it is neither.")
    async def service_usage(self, info: Info) -> ServiceUsage | None:
        """Load the usage."""
        if self.row.service_usage_id is None:
            return None
        key = (self.row.account_id, self.row.service_usage_id)
        row = await info.context.loaders.service_usage_by_id.load(key)
        return None if row is None else ServiceUsage.of(row)

    async def _hold(self, info: Info, hold_id: UUID | None) -> Hold | None:
        if hold_id is None:
            return None
        row = await info.context.loaders.hold_by_id.load((self.row.account_id, hold_id))
        return None if row is None else await hold_of(info, row)
