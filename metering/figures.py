"""Figures: what the whole store holds, in a few numbers, for those who watch the service."""

from dataclasses import dataclass

from sqlalchemy import Select, func, literal_column, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from models.account import Account
from models.hold import Hold
from models.sums import wide_total
from models.webhook import WebhookDelivery
from models.workflow import Workflow
from pricing.credits import Credits


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """All accounts together: what grants still hold, what is held, what is owed, and how much is open."""

    unspent: Credits
    held: Credits
    owed: Credits
    open_holds: int
    running_workflows: int
    unsent_deliveries: int


def ledger_figures(session: Session) -> LedgerFigures:
    """Look at every account's row once, and count what is open by the indexes of it: four statements."""
    sums = session.execute(_BALANCES).one()
    granted, expired, spent, held, overdraft, held_on_credit = (Credits(micros) for micros in sums)
    return LedgerFigures(
        unspent=granted + overdraft - expired - spent - held,
        held=held,
        owed=overdraft - held_on_credit,
        open_holds=session.scalars(OPEN_HOLDS).one(),
        running_workflows=session.scalars(RUNNING_WORKFLOWS).one(),
        unsent_deliveries=session.scalars(UNSENT_DELIVERIES).one(),
    )


def _counted(is_open: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).where(is_open)


_BALANCES = select(
    *(
        wide_total(column)
        for column in (
            Account.granted,
            Account.expired,
            Account.spent,
            Account.held,
            Account.overdraft,
            Account.held_on_credit,
        )
    )
)
# The names of states are no parameters, so that the indexes of such rows serve.
OPEN_HOLDS = _counted(Hold.status == literal_column("'OPEN'"))
RUNNING_WORKFLOWS = _counted(Workflow.status == literal_column("'RUNNING'"))
UNSENT_DELIVERIES = _counted(WebhookDelivery.status == literal_column("'PENDING'"))
