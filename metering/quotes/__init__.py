"""Quotes: what a plan costs, what stands in its way, what was promised, and how that came out.

Asking stores nothing. A stored quote keeps its price until it expires or a hold takes it.
"""

from metering.quotes.limits import LimitedQuote, Obstacle, ObstacleKind, PlannedRun, quote_within_limits
from metering.quotes.quoting import PlanQuote, quote_plan
from metering.quotes.storing import (
    DEFAULT_EXPIRY,
    CreateQuote,
    QuoteCreation,
    QuoteStatus,
    create_quote,
    status_of,
)

__all__ = [
    "DEFAULT_EXPIRY",
    "CreateQuote",
    "LimitedQuote",
    "Obstacle",
    "ObstacleKind",
    "PlanQuote",
    "PlannedRun",
    "QuoteCreation",
    "QuoteStatus",
    "create_quote",
    "quote_plan",
    "quote_within_limits",
    "status_of",
]
