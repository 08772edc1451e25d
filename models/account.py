"""Accounts: the tenants, with the balances of their ledger books."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Id, Instant, Money
from pricing.credits import Credits


class Account(Base):
    """A tenant and its cached balances, which always equal its ledger transfers.

    `granted` counts credits that were given and not taken back, `expired` those that went unused, `spent`
    all that usages cost, `held` what open holds set aside. `overdraft` is what was drawn beyond the grants;
    its part `held_on_credit` is still in holds and not owed yet. A null `overdraft_limit` is a postpaid
    account.

    `transfer_count` and `chain_hash` are the ledger's end: its last sequence number and its last hash.
    Nothing of the account expires before `expiry_due_at`. `budgets_version` changes with its budgets.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("overdraft_limit >= 0", name="overdraft_limit"),
        CheckConstraint(
            "granted >= 0 AND spent >= 0 AND expired >= 0 AND held >= 0 AND held_on_credit >= 0 "
            "AND held_on_credit <= held AND held_on_credit <= overdraft "
            "AND overdraft <= spent + held_on_credit",
            name="balances",
        ),
        CheckConstraint("spent + held + expired <= granted + overdraft", name="cover"),
        Index("ix_account_expiry_due", "expiry_due_at"),
        {"sqlite_strict": True},
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    overdraft_limit: Mapped[Credits | None] = mapped_column(Money)
    granted: Mapped[Credits] = mapped_column(Money)
    spent: Mapped[Credits] = mapped_column(Money)
    expired: Mapped[Credits] = mapped_column(Money)
    overdraft: Mapped[Credits] = mapped_column(Money)
    held: Mapped[Credits] = mapped_column(Money)
    held_on_credit: Mapped[Credits] = mapped_column(Money)
    transfer_count: Mapped[int] = mapped_column(BigInt)
    chain_hash: Mapped[str] = mapped_column(Text)
    expiry_due_at: Mapped[datetime | None] = mapped_column(Instant)
    budgets_version: Mapped[int] = mapped_column(BigInt)
    balance_alert_threshold: Mapped[Credits | None] = mapped_column(Money)
    created_at: Mapped[datetime] = mapped_column(Instant)

    @property
    def owed(self) -> Credits:
        """What usages cost beyond the grants: the overdraft without the part that holds only set aside."""
        return self.overdraft - self.held_on_credit


BALANCES = ("granted", "spent", "expired", "overdraft", "held", "held_on_credit")
"""The credits that postings move."""
LEDGER_STATE = ("expiry_due_at", "transfer_count", "chain_hash")
"""What else postings move: when something expires next, and the end of the ledger."""
