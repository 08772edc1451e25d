"""Agents: what they are now, what they were, and their runs."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from adapters.resolution import field_origins
from graph.context import Info
from graph.execution.many import of_many
from graph.loaders.forms import id_of
from graph.loaders.pages import DEFAULT_NODES
from graph.permissions import read_field
from graph.scalars import JsonValue
from graph.types.agent_version import AgentVersion
from graph.types.computed import column, read, showing
from graph.types.connection import PAGED, Connection, PageArguments, connect, connect_all
from graph.types.listings import WORKFLOWS_OF_AGENT, WorkflowsLike, runs_of, versions_of
from graph.types.nesting import nesting_pages
from graph.types.node import ID, Node
from graph.types.orders import WorkflowOrder, WorkflowsBy
from graph.types.service_configuration import ServiceConfiguration
from graph.types.shadow import ShadowComparison, ShadowPolicy, comparison_of, policies_of
from graph.types.unit_economics import (
    EconomicsFrom,
    EconomicsOf,
    EconomicsTo,
    FirstNames,
    UnitEconomics,
    question_of,
    unit_economics_of,
)
from graph.types.usage import From, OfRuns, To, UsageAnalytics, usage_of
from metering.agents import service_configuration_of
from metering.analytics import Level
from metering.errors import InvalidAgent
from models.agent import Agent as AgentRow
from models.identity import IdKind
from models.selection import ShadowPolicy as PolicyRow

if TYPE_CHECKING:
    from graph.types.workflow import Workflow


@showing
@strawberry.type(description="A configured AI agent of an account: a business adapter and its settings.")
class Agent(Node):
    """A configured AI agent of an account."""

    id: strawberry.ID = column("id", ID, id_of(IdKind.AGENT))
    name: str = column("name", "The agent's name.")
    version: int = column(
        "version",
        "Which version it is, from 1: each change of its name or settings makes a new one.",
    )
    business_adapter: str = column("business_adapter", "The use case, e.g. `emergencyservices`.")
    preset: str | None = column("preset", "The preset that its configuration starts from, if any.")
    custom_settings: JsonValue = read(
        attrgetter("row.custom_settings"), description="The settings as they were given."
    )
    created_at: datetime = column("created_at", "When it was created.")
    updated_at: datetime = column("updated_at", "When it was last changed.")
    archived_at: datetime | None = column("archived_at", "When it was taken out of use.")
    row: strawberry.Private[AgentRow]

    @classmethod
    def of(cls, row: AgentRow) -> Self:
        """Show an agent."""
        return cls(row=row)

    @strawberry.field(
        description=(
            "What may serve the agent: preset or adapter, with its own settings field by field; null where "
            "the adapter is gone, or has changed so that the settings no longer fit."
        )
    )
    def service_configuration(self) -> ServiceConfiguration | None:
        """Resolve the configuration."""
        try:
            configuration = service_configuration_of(self.row)
        except InvalidAgent:
            return None
        origins = field_origins(configuration, self.row.custom_settings, self.row.preset)
        return ServiceConfiguration.of(configuration, origins)

    @read_field("What the agent was from one change to the next, newest first.", PAGED)
    async def versions(self, info: Info, page: PageArguments) -> Connection[AgentVersion]:
        """Load a page of versions."""
        key = versions_of((self.row.account_id, self.row.id))
        return await connect(info, key, AgentVersion.of, page)

    @read_field("The configuration that is tried on its runs; null where none is.")
    async def shadow_policy(self, info: Info) -> ShadowPolicy | None:
        """Load the policy in force."""
        row = await self._newest_policy(info)
        return None if row is None or row.removed_at is not None else ShadowPolicy.of(row)

    @read_field("The configurations that are and were tried on its runs, newest first.", PAGED)
    async def shadow_policies(self, info: Info, page: PageArguments) -> Connection[ShadowPolicy]:
        """Load a page of policies."""
        key = policies_of((self.row.account_id, self.row.id))
        return await connect(info, key, ShadowPolicy.of, page)

    @read_field(
        "What the shadow policy in force, or else the last one, would have done; null where there was none."
    )
    async def shadow_comparison(
        self, info: Info, start: From = None, end: To = None
    ) -> ShadowComparison | None:
        """Compare the newest policy with what was chosen."""
        row = await self._newest_policy(info)
        return None if row is None else await comparison_of(info, row, start, end)

    @read_field("The agent's runs.", PAGED)
    @nesting_pages(partial(runs_of, WORKFLOWS_OF_AGENT))
    @of_many(lambda *given, **named: _workflows(*given, **named))  # noqa: PLW0108 - it stands below
    async def workflows(
        self,
        info: Info,
        page: PageArguments,
        narrowed: WorkflowsLike = None,
        order_by: WorkflowsBy = WorkflowOrder.NEWEST_FIRST,
    ) -> Connection[Annotated["Workflow", strawberry.lazy("graph.types.workflow")]]:
        """Load a page of runs."""
        from graph.types.workflow import Workflow  # noqa: PLC0415 - the two types name each other

        parent = (self.row.account_id, self.row.id)
        return await connect(info, runs_of(WORKFLOWS_OF_AGENT, parent, narrowed, order_by), Workflow.of, page)

    @read_field("Where the agent's credits went.")
    def usage(self, start: From = None, end: To = None, narrowed: OfRuns = None) -> UsageAnalytics:
        """Give the figures of a period."""
        return usage_of(Level.AGENT, (self.row.account_id, self.row.id), start, end, narrowed)

    @read_field("What finished runs of the agent cost and how long they took, name by name.")
    async def unit_economics(
        self,
        info: Info,
        start: EconomicsFrom = None,
        end: EconomicsTo = None,
        narrowed: EconomicsOf = None,
        first: FirstNames = DEFAULT_NODES,
    ) -> UnitEconomics:
        """Look at finished runs."""
        owner = (self.row.account_id, self.row.id)
        question = question_of(Level.AGENT, start, end, narrowed, first)
        return await unit_economics_of(info, owner, question)

    async def _newest_policy(self, info: Info) -> PolicyRow | None:
        return await info.context.loaders.newest_shadow_policy_by_agent.load(
            (self.row.account_id, self.row.id)
        )


async def _workflows(
    agents: Sequence[Agent],
    info: Info,
    page: PageArguments,
    narrowed: WorkflowsLike = None,
    order_by: WorkflowsBy = WorkflowOrder.NEWEST_FIRST,
) -> list[Connection["Workflow"]]:
    from graph.types.workflow import Workflow  # noqa: PLC0415 - the two types name each other

    parents = [(agent.row.account_id, agent.row.id) for agent in agents]
    runs = runs_of(WORKFLOWS_OF_AGENT, parents[0], narrowed, order_by)
    return await connect_all(info, runs.of_each(parents), Workflow.of, page)
