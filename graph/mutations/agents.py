"""Create, change and archive agents."""

from functools import partial
from typing import Annotated

import strawberry

from graph import ids, inputs
from graph.context import Info
from graph.mutations.results import result
from graph.scalars import JsonValue
from graph.types.agent import Agent
from graph.types.refusals import AgentNotFound, InvalidAgent
from metering import agents
from models.identity import IdKind
from models.writer import Command


@strawberry.input(description="An agent to be created.")
class CreateAgentInput:
    """An agent to be created."""

    business_adapter: str = strawberry.field(description="The use case, e.g. `emergencyservices`.")
    name: str | None = strawberry.field(default=None, description="Its name; else the adapter's.")
    preset: str | None = strawberry.field(
        default=None, description="Start from this preset's configuration in place of the adapter's."
    )
    custom_settings: JsonValue | None = strawberry.field(
        default=None,
        description="The adapter's settings, and `service_configuration` to override its fields one by one.",
    )


@strawberry.input(description="A change of an agent; what is left out stays.")
class UpdateAgentInput:
    """A change of an agent."""

    agent_id: strawberry.ID = strawberry.field(description="The agent.")
    name: str | None = strawberry.field(default=None, description="Its new name.")
    custom_settings: JsonValue | None = strawberry.field(default=None, description="All its settings, anew.")


@strawberry.input(description="An agent to be taken out of use.")
class ArchiveAgentInput:
    """An agent to be taken out of use."""

    agent_id: strawberry.ID = strawberry.field(description="The agent.")


@strawberry.type(description="An agent was created.")
class AgentCreated:
    """An agent was created."""

    agent: Agent = strawberry.field(description="The agent.")


@strawberry.type(description="An agent was changed.")
class AgentUpdated:
    """An agent was changed."""

    agent: Agent = strawberry.field(description="The agent.")


@strawberry.type(description="An agent was taken out of use.")
class AgentArchived:
    """An agent was taken out of use."""

    agent: Agent = strawberry.field(description="The agent.")


CreateAgentResult = Annotated[AgentCreated | InvalidAgent, result("CreateAgentResult")]
UpdateAgentResult = Annotated[AgentUpdated | AgentNotFound | InvalidAgent, result("UpdateAgentResult")]
ArchiveAgentResult = Annotated[AgentArchived | AgentNotFound, result("ArchiveAgentResult")]
CreateInput = Annotated[CreateAgentInput, strawberry.argument(description="The agent.")]
UpdateInput = Annotated[UpdateAgentInput, strawberry.argument(description="The change.")]
ArchiveInput = Annotated[ArchiveAgentInput, strawberry.argument(description="The agent.")]


async def create_agent(info: Info, input: CreateInput) -> CreateAgentResult:
    """Create an agent."""
    verb = partial(
        agents.create_agent,
        account_id=info.context.account_id,
        name=inputs.optional_name("name", input.name),
        business_adapter=inputs.name("businessAdapter", input.business_adapter),
        preset=inputs.optional_name("preset", input.preset),
        custom_settings=input.custom_settings or {},
    )
    return AgentCreated(agent=Agent.of(await info.context.write(Command(info.context.account_id, verb))))


async def update_agent(info: Info, input: UpdateInput) -> UpdateAgentResult:
    """Change an agent."""
    verb = partial(
        agents.update_agent,
        account_id=info.context.account_id,
        agent_id=ids.read("agentId", IdKind.AGENT, input.agent_id),
        name=inputs.optional_name("name", input.name),
        custom_settings=input.custom_settings,
    )
    return AgentUpdated(agent=Agent.of(await info.context.write(Command(info.context.account_id, verb))))


async def archive_agent(info: Info, input: ArchiveInput) -> ArchiveAgentResult:
    """Take an agent out of use."""
    verb = partial(
        agents.archive_agent,
        account_id=info.context.account_id,
        agent_id=ids.read("agentId", IdKind.AGENT, input.agent_id),
    )
    return AgentArchived(agent=Agent.of(await info.context.write(Command(info.context.account_id, verb))))
