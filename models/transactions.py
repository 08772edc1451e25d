"""Transactions: work is done and committed, one transaction after another over one connection."""

from collections.abc import Callable, MutableMapping
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models.availability import OutcomeUnknown, is_lost
from models.changes import count_changes
from models.sending import write_over

Work = Callable[[Session], list[Any]]

SESSION: dict[str, Any] = {"expire_on_commit": False, "autoflush": False}


class Transactions:
    """What a lane commits; its connection is kept while nothing breaks.

    A session that takes a connection from the pool, begins and commits by itself costs more than the driver
    does for all of a lone usage's statements.
    """

    def __init__(self, engine: Engine, store: MutableMapping[str, Any]) -> None:
        """Prepare to write to an engine; `store` is what the process remembers of it."""
        self._engine = engine
        self._store = store
        self._connection: Connection | None = None

    def commit(self, work: Work) -> list[Any]:
        """Do the work in a transaction and give its answers once they are committed.

        Raises OutcomeUnknown where the connection was lost while committing.
        """
        connection = self._connection = self._connection or self._engine.connect()
        session = Session(connection, **SESSION)
        session.info["store"] = self._store
        try:
            connection.begin()
            write_over(session, connection)
            answers = work(session)
            session.flush()
            self._commit(session, connection)
        except BaseException:
            self.close()
            raise
        finally:
            session.info.clear()  # what it keeps refers to the session, which would stay as garbage
            session.close()
        return answers

    def close(self) -> None:
        """Give the connection up, and what it has not committed with it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _commit(self, session: Session, connection: Connection) -> None:
        try:
            connection.commit()
        except (SQLAlchemyError, OSError) as error:
            # SQLite leaves the transaction open, and nothing would end it before the next one begins.
            connection.invalidate()
            if is_lost(error):
                # Trying again could do it twice: what has no idempotency key would not be recognised.
                raise OutcomeUnknown("The connection was lost while committing.") from error
            raise
        finally:
            count_changes(session)
