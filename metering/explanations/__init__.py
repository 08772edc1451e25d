"""Explanations: why a usage cost what it did, who paid for it, and why this provider served."""

from metering.explanations.choices import ProviderChoice, choice_of, deciding_selections, is_as_selected
from metering.explanations.payments import Payment, PaymentSource, Refund
from metering.explanations.rates import RateFacts, card_that_rounded
from metering.explanations.usages import UsageExplanation, explained_usage

__all__ = [
    "Payment",
    "PaymentSource",
    "ProviderChoice",
    "RateFacts",
    "Refund",
    "UsageExplanation",
    "card_that_rounded",
    "choice_of",
    "deciding_selections",
    "explained_usage",
    "is_as_selected",
]
