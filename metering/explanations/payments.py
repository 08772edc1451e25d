"""Who paid for a usage, by the ledger: its transfers in their order, and what went back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.identity import IdKind, format_id
from models.ledger import Book, Grant, LedgerTransfer
from models.service_usage import ServiceUsage
from pricing.credits import Credits
from pricing.explanation import credits_in_words


class PaymentSource(StrEnum):
    """What paid: credits set aside before, a grant, or nothing but the account's word."""

    HOLD = "HOLD"
    GRANT = "GRANT"
    OVERDRAFT = "OVERDRAFT"


@dataclass(frozen=True, slots=True)
class Payment:
    """Credits from one source. A hold's came from the grant or, where it names none, from the credit line."""

    source: PaymentSource
    hold_id: UUID | None
    grant_id: UUID | None
    credits: Credits
    at: datetime


@dataclass(frozen=True, slots=True)
class Refund:
    """Credits of a voided usage that went back into a book."""

    book: Book
    grant_id: UUID | None
    credits: Credits
    at: datetime


def payments_of(transfers: Iterable[LedgerTransfer]) -> tuple[Payment, ...]:
    """Give what was paid for a usage, in the order of its transfers."""
    return tuple(
        Payment(PaymentSource(it.debit_book), it.debit_hold_id, it.grant_id, it.amount, it.posted_at)
        for it in transfers
        if it.credit_book is Book.SPENT
    )


def refunds_of(transfers: Iterable[LedgerTransfer]) -> tuple[Refund, ...]:
    """Give what went back of a usage, in the order of its transfers."""
    return tuple(
        Refund(it.credit_book, it.grant_id, it.amount, it.posted_at)
        for it in transfers
        if it.debit_book is Book.SPENT
    )


def paid_in_words(payments: Iterable[Payment], grants: Mapping[UUID, Grant]) -> str:
    """Tell who paid."""
    told = [f"{credits_in_words(it.credits)} {_source(it, grants)}" for it in payments]
    return f"Paid: {'; '.join(told)}." if told else "Nothing was to be paid."


def refunded_in_words(
    usage: ServiceUsage, refunds: Iterable[Refund], grants: Mapping[UUID, Grant]
) -> str | None:
    """Tell what went back of a voided usage; None for one that counts."""
    if usage.voided_at is None:
        return None
    told = [f"{credits_in_words(it.credits)} {_target(it, grants)}" for it in refunds]
    voided = f"Voided at {usage.voided_at.isoformat()} ({usage.void_reason})"
    return f"{voided}: {'; '.join(told)}." if told else f"{voided}."


def _source(payment: Payment, grants: Mapping[UUID, Grant]) -> str:
    if payment.hold_id is not None:
        origin = "the credit line" if payment.grant_id is None else _grant(payment.grant_id, grants)
        return f"from {format_id(IdKind.HOLD, payment.hold_id)}, set aside from {origin}"
    if payment.grant_id is not None:
        return f"from {_grant(payment.grant_id, grants)}"
    return "that no grant covered, which the account owes"


def _target(refund: Refund, grants: Mapping[UUID, Grant]) -> str:
    if refund.grant_id is None:
        return "less are owed"
    ending = {Book.EXPIRED: ", which has expired", Book.ISSUED: ", which was taken back"}
    return f"went back to {_grant(refund.grant_id, grants)}{ending.get(refund.book, '')}"


def _grant(grant_id: UUID, grants: Mapping[UUID, Grant]) -> str:
    named = format_id(IdKind.GRANT, grant_id)
    grant = grants.get(grant_id)
    return f"{named} ({grant.reason})" if grant is not None and grant.reason else named
