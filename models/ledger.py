"""The ledger: grants and the transfers that move credits between an account's books."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Id, Instant, Money, Name
from pricing.credits import Credits


class Book(StrEnum):
    """The books of an account: every transfer leaves one and enters another."""

    ISSUED = "ISSUED"
    GRANT = "GRANT"
    HOLD = "HOLD"
    SPENT = "SPENT"
    EXPIRED = "EXPIRED"
    OVERDRAFT = "OVERDRAFT"


class RestrictionKind(StrEnum):
    """What a restricted grant serves only."""

    ADAPTER = "ADAPTER"
    WORKFLOW = "WORKFLOW"


class Grant(Base):
    """Credits given to an account; `remaining` always equals the grant's book in the ledger.

    A voided grant pays no more: what was left of it, `voided`, was taken back.
    """

    __tablename__ = "credit_grant"
    __table_args__ = (
        CheckConstraint("amount > 0 AND remaining >= 0 AND remaining <= amount", name="bounds"),
        CheckConstraint("(restriction_kind IS NULL) = (restriction_name IS NULL)", name="restriction"),
        CheckConstraint("restriction_kind IN ('ADAPTER', 'WORKFLOW')", name="restriction_kind"),
        Index("ix_credit_grant_created", "account_id", "created_at", "id"),
        Index(
            "ix_credit_grant_remaining",
            "account_id",
            "id",
            sqlite_where=text("remaining > 0"),
            postgresql_where=text("remaining > 0"),
        ),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    amount: Mapped[Credits] = mapped_column(Money)
    remaining: Mapped[Credits] = mapped_column(Money)
    priority: Mapped[int] = mapped_column(Integer)
    effective_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    restriction_kind: Mapped[RestrictionKind | None] = mapped_column(Name(RestrictionKind))
    restriction_name: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    voided: Mapped[Credits | None] = mapped_column(Money)
    voided_at: Mapped[datetime | None] = mapped_column(Instant)
    void_reason: Mapped[str | None] = mapped_column(Text)


WITH_SOMETHING_LEFT = Grant.remaining > literal_column("0")
"""Grants that keep something. Its zero is no parameter, so that the index of such grants serves it."""


# SQLite makes a table of a list of more than two, and makes it anew for each row that it checks.
_IS_A_BOOK = (
    "{0} = 'ISSUED' OR {0} = 'GRANT' OR {0} = 'HOLD' OR {0} = 'SPENT' OR {0} = 'EXPIRED' OR {0} = 'OVERDRAFT'"
)


def _index_of_named(name: str, column: str) -> Index:
    """Index the transfers that name something, in their order; most name one or two of four.

    Without their order SQLite would rather walk through all transfers of an account in theirs.
    """
    named = text(f"{column} IS NOT NULL")
    return Index(name, "account_id", column, "sequence", sqlite_where=named, postgresql_where=named)


class LedgerTransfer(Base):
    """One movement of credits from one book to another; append-only, which the database enforces.

    `debit_hold_id` and `credit_hold_id` name the holds whose books they are; `grant_id` the grant whose book
    it is or, where credits leave or enter a hold, the grant that they came from; `service_usage_id` the usage
    that was paid or refunded. `sequence` counts an account's transfers from 1 without a gap, and `hash`
    chains each to the one before.
    """

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "grant_id"], ["credit_grant.account_id", "credit_grant.id"]),
        ForeignKeyConstraint(
            ["account_id", "service_usage_id"], ["service_usage.account_id", "service_usage.id"]
        ),
        ForeignKeyConstraint(
            ["account_id", "debit_hold_id"],
            ["credit_hold.account_id", "credit_hold.id"],
            name="fk_ledger_transfer_debit_hold",
        ),
        ForeignKeyConstraint(
            ["account_id", "credit_hold_id"],
            ["credit_hold.account_id", "credit_hold.id"],
            name="fk_ledger_transfer_credit_hold",
        ),
        UniqueConstraint("account_id", "sequence", name="uq_ledger_transfer_sequence"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("sequence > 0", name="sequence"),
        CheckConstraint(
            "debit_book <> credit_book OR (debit_book = 'HOLD' AND debit_hold_id <> credit_hold_id)",
            name="books",
        ),
        CheckConstraint(_IS_A_BOOK.format("debit_book"), name="debit_book"),
        CheckConstraint(_IS_A_BOOK.format("credit_book"), name="credit_book"),
        CheckConstraint(
            "(debit_book <> 'GRANT' AND credit_book <> 'GRANT') OR grant_id IS NOT NULL", name="grant_named"
        ),
        CheckConstraint("(debit_book = 'HOLD') = (debit_hold_id IS NOT NULL)", name="debit_hold_named"),
        CheckConstraint("(credit_book = 'HOLD') = (credit_hold_id IS NOT NULL)", name="credit_hold_named"),
        _index_of_named("ix_ledger_transfer_usage", "service_usage_id"),
        _index_of_named("ix_ledger_transfer_grant", "grant_id"),
        _index_of_named("ix_ledger_transfer_debit_hold", "debit_hold_id"),
        _index_of_named("ix_ledger_transfer_credit_hold", "credit_hold_id"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInt)
    debit_book: Mapped[Book] = mapped_column(Name(Book))
    credit_book: Mapped[Book] = mapped_column(Name(Book))
    amount: Mapped[Credits] = mapped_column(Money)
    grant_id: Mapped[UUID | None] = mapped_column(Id)
    debit_hold_id: Mapped[UUID | None] = mapped_column(Id)
    credit_hold_id: Mapped[UUID | None] = mapped_column(Id)
    service_usage_id: Mapped[UUID | None] = mapped_column(Id)
    posted_at: Mapped[datetime] = mapped_column(Instant)
    hash: Mapped[str] = mapped_column(Text)
