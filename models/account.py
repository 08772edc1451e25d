"""Accounts: the tenants, with the balances of their ledger books."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Money
from pricing.credits import Credits


class Account(Base):
    """A tenant and its cached balances, which always equal its ledger transfers.

    `granted` and `expired` count credits that came and went unused; `spent` all that usages cost;
    `overdraft` the part of it that no grant covered. A null `overdraft_limit` is a postpaid account.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("overdraft_limit >= 0", name="overdraft_limit"),
        CheckConstraint(
            "granted >= 0 AND spent >= 0 AND expired >= 0 AND overdraft >= 0 AND overdraft <= spent",
            name="balances",
        ),
        CheckConstraint("spent - overdraft + expired <= granted", name="cover"),
        {"sqlite_strict": True},
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    overdraft_limit: Mapped[Credits | None] = mapped_column(Money)
    granted: Mapped[Credits] = mapped_column(Money)
    spent: Mapped[Credits] = mapped_column(Money)
    expired: Mapped[Credits] = mapped_column(Money)
    overdraft: Mapped[Credits] = mapped_column(Money)
    created_at: Mapped[datetime] = mapped_column(Instant)
