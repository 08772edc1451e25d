"""The audit log: what verbs say of the administrative acts that they did, in the transaction of the act.

A verb says it after it has changed something: what is refused, replayed or holds already leaves no entry. Who
acts comes from the command that runs, so that a verb says the same for every door.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.audit_entry import AuditAct, AuditEntry
from models.base import Json, table_of
from models.identity import IdKind, format_id, new_id
from models.writer import actor_of

NOTHING_MORE: Json = {}


def log_act(
    session: Session,
    act: AuditAct,
    *,
    account_id: UUID | None,
    subject: tuple[IdKind, UUID] | str,
    now: datetime,
    details: Json = NOTHING_MORE,
    position: int = 0,
) -> None:
    """Write an act down: what was done to what, by whom and from where.

    No account is the service as a whole. `subject` is what was acted upon: its id, or its name where it has
    none. `details` are what was set, and never a secret: an address or a
    setting of a caller's own may hold one, so neither belongs here. `position` is that of a set verb's item.
    """
    actor = actor_of(session, position)
    # Not through the session: a flush would write in an order of its own.
    session.execute(
        _INSERT,
        {
            "id": new_id(),
            "account_id": account_id,
            "act": act,
            "subject": subject if isinstance(subject, str) else format_id(*subject),
            "details": details,
            "actor": actor.kind,
            "api_key_id": actor.api_key_id,
            "address": actor.address,
            "request_id": actor.request_id,
            "occurred_at": now,
        },
    )


_INSERT = insert(table_of(AuditEntry))
