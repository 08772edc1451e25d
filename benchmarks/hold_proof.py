"""The proof of a series: what is stored equals what the clients were told, and the audit finds nothing."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from benchmarks.hold_clients import Told
from metering.auditing import audit
from metering.auditing.inspection import unhurried
from metering.rollups import rebuild_rollups
from models.account import Account
from models.base import total
from models.database import Database
from models.hold import Hold, HoldStatus
from models.ledger import Grant
from models.service_usage import ServiceUsage
from models.workflow import Workflow, WorkflowStatus
from models.writer import Command

Numbers = dict[UUID, int]


async def add_rollups(database: Database, account_ids: Iterable[UUID]) -> None:
    """Make the rollups of accounts whose books were kept without the service: bare SQL keeps none."""
    for account_id in account_ids:
        await database.write(Command(account_id, partial(rebuild_rollups, account_id=account_id)))


async def mismatches(database: Database, told: Mapping[UUID, Told]) -> list[str]:
    """Name what differs, in a line each; there must be nothing."""

    def question(session: Session) -> list[str]:
        audited = [str(difference) for difference in audit(session).differences]
        return [*audited, *_untrue(session, told)]

    return await database.ask(unhurried(question))


def _untrue(session: Session, told: Mapping[UUID, Told]) -> Iterator[str]:
    accounts = {row.id: row for row in session.scalars(select(Account))}
    available = _numbers(session, Grant.account_id, total(Grant.remaining))
    holds = _numbers(session, Hold.account_id, func.count())
    settled = _numbers(session, Hold.account_id, func.count(), Hold.status == HoldStatus.SETTLED)
    usages = _numbers(session, ServiceUsage.account_id, func.count())
    completed = _numbers(
        session, Workflow.account_id, func.count(), Workflow.status == WorkflowStatus.COMPLETED
    )
    for account_id, expected in told.items():
        account = accounts[account_id]
        compared = {
            "spent": (account.spent.micros, expected.spent),
            "held": (account.held.micros, expected.held),
            "available": (available.get(account_id, 0), expected.available),
            "holds": (holds.get(account_id, 0), expected.holds),
            "settled holds": (settled.get(account_id, 0), expected.completed),
            "usages": (usages.get(account_id, 0), expected.usages),
            "completed runs": (completed.get(account_id, 0), expected.completed),
        }
        for what, (stored, said) in compared.items():
            if stored != said:
                yield f"account {account_id}: {what} {stored} stored, {said} told"


def _numbers(
    session: Session,
    account_id: InstrumentedAttribute[UUID],
    number: ColumnElement[int],
    *where: ColumnElement[bool],
) -> Numbers:
    statement = select(account_id, number).where(*where).group_by(account_id)
    return {row[0]: row[1] for row in session.execute(statement)}
