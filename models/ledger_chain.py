"""The chain over an account's transfers: each hash covers its transfer and, through the one before, the rest.

A changed row no longer fits its hash, a missing one leaves a gap, and a missing end shows beside the count
and the hash that the account keeps. The form that is hashed never changes: stored hashes could not be
checked again.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

GENESIS = ""
"""What the first transfer of an account is chained to."""


def chained(
    previous: str,
    *,
    account_id: UUID,
    sequence: int,
    transfer_id: UUID,
    debit_book: str,
    credit_book: str,
    amount_micros: int,
    grant_id: UUID | None,
    debit_hold_id: UUID | None,
    credit_hold_id: UUID | None,
    service_usage_id: UUID | None,
    posted_at: datetime,
) -> str:
    """Give a transfer's hash: SHA-256, in hexadecimal, over the previous hash and every column, in order."""
    text = "|".join(
        (
            previous,
            account_id.hex,
            str(sequence),
            transfer_id.hex,
            debit_book,
            credit_book,
            str(amount_micros),
            grant_id.hex if grant_id else "",
            debit_hold_id.hex if debit_hold_id else "",
            credit_hold_id.hex if credit_hold_id else "",
            service_usage_id.hex if service_usage_id else "",
            _moment(posted_at),
        )
    )
    return sha256(text.encode()).hexdigest()


@lru_cache(maxsize=16)
def _moment(posted_at: datetime) -> str:
    # All transfers of a batch are posted at once.
    return str((posted_at - _EPOCH) // _MICROSECOND)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
