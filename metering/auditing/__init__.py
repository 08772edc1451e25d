"""Auditing: recompute the books from their records, name what differs, and tell any past balance."""

from metering.auditing.findings import Audit, Difference
from metering.auditing.inspection import Progress, audit, unhurried
from metering.auditing.past import PastBalance, past_balance, past_balances

__all__ = [
    "Audit",
    "Difference",
    "PastBalance",
    "Progress",
    "audit",
    "past_balance",
    "past_balances",
    "unhurried",
]
