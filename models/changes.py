"""Changes: what a process remembers of the store is right until somebody has changed it there.

A verb notes what it changes, and the count of such changes grows when its commit was tried, whatever became
of it. Who remembers keeps the count that it saw before it read.
"""

from collections import Counter
from collections.abc import MutableMapping
from typing import Any

from sqlalchemy.orm import Session

_CHANGES = "changes"
_NOTED = "changed"


def note_change(session: Session, what: str) -> None:
    """Note that this transaction changes what others may remember."""
    session.info.setdefault(_NOTED, set()).add(what)


def count_changes(session: Session) -> None:
    """Count what a transaction noted, once its commit was tried."""
    noted = session.info.pop(_NOTED, None)
    if noted:
        session.info["store"].setdefault(_CHANGES, Counter()).update(noted)


def changes_of(store: MutableMapping[str, Any], what: str) -> int:
    """Tell how often this process has changed something of the store."""
    counts: Counter[str] = store.get(_CHANGES, _NONE)
    return counts[what]


_NONE: Counter[str] = Counter()
