"""Budgets: limits over a window, and what was used of them."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from graph.context import Info
from graph.ids import written
from graph.inputs import bad_input, optional_text
from graph.loaders.budgets import BudgetWindowKey
from graph.loaders.pages import MOST_NODES
from graph.permissions import read_field
from graph.types.forecast import Forecast, forecast_of_budget
from graph.types.node import Node
from metering.budgets.counters import CounterKey
from metering.budgets.rules import left
from metering.windows import Window, window_of
from models.budget import Budget as BudgetRow
from models.budget import BudgetAction, BudgetScope, BudgetWindow
from models.budget import BudgetUse as BudgetUseRow
from models.identity import IdKind
from pricing.credits import Credits

OfSubject = Annotated[
    str | None,
    strawberry.argument(description="The key, agent, user or workflow name; else the budget's own."),
]


@strawberry.type(description="What one subject has of a budget in one window.")
class BudgetUse:
    """What one subject has of a budget in one window."""

    subject: str | None = strawberry.field(
        description="The key, agent, user or workflow name; null is the account."
    )
    window_start: datetime = strawberry.field(description="When the window began.")
    window_end: datetime | None = strawberry.field(description="When the window ends; null is never.")
    used: Credits = strawberry.field(description="What usages of this window cost, voided ones left out.")
    held: Credits = strawberry.field(
        description=(
            "What holds made in this window still set aside; one that expired counts until that is noted, "
            "mostly within a second."
        )
    )
    left: Credits = strawberry.field(description="What may still be spent or held.")

    @classmethod
    def of(cls, budget: BudgetRow, window: Window, subject: str, row: BudgetUseRow | None) -> Self:
        """Show a counter; no row is nothing used."""
        used, held = (row.used, row.held) if row else (Credits.ZERO, Credits.ZERO)
        return cls(
            subject=subject or None,
            window_start=window.start,
            window_end=window.end,
            used=used,
            held=held,
            left=left(budget.limit, used, held),
        )


@strawberry.type(description="A limit on what a scope may spend over a window.")
class Budget(Node):
    """A limit on what a scope may spend over a window."""

    name: str | None = strawberry.field(description="What it is called.")
    scope: BudgetScope = strawberry.field(description="Whose spending it limits.")
    subject: str | None = strawberry.field(
        description="The one key, agent, user or workflow name that it is for; null is each by itself."
    )
    window: BudgetWindow = strawberry.field(description="Over what it counts.")
    time_zone: str = strawberry.field(description="Whose clock its windows go by, e.g. `Europe/Vienna`.")
    limit: Credits = strawberry.field(description="How many credits a window allows.")
    action: BudgetAction = strawberry.field(description="What happens beyond the limit.")
    thresholds: list[int] = strawberry.field(
        description="At which percentages of the limit an event tells of the spending."
    )
    created_at: datetime = strawberry.field(
        description="When it was set first; it counts from the beginning of that window."
    )
    updated_at: datetime = strawberry.field(description="When it was set last.")
    removed_at: datetime | None = strawberry.field(description="When it was removed or replaced.")
    row: strawberry.Private[BudgetRow]

    @classmethod
    def of(cls, row: BudgetRow) -> Self:
        """Show a budget."""
        return cls(
            id=written(IdKind.BUDGET, row.id),
            name=row.name,
            scope=row.scope,
            subject=row.subject,
            window=row.window,
            time_zone=row.time_zone,
            limit=row.limit,
            action=row.action,
            thresholds=list(row.thresholds),
            created_at=row.created_at,
            updated_at=row.updated_at,
            removed_at=row.removed_at,
            row=row,
        )

    @read_field(
        "What a subject has of it in the present window; null where it names no subject and none is given, "
        "where it is not for that one, and for budgets of single runs and removed ones."
    )
    async def use(
        self,
        info: Info,
        subject: OfSubject = None,
    ) -> BudgetUse | None:
        """Load a counter."""
        window, whose = self._present(info), self._whose(optional_text("subject", subject))
        if window is None or whose is None:
            return None
        key = CounterKey(self.row.account_id, self.row.id, whose, window.start)
        row = await info.context.loaders.use_by_counter.load(key)
        return BudgetUse.of(self.row, window, whose, row)

    @read_field("Who used most of it in the present window, the most first.")
    async def uses(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description="How many: 1 to 100.")] = 10,
    ) -> list[BudgetUse]:
        """Load the counters of a window."""
        if not 1 <= first <= MOST_NODES:
            raise bad_input("first", f"1 to {MOST_NODES} is possible, not {first}.")
        window = self._present(info)
        if window is None:
            return []
        key = BudgetWindowKey(self.row.account_id, self.row.id, window.start, first)
        rows = await info.context.loaders.uses_by_budget_window.load(key)
        return [BudgetUse.of(self.row, window, row.subject, row) for row in rows]

    @read_field(
        "What a subject's present window will come to, and when its limit will be used up; null where `use` "
        "is null."
    )
    async def forecast(self, info: Info, subject: OfSubject = None) -> Forecast | None:
        """Foretell the present window."""
        whose = self._whose(optional_text("subject", subject))
        return None if self._present(info) is None else await forecast_of_budget(info, self.row, whose)

    def _present(self, info: Info) -> Window | None:
        if self.row.window is BudgetWindow.REQUEST or self.row.removed_at is not None:
            return None
        return window_of(self.row.window, self.row.time_zone, info.context.now())

    def _whose(self, asked: str | None) -> str | None:
        own = "" if self.row.scope is BudgetScope.ACCOUNT else self.row.subject
        if own is None:
            return asked
        return own if asked in {None, own} else None
