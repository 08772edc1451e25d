"""Shadow policies: a configuration that is tried on an agent's runs, and serves none of them."""

from metering.shadows.comparison import (
    ChangedChoice,
    RefusedRuns,
    ShadowComparison,
    changed_choices,
    compared,
    compared_runs,
    nothing_compared,
)
from metering.shadows.policies import SetShadowPolicy, remove_shadow_policy, set_shadow_policy
from metering.shadows.trial import ShadowOutcome, ShadowRefusalKind, shadow_outcomes

__all__ = [
    "ChangedChoice",
    "RefusedRuns",
    "SetShadowPolicy",
    "ShadowComparison",
    "ShadowOutcome",
    "ShadowRefusalKind",
    "changed_choices",
    "compared",
    "compared_runs",
    "nothing_compared",
    "remove_shadow_policy",
    "set_shadow_policy",
    "shadow_outcomes",
]
