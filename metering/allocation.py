"""Which grants pay: the burn order, as a pure function over grants that are already loaded."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from models.ledger import Grant, RestrictionKind
from pricing.credits import Credits


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a payment is for, as far as restricted grants care."""

    business_adapter: str | None
    workflow_name: str


@dataclass(frozen=True, slots=True)
class Allocation:
    """Which grants pay how much, and what no grant covers."""

    parts: tuple[tuple[Grant, Credits], ...]
    uncovered: Credits


def allocate(grants: Iterable[Grant], amount: Credits, *, purpose: Purpose, now: datetime) -> Allocation:
    """Work out who pays, changing nothing.

    The order: restricted and matching first, then priority (lower number first), soonest expiry, oldest.
    """
    parts: list[tuple[Grant, Credits]] = []
    uncovered = amount
    for grant in sorted(usable(grants, purpose=purpose, now=now), key=_burn_order):
        if not uncovered:
            break
        paid = min(grant.remaining, uncovered)
        parts.append((grant, paid))
        uncovered -= paid
    return Allocation(tuple(parts), uncovered)


def usable(grants: Iterable[Grant], *, purpose: Purpose, now: datetime) -> list[Grant]:
    """Give the grants that may pay for the purpose now and have something left."""
    return [grant for grant in grants if grant.remaining and is_live(grant, now) and _serves(grant, purpose)]


def is_live(grant: Grant, now: datetime) -> bool:
    """Tell whether the grant is in effect and not expired."""
    return grant.effective_at <= now and not is_expired(grant, now)


def is_expired(grant: Grant, now: datetime) -> bool:
    """Tell whether the grant's time is over."""
    return grant.expires_at is not None and grant.expires_at <= now


def _serves(grant: Grant, purpose: Purpose) -> bool:
    match grant.restriction_kind:
        case None:
            return True
        case RestrictionKind.ADAPTER:
            return grant.restriction_name == purpose.business_adapter
        case RestrictionKind.WORKFLOW:
            return grant.restriction_name == purpose.workflow_name


def _burn_order(grant: Grant) -> tuple[bool, int, datetime, UUID]:
    # Ids are ordered by time of making, so the smaller one is the older grant.
    return grant.restriction_kind is None, grant.priority, grant.expires_at or _NEVER, grant.id


_NEVER = datetime.max.replace(tzinfo=UTC)
