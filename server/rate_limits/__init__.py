"""Rate limits: how much a key may ask for, in points, in one process or in all that share a store."""

from metering.rate_limits import RateLimit
from models.database import Database
from server.rate_limits.process import ProcessRateLimits
from server.rate_limits.standing import RateLimited, RateLimits, Standing, TooDear, Unlimited
from server.settings import Settings


def rate_limits(settings: Settings, database: Database) -> RateLimits:  # noqa: ARG001 - shared limits will keep them there
    """Choose the rate limits that the settings ask for."""
    if settings.cost_limit == 0:
        return Unlimited()
    return ProcessRateLimits(RateLimit(settings.cost_limit, settings.cost_restore_rate))


__all__ = [
    "ProcessRateLimits",
    "RateLimit",
    "RateLimited",
    "RateLimits",
    "Standing",
    "TooDear",
    "Unlimited",
    "rate_limits",
]
