"""API keys: issue, revoke, and recognise one by its secret.

A secret is `nexus_`, 32 random letters and digits (190 bits) and a checksum of 6, so that scanners can find
leaked ones without asking us. Only its SHA-256 is stored: a long random secret needs no slow hash.
"""

import hashlib
import secrets
import string
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from metering.errors import AccountNotFound, ApiKeyNotFound, ScopeNotHeld
from models.account import Account
from models.api_key import ApiKey, Scope
from models.identity import new_id

ACCOUNT_SCOPES = (Scope.READ, Scope.TRACK, Scope.MANAGE)
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key and its secret, which is shown this once and stored nowhere."""

    api_key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key was used at a moment."""

    api_key_id: UUID
    used_at: datetime


def issue_api_key(
    session: Session,
    *,
    account_id: UUID | None,
    name: str,
    scopes: Iterable[Scope],
    now: datetime,
    issuer_scopes: Iterable[Scope] | None = None,
) -> IssuedKey:
    """Issue a key of an account, or an operator's key where there is no account.

    Raises AccountNotFound, and ScopeNotHeld where the issuing key would give away more than it has.
    """
    wanted = set(scopes)
    if issuer_scopes is not None and wanted - set(issuer_scopes):
        missing = ", ".join(sorted(wanted - set(issuer_scopes)))
        raise ScopeNotHeld(f"Your key does not hold {missing}, so it cannot issue a key that does.")
    if account_id is not None and session.get(Account, account_id) is None:
        raise AccountNotFound
    secret = new_secret()
    api_key = ApiKey(
        id=new_id(),
        account_id=account_id,
        name=name,
        prefix=secret[:_SHOWN],
        secret_hash=hash_secret(secret),
        scope_names=" ".join(scope.value for scope in Scope if scope in wanted),
        created_at=now,
        last_used_at=None,
        revoked_at=None,
    )
    session.add(api_key)
    session.flush()
    return IssuedKey(api_key, secret)


def revoke_api_key(session: Session, *, account_id: UUID | None, api_key_id: UUID, now: datetime) -> ApiKey:
    """End a key's life at once; revoking it twice answers the same.

    Raises ApiKeyNotFound. Without an account any key can be revoked (the operator's right).
    """
    api_key = session.get(ApiKey, api_key_id)
    if api_key is None or (account_id is not None and api_key.account_id != account_id):
        raise ApiKeyNotFound
    if api_key.revoked_at is None:
        api_key.revoked_at = now
        session.flush()
    return api_key


def note_key_uses(session: Session, items: Sequence[KeyUse], *, now: datetime) -> list[None]:  # noqa: ARG001 - a set verb's signature
    """Remember when keys were last used."""
    # In the order of ids, so that two processes which note the same keys wait instead of deadlocking.
    latest = {use.api_key_id: use.used_at for use in sorted(items, key=lambda use: use.used_at)}
    session.execute(update(ApiKey), [{"id": key, "last_used_at": latest[key]} for key in sorted(latest)])
    return [None] * len(items)


def key_with_secret(secret: str) -> Select[ApiKey] | None:
    """Select the living key with this secret; None where the text is no secret of ours."""
    if not is_well_formed(secret):
        return None
    return select(ApiKey).where(ApiKey.secret_hash == hash_secret(secret), ApiKey.revoked_at.is_(None))


def keys_of(session: Session, account_id: UUID | None) -> list[ApiKey]:
    """List every key of an account, or every operator's key where there is none, oldest first."""
    return list(session.scalars(select(ApiKey).where(ApiKey.account_id == account_id).order_by(ApiKey.id)))


def new_secret() -> str:
    """Make a secret with its checksum."""
    random_part = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return f"{_PREFIX}{random_part}{_checksum(random_part)}"


def is_well_formed(secret: str) -> bool:
    """Tell whether the text has a secret's form and checksum, without asking the store."""
    body = secret.removeprefix(_PREFIX)
    well_made = secret.startswith(_PREFIX) and len(body) == _RANDOM_LENGTH + _CHECKSUM_LENGTH
    return well_made and body.isascii() and _checksum(body[:_RANDOM_LENGTH]) == body[_RANDOM_LENGTH:]


def hash_secret(secret: str) -> str:
    """Digest a secret as it is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


_PREFIX = "nexus_"
_ALPHABET = string.digits + string.ascii_letters
_RANDOM_LENGTH = 32
_CHECKSUM_LENGTH = 6
_SHOWN = 12
