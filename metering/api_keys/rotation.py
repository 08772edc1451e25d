"""Rotation: another secret for the same key; what was attributed to the key stays with it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, update
from sqlalchemy.orm import Session

from metering.api_keys.issuing import IssuedKey, locked_key, require_held
from metering.api_keys.recognition import is_live
from metering.api_keys.secret import SHOWN_LENGTH, hash_secret, new_secret
from metering.audit_log import log_act
from metering.errors import ApiKeyEnded
from models.api_key import ApiKey, OldSecret, Scope
from models.audit_entry import AuditAct
from models.base import table_of
from models.identity import IdKind

DEFAULT_OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=30)


def rotate_api_key(
    session: Session,
    *,
    account_id: UUID | None,
    api_key_id: UUID,
    overlap: timedelta,
    now: datetime,
    rotator_scopes: Iterable[Scope] | None = None,
) -> IssuedKey:
    """Give a key a new secret; those before go on working for `overlap`, and never longer than they would.

    Without an account any key can be rotated (the operator's right), but of operators' keys only those that
    may do no more than the rotating key. Raises ApiKeyNotFound, ApiKeyEnded, ScopeNotHeld.
    """
    api_key = locked_key(session, account_id, api_key_id)
    if not is_live(api_key, now):
        raise ApiKeyEnded(api_key.revoked_at or api_key.expires_at or now)
    by_right_of_operators = account_id is None and api_key.account_id is not None
    if rotator_scopes is not None and not by_right_of_operators:
        require_held(api_key.scopes, rotator_scopes)
    _replace(session, api_key, until=now + overlap, now=now)
    secret = new_secret()
    api_key.prefix, api_key.secret_hash = secret[:SHOWN_LENGTH], hash_secret(secret)
    api_key.rotated_at = now
    api_key.old_secrets_until = now + overlap if overlap else None
    session.flush()
    log_act(
        session,
        AuditAct.ROTATE_API_KEY,
        account_id=api_key.account_id,
        subject=(IdKind.API_KEY, api_key.id),
        details={"overlapSeconds": int(overlap.total_seconds())},
        now=now,
    )
    return IssuedKey(api_key, secret)


def _replace(session: Session, api_key: ApiKey, *, until: datetime, now: datetime) -> None:
    # A rotation that ends secrets sooner is meant for all of them: one of them may be the one that leaked.
    of_key = {"key": api_key.id, "until": until, "now": now}
    session.execute(_SHORTEN, of_key)
    session.execute(_FORGET, of_key)
    if until > now:
        session.execute(
            _KEEP, {"secret_hash": api_key.secret_hash, "api_key_id": api_key.id, "valid_until": until}
        )


_TABLE = table_of(OldSecret)
_OF_KEY = _TABLE.c.api_key_id == bindparam("key")
_SHORTEN = (
    update(_TABLE)
    .where(_OF_KEY, _TABLE.c.valid_until > bindparam("until"))
    .values(valid_until=bindparam("until"))
)
_FORGET = delete(_TABLE).where(_OF_KEY, _TABLE.c.valid_until <= bindparam("now"))
_KEEP = insert(_TABLE)
