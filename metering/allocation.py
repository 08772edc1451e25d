"""Who pays: holds, grants and the credit line in their order, as pure functions over rows already loaded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from models.hold import Hold, HoldLine, HoldPart
from models.ledger import Grant, RestrictionKind
from models.rows import loaded
from models.workflow import Workflow
from pricing.credits import Credits
from pricing.units import ServiceType


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a payment is for, as far as restricted grants care."""

    business_adapter: str | None
    workflow_name: str


@dataclass(frozen=True, slots=True)
class Service:
    """What a payment is for, as far as the lines of holds care."""

    service_type: ServiceType
    provider: str


@dataclass(frozen=True, slots=True)
class HoldShare:
    """One part of an open hold, with its line, the run it was made for and the grant it came from."""

    run: Workflow
    hold: Hold
    line: HoldLine
    part: HoldPart
    grant: Grant | None


@dataclass(frozen=True, slots=True)
class Cover:
    """All that can pay for something.

    `holds` are the shares of the run's own holds, then those of its ancestors, nearest first. `grants` are
    those that serve the purpose now, in burn order. `credit` is what the credit line has left; None is no
    limit. `claimed` is what a debt beyond the credit line claims of the unrestricted grants: it is there to
    pay facts, and gives no leave to spend.
    """

    holds: Sequence[Sequence[HoldShare]]
    grants: Sequence[Grant]
    credit: Credits | None
    claimed: Credits = Credits.ZERO


@dataclass(frozen=True, slots=True)
class Payment:
    """An amount from one source: a share of a hold, a grant, or the credit line where it names neither."""

    amount: Credits
    share: HoldShare | None = None
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """Who pays how much, and what nothing covers."""

    payments: tuple[Payment, ...]
    uncovered: Credits


@dataclass(slots=True)
class _Source:
    """What a payer has left, in micro-credits."""

    left: int
    share: HoldShare | None = None
    grant: Grant | None = None


class Draft:
    """Works out who pays for one amount after another, changing none of the rows."""

    def __init__(self, cover: Cover) -> None:
        self._holds = [
            [_Source(share.part.remaining.micros, share) for share in shares] for shares in cover.holds
        ]
        self._grants, self._claimed = _parted(cover.grants, cover.claimed.micros)
        self._credit = _Source(_UNLIMITED if cover.credit is None else cover.credit.micros)

    def draw(self, amount: Credits, service: Service | None) -> Allocation:
        """Find the payers of an amount; what they pay is no longer there for the next one.

        The order: lines of holds for this very service, then lines for any service, run by run; grants in
        burn order; the credit line; the lines that were meant for other services, which give only what
        nothing else covers; and last what a debt claims of the grants.
        """
        payments: list[Payment] = []
        rest = amount.micros
        for source in self._in_order(service):
            if not rest:
                break
            paid = min(source.left, rest)
            if paid:
                payments.append(Payment(Credits(paid), source.share, source.grant))
                source.left -= paid
                rest -= paid
        return Allocation(tuple(payments), Credits(rest))

    def _in_order(self, service: Service | None) -> Iterator[_Source]:
        for sources in self._holds:
            yield from (source for source in sources if service and _is_for(source, service))
            yield from (source for source in sources if _is_open(source))
        yield from self._grants
        yield self._credit
        for sources in self._holds:
            yield from (
                source
                for source in sources
                if not _is_open(source) and not (service and _is_for(source, service))
            )
        yield from self._claimed


def usable(grants: Iterable[Grant], *, purpose: Purpose, now: datetime) -> list[Grant]:
    """Give the grants that may pay for the purpose now and have something left, in burn order.

    The order: restricted and matching first, then priority (lower number first), soonest expiry, oldest.
    """
    fit = [grant for grant in grants if grant.remaining and is_live(grant, now) and _serves(grant, purpose)]
    return sorted(fit, key=_burn_order) if len(fit) > 1 else fit


def is_live(grant: Grant, now: datetime) -> bool:
    """Tell whether the grant is in effect, not expired and not voided."""
    effective_at, expires_at, voided_at = _LIFE(grant)
    return effective_at <= now and voided_at is None and (expires_at is None or expires_at > now)


def is_in_effect(grant: Grant, now: datetime) -> bool:
    """Tell whether the grant's time has begun and it was not voided; it may be over."""
    return grant.effective_at <= now and grant.voided_at is None


def is_expired(grant: Grant, now: datetime) -> bool:
    """Tell whether the grant's time is over."""
    return grant.expires_at is not None and grant.expires_at <= now


def _parted(grants: Sequence[Grant], claimed: int) -> tuple[list[_Source], list[_Source]]:
    """Part what grants have left: what is free, and what is claimed, which is what would be burnt last."""
    free, taken = [], []
    for grant in reversed(grants):
        left = grant.remaining.micros
        part = min(claimed, left) if claimed and grant.restriction_kind is None else 0
        claimed -= part
        free.append(_Source(left - part, grant=grant))
        if part:
            taken.append(_Source(part, grant=grant))
    return free[::-1], taken[::-1]


def _is_for(source: _Source, service: Service) -> bool:
    line = source.share.line if source.share else None
    return (
        line is not None and line.service_type is service.service_type and line.provider == service.provider
    )


def _is_open(source: _Source) -> bool:
    return source.share is not None and source.share.line.service_type is None


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
_UNLIMITED = 2**63 - 1
_LIFE = loaded("effective_at", "expires_at", "voided_at")
