"""Rate limits: how much a key may ask for, in points, in one process or in all that share a store."""

from metering.rate_limits import RateLimit
from models.database import Database
from server.rate_limits.process import ProcessRateLimits
from server.rate_limits.shared import SharedRateLimits
from server.rate_limits.standing import RateLimited, RateLimits, Standing, TooDear, Unlimited
from server.settings import Settings


def rate_limits(settings: Settings, database: Database) -> RateLimits:
    """Choose the rate limits that the settings ask for; several workers share them unless told otherwise."""
    if settings.cost_limit == 0:
        return Unlimited()
    limit = RateLimit(settings.cost_limit, settings.cost_restore_rate)
    scope = settings.rate_limits or ("shared" if settings.workers > 1 else "process")
    if scope == "shared":
        return SharedRateLimits(limit, database, processes=settings.workers)
    return ProcessRateLimits(limit)


__all__ = [
    "ProcessRateLimits",
    "RateLimit",
    "RateLimited",
    "RateLimits",
    "SharedRateLimits",
    "Standing",
    "TooDear",
    "Unlimited",
    "rate_limits",
]
