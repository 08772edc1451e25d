"""Recognising a key by its secret, while it lives, and noting when it was used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.orm import Session

from metering.api_keys.secret import hash_secret, is_well_formed
from models.api_key import ApiKey, OldSecret

USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key was used at a moment."""

    api_key_id: UUID
    used_at: datetime


def is_live(api_key: ApiKey, now: datetime) -> bool:
    """Tell whether a key is neither revoked nor expired; `live` says the same to the store."""
    return api_key.revoked_at is None and (api_key.expires_at is None or api_key.expires_at > now)


def live(now: datetime) -> ColumnElement[bool]:
    """Give the condition that a key is neither revoked nor expired."""
    not_expired = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
    return ApiKey.revoked_at.is_(None) & not_expired


def key_with_secret(secret: str, now: datetime) -> Select[ApiKey] | None:
    """Select the living key that the secret opens now; None where the text is no secret of ours."""
    if not is_well_formed(secret):
        return None
    hashed = hash_secret(secret)
    replaced = select(OldSecret.api_key_id).where(
        OldSecret.secret_hash == hashed, OldSecret.valid_until > now
    )
    return select(ApiKey).where(or_(ApiKey.secret_hash == hashed, ApiKey.id.in_(replaced)), live(now))


def live_secrets(session: Session, secrets: Iterable[str], *, now: datetime) -> frozenset[str]:
    """Give those of the secrets that still open a living key: two statements for any number of them.

    For callers that stay, such as sockets: one that is missing was revoked, expired or replaced.
    """
    by_hash = {hash_secret(secret): secret for secret in secrets}
    current = select(ApiKey.secret_hash).where(ApiKey.secret_hash.in_(by_hash), live(now))
    replaced = (
        select(OldSecret.secret_hash)
        .join(ApiKey, ApiKey.id == OldSecret.api_key_id)
        .where(OldSecret.secret_hash.in_(by_hash), OldSecret.valid_until > now, live(now))
    )
    found = [*session.scalars(current), *session.scalars(replaced)]
    return frozenset(by_hash[hashed] for hashed in found)


def note_key_uses(session: Session, items: Sequence[KeyUse], *, now: datetime) -> list[None]:  # noqa: ARG001 - a set verb's signature
    """Remember when keys were last used."""
    # In the order of ids, so that two processes which note the same keys wait instead of deadlocking.
    latest = {use.api_key_id: use.used_at for use in sorted(items, key=lambda use: use.used_at)}
    session.execute(update(ApiKey), [{"id": key, "last_used_at": latest[key]} for key in sorted(latest)])
    return [None] * len(items)
