"""Give credits to an account, and take back what is left of them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from metering.audit_log import log_act
from metering.errors import GrantAlreadyVoided, GrantNotFound, TimeOutOfRange
from metering.idempotency import claim, fingerprint
from metering.ledger import open_postings
from models.audit_entry import AuditAct
from models.base import table_of
from models.identity import IdKind
from models.ledger import Grant, RestrictionKind
from pricing.credits import Credits

DEFAULT_PRIORITY = 100
LOWEST_PRIORITY = 1_000


@dataclass(frozen=True, slots=True)
class Restriction:
    """What a grant serves only: runs of an adapter, or runs of a workflow name."""

    kind: RestrictionKind
    name: str


@dataclass(frozen=True, slots=True)
class GrantCredits:
    """Credits to be given to an account."""

    account_id: UUID
    amount: Credits
    idempotency_key: str
    priority: int = DEFAULT_PRIORITY
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    restricted_to: Restriction | None = None
    reason: str | None = None

    @property
    def fingerprint(self) -> str:
        """The input as parsed."""
        restriction = self.restricted_to
        return fingerprint(
            "grant_credits",
            self.amount.micros,
            self.priority,
            self.effective_at,
            self.expires_at,
            restriction and [restriction.kind, restriction.name],
            self.reason,
        )


@dataclass(frozen=True, slots=True)
class CreditsGrant:
    """A grant; `replayed` where an earlier request with the same key made it."""

    grant: Grant
    replayed: bool


def grant_credits(session: Session, *, item: GrantCredits, now: datetime) -> CreditsGrant:
    """Give credits to an account.

    Raises AccountNotFound, TimeOutOfRange (it would expire before it takes effect, or in the past),
    AmountTooLarge, IdempotencyConflict.
    """
    postings = open_postings(session, [item.account_id], now=now)
    claims = claim(session, [item], now=now)
    earlier = claims.replayed(item)
    if earlier is not None:
        return CreditsGrant(session.get_one(Grant, (item.account_id, earlier)), replayed=True)
    grant = _grant(item, now)
    grant.id = claims.accept(item)
    claims.settle()
    postings.issue(grant)
    session.execute(insert(_TABLE), [{column.key: getattr(grant, column.key) for column in _TABLE.columns}])
    postings.write()
    log_act(
        session,
        AuditAct.GRANT_CREDITS,
        account_id=item.account_id,
        subject=(IdKind.GRANT, grant.id),
        details={"amount": str(item.amount), "reason": item.reason},
        now=now,
    )
    return CreditsGrant(grant, replayed=False)


@dataclass(frozen=True, slots=True)
class VoidGrant:
    """A grant that should not have been given, and why."""

    account_id: UUID
    grant_id: UUID
    reason: str
    idempotency_key: str

    @property
    def fingerprint(self) -> str:
        """The input as parsed."""
        return fingerprint("void_grant", self.grant_id, self.reason)


@dataclass(frozen=True, slots=True)
class GrantVoiding:
    """A voided grant and what was left of it then."""

    grant: Grant
    voided: Credits
    replayed: bool


def void_grant(session: Session, *, item: VoidGrant, now: datetime) -> GrantVoiding:
    """Take back what is left of a grant; what it paid stays paid, and what is held comes back when released.

    Raises AccountNotFound, GrantNotFound, GrantAlreadyVoided (under another key), IdempotencyConflict.
    """
    postings = open_postings(session, [item.account_id], now=now)
    claims = claim(session, [item], now=now)
    replayed = claims.replayed(item)
    grant = session.get(Grant, (item.account_id, item.grant_id))
    if grant is None:
        raise GrantNotFound
    if replayed is not None:
        return GrantVoiding(grant, Credits(int(str(claims.remembered(item)["voided"]))), replayed=True)
    if grant.voided_at is not None:
        raise GrantAlreadyVoided(grant.voided_at)
    voided = postings.take_back(grant, reason=item.reason)
    claims.accept(item)
    claims.remember(item, {"voided": voided.micros})
    claims.settle()
    postings.write()
    log_act(
        session,
        AuditAct.VOID_GRANT,
        account_id=item.account_id,
        subject=(IdKind.GRANT, grant.id),
        details={"voidedCredits": str(voided), "reason": item.reason},
        now=now,
    )
    return GrantVoiding(grant, voided, replayed=False)


def _grant(item: GrantCredits, now: datetime) -> Grant:
    effective_at = item.effective_at or now
    if item.expires_at is not None and item.expires_at <= max(effective_at, now):
        raise TimeOutOfRange("expiresAt", item.expires_at, max(effective_at, now), _LATEST)
    restriction = item.restricted_to
    return Grant(
        account_id=item.account_id,
        amount=item.amount,
        remaining=item.amount,
        priority=item.priority,
        effective_at=effective_at,
        expires_at=item.expires_at,
        restriction_kind=restriction.kind if restriction else None,
        restriction_name=restriction.name if restriction else None,
        reason=item.reason,
        created_at=now,
    )


_TABLE = table_of(Grant)
_LATEST = datetime.max.replace(tzinfo=UTC)
