"""Balances: an account's credits at this moment."""

from typing import Self

import strawberry

from graph.context import Info
from graph.loaders.balances import books_of
from models.account import Account
from pricing.credits import Credits


@strawberry.type(
    description="An account's credits at this moment; what has expired by now counts as gone back already."
)
class Balance:
    """An account's credits at this moment."""

    available: Credits = strawberry.field(
        description="What grants in effect still hold, restricted ones included."
    )
    held: Credits = strawberry.field(description="What open holds set aside.")
    granted: Credits = strawberry.field(description="All credits ever given and not taken back.")
    spent: Credits = strawberry.field(description="All that usages cost, voided ones left out.")
    overdraft: Credits = strawberry.field(description="The part of it that no grant covered: what is owed.")
    expired: Credits = strawberry.field(description="What was left of grants when they expired.")
    spendable: Credits | None = strawberry.field(
        description=(
            "What any workflow may still spend or hold: unrestricted grants in effect and the credit line; "
            "null where nothing limits it."
        )
    )

    @classmethod
    async def of(cls, row: Account, info: Info) -> Self:
        """Join the books with what is left of grants and with what is due."""
        grants = await info.context.loaders.grant_sums_by_account.load(row.id)
        dues = await info.context.loaders.dues_by_account.load(row.id)
        books = books_of(row, grants, dues)
        return cls(
            available=books.available,
            held=books.held,
            granted=books.granted,
            spent=row.spent,
            overdraft=row.owed,
            expired=books.expired,
            spendable=books.spendable,
        )
