"""Thresholds that spending reaches, told as events."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from metering.windows import Window
from models.base import Json
from models.budget import Budget
from models.event import EventType
from models.identity import IdKind, format_id
from pricing.credits import Credits

_Event = tuple[UUID, EventType, Json]


@dataclass(frozen=True, slots=True)
class Reached:
    """A threshold, in percent of the limit, that a subject's spending reached."""

    budget: Budget
    subject: str
    percent: int
    used: Credits

    def in_window(self, window: Window) -> _Event:
        """Make the event for a window."""
        end = None if window.end is None else _moment(window.end)
        return self._event(windowStart=_moment(window.start), windowEnd=end, workflowId=None)

    def in_run(self, workflow_id: UUID) -> _Event:
        """Make the event for a single run."""
        run = format_id(IdKind.WORKFLOW, workflow_id)
        return self._event(windowStart=None, windowEnd=None, workflowId=run)

    def _event(self, **where: str | None) -> _Event:
        budget = self.budget
        data: Json = {
            "budgetId": format_id(IdKind.BUDGET, budget.id),
            "name": budget.name,
            "scope": budget.scope.value,
            "subject": self.subject or None,
            "window": budget.window.value,
            "action": budget.action.value,
            "threshold": self.percent,
            "limit": str(budget.limit),
            "used": str(self.used),
            **where,
        }
        return budget.account_id, EventType.BUDGET_THRESHOLD_REACHED, data


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
