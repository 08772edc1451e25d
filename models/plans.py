"""Plans: by which way PostgreSQL finds what a writer asks for."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.orm import Session

_READING_WHOLE_TABLES = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")

BY_INDEX_ALONE = dict.fromkeys(_READING_WHOLE_TABLES, "off")
"""What a writer asks for, an index finds. PostgreSQL keeps the plan of a statement that comes often: made
while a table is small, it would read all of it, and go on so when it has grown."""


@contextmanager
def any_plan(session: Session) -> Iterator[None]:
    """Let PostgreSQL plan as it likes within the block, which reads a long history."""
    if session.get_bind().dialect.name != "postgresql":
        yield
        return
    _set(session, "on")
    yield
    _set(session, "off")  # a transaction that breaks forgets it by itself


def _set(session: Session, value: str) -> None:
    is_local = True
    session.execute(select(*(func.set_config(name, value, is_local) for name in _READING_WHOLE_TABLES)))
