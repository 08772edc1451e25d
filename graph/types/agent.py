"""Agents and their service configuration."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from adapters.resolution import FieldOrigin, field_origins
from graph.context import Info
from graph.ids import written
from graph.permissions import read_field
from graph.scalars import JsonValue
from graph.types.connection import After, Before, Connection, First, Last, PageArguments, connect
from graph.types.listings import WORKFLOWS_OF_AGENT, WorkflowsLike, runs_of
from graph.types.node import Node
from graph.types.orders import WorkflowOrder, WorkflowsBy
from graph.types.usage import From, OfRuns, To, UsageAnalytics, usage_of
from metering.agents import service_configuration_of
from metering.analytics import Level
from metering.errors import InvalidAgent
from models.agent import Agent as AgentRow
from models.identity import IdKind
from pricing.configuration import AccuracyRequirement
from pricing.configuration import ServiceConfiguration as Configuration
from pricing.credits import Credits

if TYPE_CHECKING:
    from graph.types.workflow import Workflow


@strawberry.type(
    name="ServiceConfigurationOrigin", description="Where a field of a service configuration comes from."
)
class ConfigurationOrigin:
    """Where a field of a service configuration comes from."""

    field: str = strawberry.field(description="The field as agents store it, e.g. `primary_ai_model`.")
    origin: FieldOrigin = strawberry.field(description="Where its value comes from.")


@strawberry.type(description="Which models and providers may serve, and the cost rules.")
class ServiceConfiguration:
    """Which models and providers may serve, and the cost rules."""

    primary_ai_model: str = strawberry.field(description="The language model.")
    fallback_ai_model: str | None = strawberry.field(
        description="The model to take where the first will not do."
    )
    voice_enabled: bool = strawberry.field(
        description="Whether speech to text and text to speech may be used."
    )
    stt_provider: str | None = strawberry.field(description="Who turns speech into text.")
    tts_provider: str | None = strawberry.field(description="Who turns text into speech.")
    phone_enabled: bool = strawberry.field(description="Whether phone calls may be made.")
    phone_provider: str | None = strawberry.field(description="Who carries phone calls.")
    vision_enabled: bool = strawberry.field(description="Whether images may be understood.")
    vision_provider: str | None = strawberry.field(description="Which model understands images.")
    cost_optimization: bool = strawberry.field(description="Whether cheaper adequate services are preferred.")
    max_credits_per_request: Credits | None = strawberry.field(
        description="The most that one request may cost; null is no limit."
    )
    accuracy_requirement: AccuracyRequirement = strawberry.field(description="How accurate services must be.")
    origins: list[ConfigurationOrigin] = strawberry.field(
        description="Of each field, where its value comes from."
    )

    @classmethod
    def of(cls, configuration: Configuration, origins: Mapping[str, FieldOrigin]) -> Self:
        """Show a configuration and where its fields come from."""
        return cls(
            primary_ai_model=configuration.primary_ai_model,
            fallback_ai_model=configuration.fallback_ai_model,
            voice_enabled=configuration.voice_enabled,
            stt_provider=configuration.stt_provider,
            tts_provider=configuration.tts_provider,
            phone_enabled=configuration.phone_enabled,
            phone_provider=configuration.phone_provider,
            vision_enabled=configuration.vision_enabled,
            vision_provider=configuration.vision_provider,
            cost_optimization=configuration.cost_optimization,
            max_credits_per_request=configuration.max_credits_per_request,
            accuracy_requirement=configuration.accuracy_requirement,
            origins=[ConfigurationOrigin(field=field, origin=origin) for field, origin in origins.items()],
        )


@strawberry.type(description="A configured AI agent of an account: a business adapter and its settings.")
class Agent(Node):
    """A configured AI agent of an account."""

    name: str = strawberry.field(description="The agent's name.")
    business_adapter: str = strawberry.field(description="The use case, e.g. `emergencyservices`.")
    preset: str | None = strawberry.field(
        description="The preset that its configuration starts from, if any."
    )
    custom_settings: JsonValue = strawberry.field(description="The settings as they were given.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    archived_at: datetime | None = strawberry.field(description="When it was taken out of use.")
    row: strawberry.Private[AgentRow]

    @classmethod
    def of(cls, row: AgentRow) -> Self:
        """Show an agent."""
        return cls(
            id=written(IdKind.AGENT, row.id),
            name=row.name,
            business_adapter=row.business_adapter,
            preset=row.preset,
            custom_settings=JsonValue(row.custom_settings),
            created_at=row.created_at,
            updated_at=row.updated_at,
            archived_at=row.archived_at,
            row=row,
        )

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

    @read_field("The agent's runs.")
    async def workflows(
        self,
        info: Info,
        *,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        narrowed: WorkflowsLike = None,
        order_by: WorkflowsBy = WorkflowOrder.NEWEST_FIRST,
    ) -> Connection[Annotated["Workflow", strawberry.lazy("graph.types.workflow")]]:
        """Load a page of runs."""
        from graph.types.workflow import Workflow  # noqa: PLC0415 - the two types name each other

        parent = (self.row.account_id, self.row.id)
        page = PageArguments(first, after, last, before)
        return await connect(info, runs_of(WORKFLOWS_OF_AGENT, parent, narrowed, order_by), Workflow.of, page)

    @read_field("Where the agent's credits went.")
    def usage(self, start: From = None, end: To = None, narrowed: OfRuns = None) -> UsageAnalytics:
        """Give the figures of a period."""
        return usage_of(Level.AGENT, (self.row.account_id, self.row.id), start, end, narrowed)
