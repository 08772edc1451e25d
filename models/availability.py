"""When the store cannot answer: what is worth another try, and what the caller must hear."""

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class StoreUnavailable(Exception):  # noqa: N818 - named for the state, as every refusal here
    """The store cannot be reached, is too busy, or gave a commit up; nothing was acknowledged."""


class OutcomeUnknown(StoreUnavailable):
    """The connection was lost while committing: the caller's idempotency key, sent again, finds out."""


def is_lost(error: BaseException) -> bool:
    """Tell whether the connection broke, so that nobody here knows what the store has done."""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    broken = isinstance(error, DBAPIError) and error.connection_invalidated
    return broken or isinstance(error, OSError) or state.startswith((_CONNECTION_STATES, *_SHUTDOWN_STATES))


def is_outdated(error: BaseException | None) -> bool:
    """Tell whether a statement was prepared before its tables changed; then nothing was written."""
    if type(error).__name__ == "InvalidCachedStatementError":
        return True
    # Rows of a table are sent as its rows were when the driver asked what they are.
    return getattr(error, "sqlstate", None) == _DATATYPE_MISMATCH


def is_transient(error: BaseException) -> bool:
    """Tell whether the same transaction can be expected to pass when it is tried again."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    return (
        error.connection_invalidated
        or is_outdated(error.orig)
        or state in _TRANSIENT_STATES
        or state.startswith(_CONNECTION_STATES)
        or "database is locked" in str(error.orig)
    )


def is_unavailable(error: BaseException) -> bool:
    """Tell whether the store could not answer, so that the caller should try again later."""
    if isinstance(error, StoreUnavailable | PoolTimeout | OSError) or is_transient(error):
        return True
    cause = getattr(error, "orig", None)
    code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF in _SQLITE_GAVE_UP or getattr(cause, "sqlstate", None) in _EXHAUSTED_STATES


_DATATYPE_MISMATCH = "42804"
# Serialization failure, deadlock, lock not available, admin shutdown, crash shutdown, cannot connect now, too
# many connections.
_TRANSIENT_STATES = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300"})
_CONNECTION_STATES = "08"
_SHUTDOWN_STATES = ("57P01", "57P02")
# A statement that took too long, a full disk, memory at its end: trying again at once would not help.
_EXHAUSTED_STATES = frozenset({"57014", "53100", "53200"})
# The file cannot be opened, read or written, or has no room left.
_SQLITE_GAVE_UP = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL})
