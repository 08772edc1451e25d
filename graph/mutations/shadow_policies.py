"""Set and remove the configuration that is tried on an agent's runs."""

from functools import partial
from typing import Annotated

import strawberry

from graph import ids, inputs
from graph.context import Info
from graph.inputs import bad_input
from graph.mutations.results import result
from graph.scalars import JsonValue
from graph.types.refusals import AgentNotFound, InvalidShadowPolicy, ShadowPolicyNotFound
from graph.types.shadow import ShadowPolicy
from metering import shadows
from models.identity import IdKind
from models.writer import Command


@strawberry.input(
    description="A configuration to be tried on an agent's runs: exactly one of preset and configuration."
)
class SetShadowPolicyInput:
    """A configuration to be tried on an agent's runs."""

    agent_id: strawberry.ID = strawberry.field(description="The agent.")
    preset: str | None = strawberry.field(default=None, description="Try this preset.")
    configuration: JsonValue | None = strawberry.field(
        default=None,
        description="Try this configuration, its fields as agents store them, e.g. `primary_ai_model`.",
    )


@strawberry.input(description="An agent on whose runs nothing is to be tried any more.")
class RemoveShadowPolicyInput:
    """An agent on whose runs nothing is to be tried any more."""

    agent_id: strawberry.ID = strawberry.field(description="The agent.")


@strawberry.type(description="A configuration is tried on the agent's runs, in place of the one before.")
class ShadowPolicySet:
    """A configuration is tried on the agent's runs."""

    shadow_policy: ShadowPolicy = strawberry.field(description="The policy.")


@strawberry.type(description="Nothing is tried on the agent's runs any more.")
class ShadowPolicyRemoved:
    """Nothing is tried on the agent's runs any more."""

    shadow_policy: ShadowPolicy = strawberry.field(description="The policy that was in force.")


SetShadowPolicyResult = Annotated[
    ShadowPolicySet | AgentNotFound | InvalidShadowPolicy, result("SetShadowPolicyResult")
]
RemoveShadowPolicyResult = Annotated[
    ShadowPolicyRemoved | AgentNotFound | ShadowPolicyNotFound, result("RemoveShadowPolicyResult")
]
SetInput = Annotated[SetShadowPolicyInput, strawberry.argument(description="The policy.")]
RemoveInput = Annotated[RemoveShadowPolicyInput, strawberry.argument(description="The agent.")]


async def set_shadow_policy(info: Info, input: SetInput) -> SetShadowPolicyResult:
    """Set a shadow policy."""
    if (input.preset is None) == (input.configuration is None):
        raise bad_input("preset", "give exactly one of preset and configuration.")
    item = shadows.SetShadowPolicy(
        account_id=info.context.account_id,
        agent_id=ids.read("agentId", IdKind.AGENT, input.agent_id),
        preset=inputs.optional_name("preset", input.preset),
        configuration=input.configuration,
    )
    verb = partial(shadows.set_shadow_policy, item=item)
    policy = await info.context.write(Command(item.account_id, verb))
    return ShadowPolicySet(shadow_policy=ShadowPolicy.of(policy))


async def remove_shadow_policy(info: Info, input: RemoveInput) -> RemoveShadowPolicyResult:
    """Remove a shadow policy."""
    account_id = info.context.account_id
    verb = partial(
        shadows.remove_shadow_policy,
        account_id=account_id,
        agent_id=ids.read("agentId", IdKind.AGENT, input.agent_id),
    )
    policy = await info.context.write(Command(account_id, verb))
    return ShadowPolicyRemoved(shadow_policy=ShadowPolicy.of(policy))
