"""The store's secrets: random, made once, whoever comes first, and the same for all who share the store."""

import secrets
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.base import table_of
from models.store_secret import StoreSecret

SECRET_BYTES = 32


def find_store_secret(session: Session, name: str) -> bytes | None:
    """Give the secret of a name, or None where nobody has made it yet."""
    return session.scalar(_SECRET, {"name": name})


def make_store_secret(session: Session, *, name: str, now: datetime) -> bytes:
    """Give the secret of a name: one that is there, whoever made it, else a new one."""
    values = {"name": name, "secret": secrets.token_bytes(SECRET_BYTES), "made_at": now}
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    session.execute(_INSERT_FIRST_SQLITE if on_sqlite else _INSERT_FIRST_POSTGRESQL, values)
    secret: bytes = session.execute(_SECRET, {"name": name}).scalar_one()
    return secret


_TABLE = table_of(StoreSecret)
_SECRET = select(_TABLE.c.secret).where(_TABLE.c.name == bindparam("name"))
_INSERT_FIRST_SQLITE = sqlite.insert(_TABLE).on_conflict_do_nothing()
_INSERT_FIRST_POSTGRESQL = postgresql.insert(_TABLE).on_conflict_do_nothing()
