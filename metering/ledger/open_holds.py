"""The open holds that a batch may draw on, loaded in one statement for any number of runs."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    any_,
    bindparam,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.orm import Session, aliased

from metering.allocation import HoldShare
from models.base import Base, table_of
from models.hold import Hold, HoldLine, HoldPart, HoldStatus
from models.ledger import Grant
from models.prepared import PreparedRead, PreparedWrite
from models.rows import read_row, values_of
from models.workflow import Workflow
from pricing.credits import Credits


@dataclass(slots=True)
class OpenHolds:
    """Open holds by run, with those that the batch makes itself; runs without one are not in it."""

    session: Session
    _shares: dict[UUID, list[HoldShare]] = field(default_factory=lambda: defaultdict(list))
    _by_part: dict[tuple[UUID, int], HoldShare] = field(default_factory=dict)
    _new: list[Base] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self._shares)

    def of_run(self, workflow_id: UUID) -> Sequence[HoldShare]:
        """Give the shares of a run's open holds, the oldest first."""
        return self._shares.get(workflow_id, ())

    def of_hold(self, hold: Hold) -> list[HoldShare]:
        """Give the shares of one open hold."""
        return [share for share in self.of_run(hold.workflow_id) if share.hold is hold]

    def of_lineage(self, run: Workflow) -> list[Sequence[HoldShare]]:
        """Give the shares of a run and of its ancestors, nearest first."""
        if not self._shares:
            return []
        nearest_first = (run.id, *reversed(run.ancestor_ids))
        return [shares for shares in map(self.of_run, nearest_first) if shares]

    def remaining_in(self, run: Workflow) -> Credits:
        """Add up what is left in a run's own open holds."""
        return Credits.total(share.part.remaining for share in self.of_run(run.id))

    def lender(self, part: HoldPart) -> HoldShare | None:
        """Give the share that lent a part, where its hold is open still."""
        if part.lender_hold_id is None or part.lender_part is None:
            return None
        share = self._by_part.get((part.lender_hold_id, part.lender_part))
        return share if share is not None and share.hold.status is HoldStatus.OPEN else None

    def load(self, account_ids: Iterable[UUID], runs: Iterable[Workflow]) -> list[HoldShare]:
        """Load the open holds of runs and of their ancestors."""
        wanted = {id_ for run in runs for id_ in (run.id, *run.ancestor_ids)}
        return self._add(_OPEN_OF_RUNS, accounts=list(account_ids), runs=list(wanted)) if wanted else []

    def load_expired(self, account_ids: Iterable[UUID], now: datetime) -> list[HoldShare]:
        """Load the open holds whose time is over, and the holds that lent to them."""
        accounts = list(account_ids)
        expired = self._add(_OPEN_AND_EXPIRED, accounts=accounts, now=now)
        if any(share.part.lender_hold_id for share in expired):
            self.load(accounts, {share.run for share in expired})
        return expired

    def add_hold(self, hold: Hold) -> None:
        """Take in a hold that the batch makes; its lines and parts follow."""
        self._new.append(hold)

    def add_line(self, line: HoldLine) -> None:
        """Take in a line that the batch makes."""
        self._new.append(line)

    def add_share(self, share: HoldShare) -> None:
        """Take in a part that the batch makes."""
        self._new.append(share.part)
        self._index(share)

    def insert(self) -> None:
        """Insert what the batch made, one statement for each table."""
        for mapped, insertion in _INSERTS.items():
            made = [row for row in self._new if type(row) is mapped]
            insertion.write(self.session, values_of(mapped, made))
        self._new = []

    def _add(self, statement: PreparedRead, **values: object) -> list[HoldShare]:
        found = []
        for row in statement.rows(self.session, **values):
            read = self._read(row)
            share = self._by_part.get((read.hold.id, read.part.part))
            if share is None:
                share = read
                self._index(share)
            found.append(share)
        return found

    def _read(self, row: Sequence[object]) -> HoldShare:
        grant = row[_PLACES[Grant]]
        return HoldShare(
            run=read_row(self.session, Workflow, row[_PLACES[Workflow]]),
            hold=read_row(self.session, Hold, row[_PLACES[Hold]]),
            line=read_row(self.session, HoldLine, row[_PLACES[HoldLine]]),
            part=read_row(self.session, HoldPart, row[_PLACES[HoldPart]]),
            grant=None if grant[0] is None else read_row(self.session, Grant, grant),
        )

    def _index(self, share: HoldShare) -> None:
        self._shares[share.hold.workflow_id].append(share)
        self._by_part[share.hold.id, share.part.part] = share


def next_expiries(session: Session, account_ids: Iterable[UUID], now: datetime) -> dict[UUID, datetime]:
    """Tell when the next open hold of each account expires; accounts without one are left out."""
    rows = _NEXT_EXPIRIES.rows(session, accounts=account_ids, now=now)
    return {row[0]: row[1] for row in rows}


def _open(which: Callable[[type[Hold]], ColumnElement[bool]]) -> PreparedRead:
    of_line = and_(
        HoldLine.account_id == HoldPart.account_id,
        HoldLine.hold_id == HoldPart.hold_id,
        HoldLine.line == HoldPart.line,
    )
    of_hold = and_(Hold.account_id == HoldPart.account_id, Hold.id == HoldPart.hold_id)
    of_run = and_(Workflow.account_id == Hold.account_id, Workflow.id == Hold.workflow_id)
    of_grant = and_(Grant.account_id == HoldPart.account_id, Grant.id == HoldPart.grant_id)
    open_hold = aliased(Hold)
    chosen = select(open_hold.id).where(
        open_hold.account_id.in_(_ACCOUNTS), open_hold.status == _OPEN, which(open_hold)
    )
    shares = (
        select(*(column for mapped in _OF_SHARE for column in table_of(mapped).columns))
        .select_from(HoldPart)
        .join(HoldLine, of_line)
        .join(Hold, of_hold)
        .join(Workflow, of_run)
        .outerjoin(Grant, of_grant)
        .where(HoldPart.account_id.in_(_ACCOUNTS))
        .order_by(HoldPart.hold_id, HoldPart.part)
    )
    return PreparedRead(
        # SQLite would go through the parts of all holds that the account ever had, if it were not told which.
        shares.where(HoldPart.hold_id.in_(chosen)),
        # So would PostgreSQL before it has counted a table's rows: it is told for each.
        on_postgresql=shares.where(
            HoldLine.account_id.in_(_ACCOUNTS),
            Hold.account_id.in_(_ACCOUNTS),
            *(column == any_(func.array(chosen.scalar_subquery())) for column in _HOLD_IDS),
        ),
    )


def _places(entities: Iterable[type[Base]]) -> dict[type[Base], slice]:
    begin, places = 0, {}
    for mapped in entities:
        end = begin + len(table_of(mapped).columns)
        places[mapped] = slice(begin, end)
        begin = end
    return places


_OF_SHARE: tuple[type[Base], ...] = (HoldPart, HoldLine, Hold, Workflow, Grant)
_PLACES = _places(_OF_SHARE)
_HOLD_IDS = (HoldPart.hold_id, HoldLine.hold_id, Hold.id)
# No parameter, so that the index of open holds serves it.
_OPEN: ColumnElement[HoldStatus] = literal_column(f"'{HoldStatus.OPEN.value}'")
_ACCOUNTS: BindParameter[UUID] = bindparam("accounts", expanding=True)
_OPEN_OF_RUNS = _open(lambda hold: hold.workflow_id.in_(bindparam("runs", expanding=True)))
_OPEN_AND_EXPIRED = _open(lambda hold: hold.expires_at <= bindparam("now"))
_NEXT_EXPIRIES = PreparedRead(
    select(Hold.account_id, func.min(Hold.expires_at, type_=Hold.expires_at.type))
    .where(Hold.account_id.in_(_ACCOUNTS), Hold.status == _OPEN, Hold.expires_at > bindparam("now"))
    .group_by(Hold.account_id)
)
_INSERTS: dict[type[Base], PreparedWrite] = {
    mapped: PreparedWrite(insert(table_of(mapped))) for mapped in (Hold, HoldLine, HoldPart)
}
