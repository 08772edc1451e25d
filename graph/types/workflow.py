"""Workflows: runs that collect service usages."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Self

import strawberry

from graph.context import Info
from graph.execution.many import of_many
from graph.loaders.forms import MICROS, id_of
from graph.loaders.nest_rows import RowOf, ServiceRows
from graph.loaders.usage import UsageKey
from graph.permissions import read_field
from graph.scalars import DecimalText, JsonValue, Long
from graph.types.agent import Agent
from graph.types.agent_version import AgentVersion
from graph.types.api_key import ApiKey
from graph.types.computed import column, read, showing
from graph.types.connection import PAGED, Connection, PageArguments, connect, connect_all
from graph.types.hold import Hold
from graph.types.hold_listing import HoldsLike, connect_holds
from graph.types.listings import HOLDS_OF_WORKFLOW, USAGES_OF_WORKFLOW, ServiceUsagesLike, usages_of
from graph.types.nesting import nesting, nesting_pages
from graph.types.node import ID, Node
from graph.types.orders import ServiceUsageOrder, ServiceUsagesBy
from graph.types.run_selection import RunSelection, connect_selections, selection_of
from graph.types.service_usage import ServiceUsage
from graph.types.usage_rows import ServiceBreakdown, breakdown_of_services
from metering.analytics import Level, Period, RunsLike, Scope
from models.agent import Agent as AgentRow
from models.api_key import ApiKey as ApiKeyRow
from models.identity import IdKind
from models.workflow import Workflow as WorkflowRow
from models.workflow import WorkflowStatus
from pricing.credits import Credits

_ALL = Scope(Level.WORKFLOW, Period(), RunsLike())


@showing
@strawberry.type(description="One run: it starts, collects service usages, and ends.")
class Workflow(Node):
    """One run."""

    id: strawberry.ID = column("id", ID, id_of(IdKind.WORKFLOW))
    workflow_name: str = column("workflow_name", "What kind of run it is, e.g. `phone_ai_call`.")
    status: WorkflowStatus = column("status", "Where the run is.")
    business_adapter: str | None = column("business_adapter", "The use case, where one was named.")
    user_id: str | None = column("user_id", "The user of yours that it ran for.")
    started_at: datetime = column("started_at", "When it started.")
    ended_at: datetime | None = column("ended_at", "When it ended; null while it runs.")
    duration_seconds: DecimalText | None = column(
        "duration_micros", "How long it took, to the microsecond; null while it runs.", MICROS
    )
    recorded_at: datetime = column("recorded_at", "When it was first recorded.")
    total_credits_used: Credits = column(
        "total_credits", "The credits of its usages, voided ones left out: the sum of the rounded lines."
    )
    usage_count: Long = column("usage_count", "How many usages it has, voided ones left out.")
    agent_version: int | None = column(
        "agent_version",
        "The version of the agent that it runs under; null without an agent, and for runs from before "
        "versions were kept.",
    )
    metadata: JsonValue | None = read(
        attrgetter("row.run_metadata"), description="What the caller noted when starting it."
    )
    row: strawberry.Private[WorkflowRow]

    @classmethod
    def of(cls, row: WorkflowRow) -> Self:
        """Show a run."""
        return cls(row=row)

    @read_field("The agent that ran, where one was named.")
    @nesting(lambda _: RowOf(AgentRow, "agent_id"))
    @of_many(lambda *given: _agents(*given))  # noqa: PLW0108 - it stands below
    async def agent(self, info: Info) -> Agent | None:
        """Load the agent."""
        if self.row.agent_id is None:
            return None
        row = await info.context.loaders.agent_by_id.load((self.row.account_id, self.row.agent_id))
        return None if row is None else Agent.of(row)

    @read_field("The agent as it was when the run started; null where no agent was named.")
    async def agent_at_start(self, info: Info) -> AgentVersion | None:
        """Load the version of the agent."""
        row = self.row
        if row.agent_id is None or row.agent_version is None:
            return None
        key = (row.account_id, row.agent_id, row.agent_version)
        version = await info.context.loaders.agent_version_by_number.load(key)
        return None if version is None else AgentVersion.of(version)

    @read_field("The API key that the run is attributed to.")
    @nesting(lambda _: RowOf(ApiKeyRow, "api_key_id"))
    @of_many(lambda *given: _api_keys(*given))  # noqa: PLW0108 - it stands below
    async def api_key(self, info: Info) -> ApiKey:
        """Load the key."""
        row = await info.context.loaders.api_key_by_id.load(self.row.api_key_id)
        assert row is not None  # noqa: S101 - a foreign key says so
        return ApiKey.of(row)

    @read_field("The workflow that started this one, where one did.")
    async def parent_workflow(self, info: Info) -> "Workflow | None":
        """Load the parent."""
        if self.row.parent_workflow_id is None:
            return None
        key = (self.row.account_id, self.row.parent_workflow_id)
        row = await info.context.loaders.workflow_by_id.load(key)
        return None if row is None else Workflow.of(row)

    @strawberry.field(description="What the run used.", extensions=[PAGED])
    @nesting_pages(partial(usages_of, USAGES_OF_WORKFLOW))
    @of_many(lambda *given, **named: _services_used(*given, **named))  # noqa: PLW0108 - it stands below
    async def services_used(
        self,
        info: Info,
        page: PageArguments,
        narrowed: ServiceUsagesLike = None,
        order_by: ServiceUsagesBy = ServiceUsageOrder.OLDEST_FIRST,
    ) -> Connection[ServiceUsage]:
        """Load a page of usages."""
        usages = usages_of(USAGES_OF_WORKFLOW, (self.row.account_id, self.row.id), narrowed, order_by)
        return await connect(info, usages, ServiceUsage.of, page)

    @read_field("The credits that were set aside for the run, newest hold first.", PAGED)
    async def holds(self, info: Info, page: PageArguments, narrowed: HoldsLike = None) -> Connection[Hold]:
        """Load a page of holds."""
        return await connect_holds(
            info, HOLDS_OF_WORKFLOW, (self.row.account_id, self.row.id), narrowed, page
        )

    @read_field("What was selected for the run, the newest where there are several; null where nothing was.")
    async def selection(self, info: Info) -> RunSelection | None:
        """Load the newest selection."""
        key = (self.row.account_id, self.row.id)
        return await selection_of(info, await info.context.loaders.selection_by_workflow.load(key))

    @read_field("All that was ever selected for the run, newest first.", PAGED)
    async def selections(self, info: Info, page: PageArguments) -> Connection[RunSelection]:
        """Load a page of selections."""
        return await connect_selections(info, (self.row.account_id, self.row.id), page)

    @strawberry.field(description="The run's credits by service and provider, dearest first.")
    @nesting(lambda _: ServiceRows())
    @of_many(lambda *given: _service_breakdowns(*given))  # noqa: PLW0108 - it stands below
    async def service_breakdown(self, info: Info) -> list[ServiceBreakdown]:
        """Add up by service."""
        key = UsageKey(_ALL, (self.row.account_id, self.row.id))
        return breakdown_of_services(key, await info.context.loaders.services_by_owner.load(key))


async def _agents(runs: Sequence[Workflow], info: Info) -> list[Agent | None]:
    keys = [(row.account_id, row.agent_id) if row.agent_id else None for row in (run.row for run in runs)]
    found = await info.context.loaders.agent_by_id.load_named(keys)
    return [None if row is None else Agent.of(row) for row in found]


async def _api_keys(runs: Sequence[Workflow], info: Info) -> list[ApiKey | None]:
    found = await info.context.loaders.api_key_by_id.load_named([run.row.api_key_id for run in runs])
    return [None if row is None else ApiKey.of(row) for row in found]


async def _services_used(
    runs: Sequence[Workflow],
    info: Info,
    page: PageArguments,
    narrowed: ServiceUsagesLike = None,
    order_by: ServiceUsagesBy = ServiceUsageOrder.OLDEST_FIRST,
) -> list[Connection[ServiceUsage]]:
    parents = [(run.row.account_id, run.row.id) for run in runs]
    usages = usages_of(USAGES_OF_WORKFLOW, parents[0], narrowed, order_by)
    return await connect_all(info, usages.of_each(parents), ServiceUsage.of, page)


async def _service_breakdowns(runs: Sequence[Workflow], info: Info) -> list[list[ServiceBreakdown]]:
    keys = [UsageKey(_ALL, (run.row.account_id, run.row.id)) for run in runs]
    found = await info.context.loaders.services_by_owner.load_all(keys)
    return list(map(breakdown_of_services, keys, found))
