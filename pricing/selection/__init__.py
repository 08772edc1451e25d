"""Which provider serves each need, and why: the choice before the money is spent.

The rules in their order:
1. services that the configuration disables are refused;
2. low complexity and cost optimisation take the cheapest adequate model;
3. speech-to-text is the most accurate where that is asked for, else the cheapest where cost is optimised;
4. what has no price or is unavailable gives way to its fallback;
5. what is over the limit is made cheaper until it fits.
"""

from pricing.selection.record import (
    Candidate,
    Decision,
    Need,
    Selection,
    SelectionRule,
    SelectionStep,
    ServiceRequest,
)
from pricing.selection.refusals import (
    NothingServes,
    OverLimit,
    ProviderUnnamed,
    ReducedPlan,
    SelectionRefused,
    ServiceDisabled,
    TradeOff,
)
from pricing.selection.selecting import select

__all__ = [
    "Candidate",
    "Decision",
    "Need",
    "NothingServes",
    "OverLimit",
    "ProviderUnnamed",
    "ReducedPlan",
    "Selection",
    "SelectionRefused",
    "SelectionRule",
    "SelectionStep",
    "ServiceDisabled",
    "ServiceRequest",
    "TradeOff",
    "select",
]
