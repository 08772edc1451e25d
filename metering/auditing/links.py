"""The chain over each account's transfers: numbered without a gap, every hash made of the one before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, literal, select, tuple_
from sqlalchemy.orm import Session

from metering.auditing.findings import Difference
from models.base import table_of
from models.identity import IdKind, format_id
from models.ledger import LedgerTransfer
from models.ledger_chain import GENESIS, chained

CHUNK = 1_000
"""Transfers in one statement: the memory is bounded, and a server answers others in between."""

MOST_BREAKS = 10
"""How many breaks of one account's chain are named."""


@dataclass(slots=True)
class Checked:
    """How many transfers are checked so far, and what the last chunk showed."""

    transfer_count: int
    differences: list[Difference] = field(default_factory=list)


def broken(session: Session, only: UUID | None) -> Iterator[Checked]:
    """Follow the chains in the order of their numbers, a chunk at a time."""
    statement = select(_TABLE).order_by(*_PLACE).limit(CHUNK)
    if only is not None:
        statement = statement.where(_TABLE.c.account_id == only)
    chain = _Chain()
    count = 0
    rows = session.execute(statement).all()
    while rows:
        count += len(rows)
        yield Checked(count, [*chain.follow(rows)])
        last = rows[-1]._mapping  # noqa: SLF001 - a row's public mapping
        # Each value needs its column's type: an id as text sorts before all ids, and the walk never ends.
        place = tuple_(*(literal(last[column], column.type) for column in _PLACE))
        further = statement.where(tuple_(*_PLACE) > place)
        rows = session.execute(further).all() if len(rows) == CHUNK else []


@dataclass(slots=True)
class _Chain:
    """Where the walk stands: in whose chain, and at which of its links."""

    account_id: UUID | None = None
    sequence: int = 0
    hash: str = GENESIS
    breaks: int = 0

    def follow(self, rows: Sequence[Row[Any]]) -> Iterator[Difference]:
        for row in rows:
            if row.account_id != self.account_id:
                self.account_id, self.sequence, self.hash, self.breaks = row.account_id, 0, GENESIS, 0
            difference = self._break(row)
            # The walk goes on from what is recorded, so that one break is not told again at every link after.
            self.sequence, self.hash = row.sequence, row.hash
            if difference is not None and self.breaks < MOST_BREAKS:
                self.breaks += 1
                yield difference

    def _break(self, row: Row[Any]) -> Difference | None:
        transfer = format_id(IdKind.LEDGER_TRANSFER, row.id)
        if row.sequence != self.sequence + 1:
            what = f"sequence of {transfer}"
            return Difference(row.account_id, what, str(row.sequence), str(self.sequence + 1))
        expected = _hash(self.hash, row)
        if row.hash != expected:
            return Difference(row.account_id, f"hash of {transfer}", row.hash, expected)
        return None


def _hash(previous: str, row: Row[Any]) -> str:
    return chained(
        previous,
        account_id=row.account_id,
        sequence=row.sequence,
        transfer_id=row.id,
        debit_book=row.debit_book.value,
        credit_book=row.credit_book.value,
        amount_micros=row.amount.micros,
        grant_id=row.grant_id,
        debit_hold_id=row.debit_hold_id,
        credit_hold_id=row.credit_hold_id,
        service_usage_id=row.service_usage_id,
        posted_at=row.posted_at,
    )


_TABLE = table_of(LedgerTransfer)
_PLACE = (_TABLE.c.account_id, _TABLE.c.sequence, _TABLE.c.id)
