"""Issuing and revoking API keys."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.api_keys.secret import SHOWN_LENGTH, hash_secret, new_secret
from metering.audit_log import log_act
from metering.errors import AccountNotFound, ApiKeyNotFound, ScopeNotHeld, TimeOutOfRange
from models.account import Account
from models.api_key import ApiKey, Scope
from models.audit_entry import AuditAct
from models.changes import note_change
from models.identity import IdKind, new_id

API_KEYS = "api keys"
"""What is noted where a key is changed."""
ACCOUNT_SCOPES = (Scope.READ, Scope.TRACK, Scope.MANAGE)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key and its new secret, which is shown this once and stored nowhere."""

    api_key: ApiKey
    secret: str = field(repr=False)


def issue_api_key(
    session: Session,
    *,
    account_id: UUID | None,
    name: str,
    scopes: Iterable[Scope],
    now: datetime,
    expires_at: datetime | None = None,
    issuer_scopes: Iterable[Scope] | None = None,
) -> IssuedKey:
    """Issue a key of an account, or an operator's key where there is no account.

    Raises AccountNotFound, ScopeNotHeld where the issuing key would give away more than it has, and
    TimeOutOfRange where it would have expired already.
    """
    wanted = set(scopes)
    if issuer_scopes is not None:
        require_held(wanted, issuer_scopes)
    if account_id is not None and session.get(Account, account_id) is None:
        raise AccountNotFound
    if expires_at is not None and expires_at <= now:
        raise TimeOutOfRange("expiresAt", expires_at, now, _LATEST)
    secret = new_secret()
    api_key = ApiKey(
        id=new_id(),
        account_id=account_id,
        name=name,
        prefix=secret[:SHOWN_LENGTH],
        secret_hash=hash_secret(secret),
        scope_names=" ".join(scope.value for scope in Scope if scope in wanted),
        created_at=now,
        last_used_at=None,
        revoked_at=None,
        expires_at=expires_at,
    )
    session.add(api_key)
    session.flush()
    log_act(
        session,
        AuditAct.ISSUE_API_KEY,
        account_id=account_id,
        subject=(IdKind.API_KEY, api_key.id),
        details={
            "name": name,
            "scopes": list(api_key.scopes),
            "expiresAt": None if expires_at is None else expires_at.isoformat(),
        },
        now=now,
    )
    return IssuedKey(api_key, secret)


def revoke_api_key(session: Session, *, account_id: UUID | None, api_key_id: UUID, now: datetime) -> ApiKey:
    """End a key's life at once, whichever of its secrets is used; revoking it twice answers the same.

    Raises ApiKeyNotFound. Without an account any key can be revoked (the operator's right).
    """
    api_key = locked_key(session, account_id, api_key_id)
    if api_key.revoked_at is None:
        api_key.revoked_at = now
        session.flush()
        log_act(
            session,
            AuditAct.REVOKE_API_KEY,
            account_id=api_key.account_id,
            subject=(IdKind.API_KEY, api_key.id),
            now=now,
        )
    return api_key


def locked_key(session: Session, account_id: UUID | None, api_key_id: UUID) -> ApiKey:
    """Give a key that nobody else changes until the transaction ends; without an account it may be anyone's.

    Raises ApiKeyNotFound.
    """
    note_change(session, API_KEYS)
    # The lock also reads the key anew: an operator's command has no account whose lock would keep others out.
    api_key = session.get(ApiKey, api_key_id, with_for_update=True, populate_existing=True)
    if api_key is None or (account_id is not None and api_key.account_id != account_id):
        raise ApiKeyNotFound
    return api_key


def require_held(wanted: Iterable[Scope], held: Iterable[Scope]) -> None:
    """Refuse a key that hands out a secret which may do more than it may itself.

    Raises ScopeNotHeld.
    """
    missing = set(wanted) - set(held)
    if missing:
        names = ", ".join(sorted(missing))
        raise ScopeNotHeld(f"Your key does not hold {names}, so it cannot issue a key that does.")


def keys_of(session: Session, account_id: UUID | None) -> list[ApiKey]:
    """List every key of an account, or every operator's key where there is none, oldest first."""
    return list(session.scalars(select(ApiKey).where(ApiKey.account_id == account_id).order_by(ApiKey.id)))


_LATEST = datetime.max.replace(tzinfo=UTC)
