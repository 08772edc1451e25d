"""The ledger: transfers between an account's books, worked out over locked rows."""

from metering.ledger.books import purpose_of
from metering.ledger.open_accounts import OpenAccount
from metering.ledger.opening import (
    expire,
    foreseen_books,
    grants_beside,
    locked_account,
    open_before_expiry,
    open_postings,
)
from metering.ledger.postings import Postings

__all__ = [
    "OpenAccount",
    "Postings",
    "expire",
    "foreseen_books",
    "grants_beside",
    "locked_account",
    "open_before_expiry",
    "open_postings",
    "purpose_of",
]
