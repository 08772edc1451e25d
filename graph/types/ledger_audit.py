"""The audit of the ledger: are the books right, and what was the balance at a moment?"""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from graph.context import Info
from graph.permissions import read_field
from graph.scalars import Long
from graph.types.account import Account
from metering.auditing import Audit, Difference, PastBalance
from pricing.credits import Credits


@strawberry.type(description="A figure, a hash or a reference that is not what the records say.")
class LedgerDifference:
    """A figure, a hash or a reference that is not what the records say."""

    what: str = strawberry.field(description="What differs, and of which thing, e.g. `balance spent`.")
    recorded: str = strawberry.field(description="What is recorded; amounts are credits.")
    recomputed: str = strawberry.field(description="What the records say it should be.")
    account_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, found: Difference) -> Self:
        """Show a difference."""
        return cls(
            what=found.what,
            recorded=found.recorded,
            recomputed=found.recomputed,
            account_id=found.account_id,
        )

    @read_field("Whose books differ; null where the account itself is gone.")
    async def account(self, info: Info) -> Account | None:
        """Load the account."""
        row = await info.context.loaders.account_by_id.load(self.account_id)
        return None if row is None else Account.of(row)


@strawberry.type(description="An account's credits as the transfers say that were posted until a moment.")
class LedgerBalance:
    """An account's credits as they were at a moment."""

    as_of: datetime = strawberry.field(description="The moment.")
    available: Credits = strawberry.field(description="What grants in effect at that moment held.")
    held: Credits = strawberry.field(description="What holds kept.")
    granted: Credits = strawberry.field(description="All credits given until then and not taken back.")
    spent: Credits = strawberry.field(description="All that usages cost, refunds taken off.")
    overdraft: Credits = strawberry.field(description="The part of it that no grant covered: what was owed.")
    expired: Credits = strawberry.field(description="What had been left of grants that expired.")

    @classmethod
    def of(cls, balance: PastBalance, as_of: datetime) -> Self:
        """Show a balance."""
        return cls(
            as_of=as_of,
            available=balance.available,
            held=balance.held,
            granted=balance.granted,
            spent=balance.spent,
            overdraft=balance.overdraft,
            expired=balance.expired,
        )


@strawberry.type(
    description=(
        "What recomputing the books found: balances, grants, holds, payments, totals, budgets, references "
        "and the chain of transfers."
    )
)
class LedgerAudit:
    """What recomputing the books found."""

    ok: bool = strawberry.field(description="Whether nothing differs.")
    account_count: Long = strawberry.field(description="How many accounts were audited.")
    transfer_count: Long = strawberry.field(
        description="How many transfers were read, and their hashes made."
    )
    usage_count: Long = strawberry.field(description="How many usages were compared with their payments.")
    checked_at: datetime = strawberry.field(description="When this was.")
    chain_hash: str | None = strawberry.field(
        description=(
            "The hash of the account's last transfer, empty before the first: who keeps it can tell later "
            "that nothing before was changed. Null where all accounts were audited."
        )
    )
    differences: list[LedgerDifference] = strawberry.field(description="What differs: there must be nothing.")
    balance: LedgerBalance | None = strawberry.field(
        description="The account's balance at `asOf`; null where all accounts were audited."
    )

    @classmethod
    def of(cls, found: Audit, balance: LedgerBalance | None, checked_at: datetime) -> Self:
        """Show an audit."""
        return cls(
            ok=found.ok,
            account_count=Long(found.account_count),
            transfer_count=Long(found.transfer_count),
            usage_count=Long(found.usage_count),
            checked_at=checked_at,
            chain_hash=found.chain_hash,
            differences=[LedgerDifference.of(each) for each in found.differences],
            balance=balance,
        )
