"""Stored quotes: a price that is promised until a moment, and what became of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from graph.context import Info
from graph.ids import written
from graph.permissions import read_field
from graph.scalars import DecimalText
from graph.types.agent import Agent
from graph.types.enums import described
from graph.types.hold import Hold, hold_of
from graph.types.node import Node
from graph.types.rate_card import Rate
from graph.types.selection import ServiceSelection
from metering.prices import CardIds
from metering.quotes import QuoteStatus, status_of
from metering.selections.record import read_selection
from models.identity import IdKind
from models.quote import QuoteLine as LineRow
from models.quote import StoredQuote as QuoteRow
from models.workflow import Workflow as WorkflowRow
from pricing.credits import Credits
from pricing.decimal_text import text_from_micros
from pricing.units import ServiceType, UnitType

if TYPE_CHECKING:
    from graph.types.workflow import Workflow

described(
    "Where a quote is.",
    OPEN="A hold can take it.",
    EXPIRED="Its promise is over, and no hold took it.",
    TAKEN="A hold took it; one quote serves one hold.",
)(QuoteStatus)


@strawberry.type(
    description="A service of a quoted plan with the provider that would serve it, and its price."
)
class QuoteLine:
    """A service of a quoted plan."""

    line: int = strawberry.field(description="Its number within the quote, from 0.")
    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    units: DecimalText = strawberry.field(description="How many units are planned.")
    unit_type: UnitType = strawberry.field(description="The unit.")
    credits: Credits = strawberry.field(description="What it costs, rounded by the rate card.")
    row: strawberry.Private[LineRow]

    @classmethod
    def of(cls, row: LineRow) -> Self:
        """Show a line."""
        return cls(
            line=row.line,
            service_type=row.service_type,
            provider=row.provider,
            units=DecimalText(text_from_micros(row.micro_units)),
            unit_type=row.unit_type,
            credits=row.credits,
            row=row,
        )

    @strawberry.field(description="The rate that priced it.")
    async def rate(self, info: Info) -> Rate:
        """Load the rate."""
        found = await info.context.loaders.rate_with_card_by_id.load(self.row.rate_id)
        assert found is not None  # noqa: S101 - a foreign key says so
        return Rate.of(*found)


@strawberry.type(description="The price of a plan, promised until it expires; at most one hold takes it.")
class StoredQuote(Node):
    """The price of a plan, promised until it expires."""

    status: QuoteStatus = strawberry.field(description="Where it is at this moment.")
    workflow_name: str | None = strawberry.field(description="The name of the run that it is for.")
    agent_version: int | None = strawberry.field(
        description="The version of the agent whose configuration chose; null where none did."
    )
    preset: str | None = strawberry.field(
        description="The preset that chose, or that the agent was made from."
    )
    total_credits: Credits = strawberry.field(description="The sum of the rounded lines.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="From when on no hold can take it.")
    taken_at: datetime | None = strawberry.field(description="When a hold took it.")
    row: strawberry.Private[QuoteRow]

    @classmethod
    def of(cls, row: QuoteRow, now: datetime) -> Self:
        """Show a quote as it is at a moment."""
        return cls(
            id=written(IdKind.QUOTE, row.id),
            status=status_of(row, now),
            workflow_name=row.workflow_name,
            agent_version=row.agent_version,
            preset=row.preset,
            total_credits=row.total_credits,
            created_at=row.created_at,
            expires_at=row.expires_at,
            taken_at=row.taken_at,
            row=row,
        )

    @strawberry.field(description="The rate card whose prices it promises.")
    async def rate_card_version(self, info: Info) -> str:
        """Load the prices."""
        book = await info.context.loaders.prices.load(None)
        return book.by_ids(CardIds(self.row.rate_card_id, self.row.override_card_id)).version

    @strawberry.field(description="What was quoted, line by line, in the order of the request.")
    async def lines(self, info: Info) -> list[QuoteLine]:
        """Load the lines."""
        rows = await info.context.loaders.lines_by_quote.load((self.row.account_id, self.row.id))
        return [QuoteLine.of(row) for row in rows]

    @strawberry.field(
        description="Why these providers; null where no configuration chose, since the request named each."
    )
    async def selection(self, info: Info) -> ServiceSelection | None:
        """Read the record of the choice."""
        if self.row.selection is None:
            return None
        book = await info.context.loaders.prices.load(None)
        return ServiceSelection.of(read_selection(self.row.selection, book), None)

    @read_field("The agent whose configuration chose; null where none did.")
    async def agent(self, info: Info) -> Agent | None:
        """Load the agent."""
        if self.row.agent_id is None:
            return None
        row = await info.context.loaders.agent_by_id.load((self.row.account_id, self.row.agent_id))
        return None if row is None else Agent.of(row)

    @read_field("The hold that took it; null where none did.")
    async def hold(self, info: Info) -> Hold | None:
        """Load the hold."""
        if self.row.hold_id is None:
            return None
        row = await info.context.loaders.hold_by_id.load((self.row.account_id, self.row.hold_id))
        return None if row is None else await hold_of(info, row)

    @read_field("The run whose hold took it; null where none did.")
    async def workflow(
        self, info: Info
    ) -> Annotated["Workflow", strawberry.lazy("graph.types.workflow")] | None:
        """Load the run."""
        from graph.types.workflow import Workflow  # noqa: PLC0415 - that module is made of many others

        row = await self._run(info)
        return None if row is None else Workflow.of(row)

    @read_field("What its run was charged in all, once that has ended; voided usages are left out.")
    async def charged_credits(self, info: Info) -> Credits | None:
        """Load the run."""
        return _charged(await self._run(info))

    @read_field("Charged less quoted, once its run has ended: negative where it came out cheaper.")
    async def difference_credits(self, info: Info) -> Credits | None:
        """Load the run."""
        charged = _charged(await self._run(info))
        return None if charged is None else charged - self.row.total_credits

    async def _run(self, info: Info) -> WorkflowRow | None:
        if self.row.workflow_id is None:
            return None
        key = (self.row.account_id, self.row.workflow_id)
        return await info.context.loaders.workflow_by_id.load(key)


def _charged(run: WorkflowRow | None) -> Credits | None:
    return None if run is None or run.ended_at is None else run.total_credits
