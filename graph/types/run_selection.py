"""Selections of runs, kept with their reasons for ever."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from graph.context import Info
from graph.ids import written
from graph.loaders import filters
from graph.loaders.pages import Listing, ListKey, Parent
from graph.permissions import read_field
from graph.types.connection import Connection, PageArguments, connect
from graph.types.fitting import PricedService
from graph.types.node import Node
from graph.types.orders import SELECTIONS_NEWEST_FIRST
from graph.types.selection import SelectionFigures, figures_of
from graph.types.selection_shadow import SelectionShadow, shadow_of
from metering.selections import KeptSelection, as_kept
from models.identity import IdKind
from models.selection import WorkflowSelection

if TYPE_CHECKING:
    from graph.types.workflow import Workflow

SELECTIONS_OF_WORKFLOW = Listing(
    WorkflowSelection, WorkflowSelection.account_id, WorkflowSelection.workflow_id, WorkflowSelection.id
)


@strawberry.type(description="What was selected for a run, and why: it stays as it was made.")
class RunSelection(SelectionFigures, Node):
    """What was selected for a run."""

    made_at: datetime = strawberry.field(description="When it was made, or taken over from a quote.")
    agent_version: int | None = strawberry.field(
        description="The version of the agent whose configuration chose; null where none did."
    )
    preset: str | None = strawberry.field(
        description="The preset that chose, or that the agent was made from."
    )
    lines: list[PricedService] = strawberry.field(
        description="Each service with the provider that was to serve it, in the order of the request."
    )
    row: strawberry.Private[WorkflowSelection]

    @classmethod
    def of(cls, kept: KeptSelection) -> Self:
        """Show a selection."""
        row = kept.row
        return cls(
            id=written(IdKind.SELECTION, row.id),
            made_at=row.made_at,
            agent_version=row.agent_version,
            preset=row.preset,
            lines=[PricedService.of(line) for line in kept.selection.lines],
            row=row,
            **figures_of(kept.selection),
        )

    @read_field("What the agent's shadow policy would have selected; null where none was in force.")
    async def shadow(self, info: Info) -> SelectionShadow | None:
        """Load what stands beside it."""
        return await shadow_of(info, self.row)

    @read_field("The run that it was made for.")
    async def workflow(self, info: Info) -> Annotated["Workflow", strawberry.lazy("graph.types.workflow")]:
        """Load the run."""
        from graph.types.workflow import Workflow  # noqa: PLC0415 - that module is made of many others

        row = await info.context.loaders.workflow_by_id.load((self.row.account_id, self.row.workflow_id))
        assert row is not None  # noqa: S101 - a foreign key says so
        return Workflow.of(row)


async def selection_of(info: Info, row: WorkflowSelection | None) -> RunSelection | None:
    """Show a stored selection, if there is one, by the card that priced it."""
    if row is None:
        return None
    return RunSelection.of(as_kept(row, await info.context.loaders.prices.load(None)))


async def connect_selections(info: Info, run: Parent, asked: PageArguments) -> Connection[RunSelection]:
    """Load one page of a run's selections."""
    cards = await info.context.loaders.prices.load(None)
    made = ListKey(SELECTIONS_OF_WORKFLOW, run, filters.Everything(), SELECTIONS_NEWEST_FIRST)
    return await connect(info, made, lambda row: RunSelection.of(as_kept(row, cards)), asked)
