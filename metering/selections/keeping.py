"""Selections kept with their runs: written once for a whole batch, read again where it is replayed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from metering.prices import PriceBook, price_book
from metering.selections.choosing import Chosen
from metering.selections.record import read_selection, written
from metering.shadows import ShadowOutcome, shadow_outcomes
from models.base import table_of
from models.identity import new_id
from models.selection import WorkflowSelection
from models.workflow import Workflow
from pricing.selection import Selection


@dataclass(frozen=True, slots=True)
class KeptSelection:
    """A selection of a run as it is stored, and what it says."""

    row: WorkflowSelection
    selection: Selection


@dataclass(slots=True)
class Selections:
    """The selections that a batch makes for its runs."""

    session: Session
    now: datetime
    _kept: list[tuple[Workflow, Chosen, KeptSelection]] = field(default_factory=list)

    def keep(self, run: Workflow, chosen: Chosen) -> KeptSelection:
        """Take in what was chosen for a run that has an id."""
        row = WorkflowSelection(
            account_id=run.account_id,
            id=new_id(),
            workflow_id=run.id,
            agent_version=chosen.agent_version,
            preset=chosen.preset,
            total_credits=chosen.selection.total,
            record=written(chosen.selection),
            shadow_policy_id=None,
            shadow_credits=None,
            shadow_record=None,
            shadow_refusal=None,
            made_at=self.now,
        )
        kept = KeptSelection(row, chosen.selection)
        self._kept.append((run, chosen, kept))
        return kept

    def of(self, selection_id: UUID) -> KeptSelection | None:
        """Give a selection of this batch."""
        return next((kept for _, _, kept in self._kept if kept.row.id == selection_id), None)

    def insert(self) -> None:
        """Insert what was taken in, in one statement; the runs are in the store already.

        What an agent's shadow policy would have chosen goes into the rows here, before they are inserted.
        """
        asked = [(run, chosen.request, chosen.selection) for run, chosen, _ in self._kept]
        for (_, _, kept), outcome in zip(self._kept, shadow_outcomes(self.session, asked), strict=True):
            if outcome is not None:
                _set_beside(kept.row, outcome)
        rows = [{key: getattr(kept.row, key) for key in _COLUMNS} for _, _, kept in self._kept]
        if rows:
            self.session.execute(_INSERT, rows)


def _set_beside(row: WorkflowSelection, outcome: ShadowOutcome) -> None:
    row.shadow_policy_id, row.shadow_refusal = outcome.policy_id, outcome.refusal
    if outcome.selection is not None:
        row.shadow_credits = outcome.selection.total
        row.shadow_record = {**written(outcome.selection), "changes": list(outcome.changes)}


def selections_by_id(
    session: Session, account_ids: Iterable[UUID], selection_ids: Collection[UUID]
) -> dict[UUID, KeptSelection]:
    """Load selections of the accounts by id, none where there are no ids."""
    if not selection_ids:
        return {}
    statement = select(WorkflowSelection).where(
        WorkflowSelection.account_id.in_(account_ids), WorkflowSelection.id.in_(selection_ids)
    )
    rows = session.scalars(statement).all()
    cards = price_book(session)
    return {row.id: as_kept(row, cards) for row in rows}


def as_kept(row: WorkflowSelection, cards: PriceBook) -> KeptSelection:
    """Read what a stored selection says."""
    return KeptSelection(row, read_selection(row.record, cards))


_INSERT = insert(table_of(WorkflowSelection))
_COLUMNS = [column.key for column in WorkflowSelection.__mapper__.column_attrs]
