"""Events of a batch, written into the outbox in the transaction that caused them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.base import Json, table_of
from models.event import Event, EventType
from models.identity import new_id
from models.prepared import PreparedWrite


@dataclass(slots=True)
class Outbox:
    """The events of one batch, in the order in which they happened."""

    session: Session
    now: datetime
    _rows: list[tuple[object, ...]] = field(default_factory=list)

    def add(self, account_id: UUID, type_: EventType, data: Json) -> None:
        """Note an event; ids and credits in `data` are texts as callers see them."""
        self._rows.append((account_id, new_id(), type_, data, self.now))

    def write(self) -> None:
        """Write all events in one statement, none where nothing happened."""
        _INSERT.write(self.session, self._rows)
        self._rows = []


_INSERT = PreparedWrite(insert(table_of(Event)), ("account_id", "id", "type", "data", "occurred_at"))
