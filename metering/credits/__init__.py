"""Credits: grants, and holds over a whole workflow."""

from metering.credits.expiring import Expiry, due_accounts, expire_credits
from metering.credits.extending import ExtendHold, HoldExtension, extend_holds
from metering.credits.granting import (
    DEFAULT_PRIORITY,
    LOWEST_PRIORITY,
    CreditsGrant,
    GrantCredits,
    GrantVoiding,
    Restriction,
    VoidGrant,
    grant_credits,
    void_grant,
)
from metering.credits.hold_plans import HoldPlan
from metering.credits.holding import DEFAULT_EXPIRY, CreditsHold, HoldCredits, hold_credits
from metering.credits.releasing import HoldRelease, ReleaseHold, release_holds

__all__ = [
    "DEFAULT_EXPIRY",
    "DEFAULT_PRIORITY",
    "LOWEST_PRIORITY",
    "CreditsGrant",
    "CreditsHold",
    "Expiry",
    "ExtendHold",
    "GrantCredits",
    "GrantVoiding",
    "HoldCredits",
    "HoldExtension",
    "HoldPlan",
    "HoldRelease",
    "ReleaseHold",
    "Restriction",
    "VoidGrant",
    "due_accounts",
    "expire_credits",
    "extend_holds",
    "grant_credits",
    "hold_credits",
    "release_holds",
    "void_grant",
]
