"""Which usages are added up: whose, in which period, of which runs."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from models.workflow import Workflow

_FIRST = datetime.min.replace(tzinfo=UTC)


class Level(StrEnum):
    """Whose usages are added up."""

    ACCOUNT = "ACCOUNT"
    AGENT = "AGENT"
    API_KEY = "API_KEY"
    WORKFLOW = "WORKFLOW"


@dataclass(frozen=True, slots=True)
class Period:
    """A period from a moment on, up to but not including another; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def contains(self, column: InstrumentedAttribute[datetime]) -> list[ColumnElement[bool]]:
        """Give what a time column must fulfil."""
        conditions: list[ColumnElement[bool]] = []
        if self.start is not None:
            conditions.append(column >= self.start)
        if self.end is not None:
            conditions.append(column < self.end)
        return conditions

    @property
    def is_empty(self) -> bool:
        """Whether no moment is in it."""
        return self.start is not None and self.end is not None and self.start >= self.end

    def before(self) -> "Period | None":
        """Give the period of the same length right before; None for an open one."""
        if self.start is None or self.end is None or self.start - _FIRST < self.end - self.start:
            return None
        return Period(self.start - (self.end - self.start), self.start)


@dataclass(frozen=True, slots=True)
class RunsLike:
    """The runs whose usages count."""

    workflow_name: str | None = None
    business_adapter: str | None = None
    agent_id: UUID | None = None
    user_id: str | None = None
    api_key_id: UUID | None = None

    @property
    def wanted(self) -> dict[str, Any]:
        """What is asked for, by the names of columns."""
        given = {name: getattr(self, name) for name in _COLUMNS}
        return {name: value for name, value in given.items() if value is not None}

    def conditions(self, of: Any = Workflow) -> list[ColumnElement[bool]]:  # noqa: ANN401 - a mapped class
        """Give a condition for each thing that is asked for, on runs or on what is kept of them."""
        return [getattr(of, name) == value for name, value in self.wanted.items()]


_COLUMNS = tuple(each.name for each in fields(RunsLike))


@dataclass(frozen=True, slots=True)
class Scope:
    """Which usages are added up: a level's, in a period, of runs like these."""

    level: Level
    period: Period
    runs: RunsLike


Owner = tuple[UUID, UUID]
"""An account and the id, within it, of what the level names."""
