"""Recognising a key by its secret, while it lives, and noting when it was used."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    bindparam,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from metering.api_keys.secret import hash_secret
from models.api_key import ApiKey, OldSecret
from models.base import Instant, table_of
from models.prepared import PreparedRead
from models.reading import any_of, row_of

USE_NOTED_EVERY = timedelta(minutes=1)
SECRETS_AT_ONCE = 4_096
"""How many secrets one statement names, each of them twice: parameters have a bound."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key was used at a moment."""

    api_key_id: UUID
    used_at: datetime


def is_live(api_key: ApiKey, now: datetime) -> bool:
    """Tell whether a key is neither revoked nor expired; `live` says the same to the store."""
    return api_key.revoked_at is None and (api_key.expires_at is None or api_key.expires_at > now)


def live(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Give the condition that a key is neither revoked nor expired."""
    not_expired = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
    return ApiKey.revoked_at.is_(None) & not_expired


def keys_with_secrets(session: Session, hashes: Collection[str], *, now: datetime) -> dict[str, ApiKey]:
    """Give the living keys that secrets open now, by the hashes of the secrets: one statement for all.

    Keys are as they were then, only to be read.
    """
    found = _OPENED.rows(session, hashes=hashes, now=now)
    return {hashed: _key(values) for *values, hashed in found}


def live_secrets(session: Session, secrets: Iterable[str], *, now: datetime) -> frozenset[str]:
    """Give those of the secrets that still open a living key.

    For callers that stay, such as sockets: one that is missing was revoked, expired or replaced.
    """
    by_hash = {hash_secret(secret): secret for secret in secrets}
    hashes = list(by_hash)
    living: set[str] = set()
    for first in range(0, len(hashes), SECRETS_AT_ONCE):
        living.update(keys_with_secrets(session, hashes[first : first + SECRETS_AT_ONCE], now=now))
    return frozenset(by_hash[hashed] for hashed in living)


def note_key_uses(session: Session, items: Sequence[KeyUse], *, now: datetime) -> list[None]:  # noqa: ARG001 - a set verb's signature
    """Remember when keys were last used."""
    # In the order of ids, so that two processes which note the same keys wait instead of deadlocking.
    latest = {use.api_key_id: use.used_at for use in sorted(items, key=lambda use: use.used_at)}
    session.execute(update(ApiKey), [{"id": key, "last_used_at": latest[key]} for key in sorted(latest)])
    return [None] * len(items)


def _opened() -> CompoundSelect[*tuple[Any, ...]]:
    hashes, now, columns = any_of("hashes"), bindparam("now", type_=Instant), table_of(ApiKey).columns
    current = select(*columns, ApiKey.secret_hash.label("opened_by"))
    replaced = select(*columns, OldSecret.secret_hash).join(OldSecret, OldSecret.api_key_id == ApiKey.id)
    # Apart from each other, since each finds its secrets by an index.
    return union_all(
        current.where(ApiKey.secret_hash.in_(hashes), live(now)),
        replaced.where(OldSecret.secret_hash.in_(hashes), OldSecret.valid_until > now, live(now)),
    )


_OPENED = PreparedRead(_opened())
_key = row_of(ApiKey)
