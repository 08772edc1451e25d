"""Shadow policies: a configuration tried on an agent's runs, and what it would have done."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from adapters.resolution import FieldOrigin
from graph.context import Info
from graph.ids import written
from graph.inputs import period
from graph.loaders import filters
from graph.loaders.pages import Listing, ListKey, Parent
from graph.loaders.shadows import ComparisonKey
from graph.permissions import read_field
from graph.scalars import Long
from graph.types.node import Node
from graph.types.orders import SHADOW_POLICIES_NEWEST_FIRST
from graph.types.service_configuration import ServiceConfiguration
from graph.types.usage import From, To
from metering.shadows import ChangedChoice, RefusedRuns, ShadowRefusalKind
from metering.shadows import ShadowComparison as Comparison
from models.identity import IdKind
from models.selection import ShadowPolicy as PolicyRow
from pricing.configuration import InvalidConfiguration
from pricing.configuration import ServiceConfiguration as Configuration
from pricing.credits import Credits
from pricing.units import ServiceType

if TYPE_CHECKING:
    from graph.types.agent import Agent

POLICIES_OF_AGENT = Listing(PolicyRow, PolicyRow.account_id, PolicyRow.agent_id, PolicyRow.id)


@strawberry.type(
    description="A configuration that is tried wherever a run of the agent is selected for, and serves none."
)
class ShadowPolicy(Node):
    """A configuration that is tried on an agent's runs."""

    preset: str | None = strawberry.field(description="The preset that it is, if any.")
    service_configuration: ServiceConfiguration | None = strawberry.field(
        description=(
            "What may serve under it, as it was when it was set; null where this version knows it no more."
        )
    )
    set_at: datetime = strawberry.field(description="Since when it is tried.")
    removed_at: datetime | None = strawberry.field(
        description="When it was removed or replaced; null while it is in force."
    )
    row: strawberry.Private[PolicyRow]

    @classmethod
    def of(cls, row: PolicyRow) -> Self:
        """Show a policy."""
        return cls(
            id=written(IdKind.SHADOW_POLICY, row.id),
            preset=row.preset,
            service_configuration=_configuration(row),
            set_at=row.set_at,
            removed_at=row.removed_at,
            row=row,
        )

    @read_field("The agent on whose runs it is tried.")
    async def agent(self, info: Info) -> Annotated["Agent", strawberry.lazy("graph.types.agent")]:
        """Load the agent."""
        from graph.types.agent import Agent  # noqa: PLC0415 - the two types name each other

        row = await info.context.loaders.agent_by_id.load((self.row.account_id, self.row.agent_id))
        assert row is not None  # noqa: S101 - a foreign key says so
        return Agent.of(row)

    @read_field("What it would have done, against what was chosen.")
    async def comparison(self, info: Info, start: From = None, end: To = None) -> "ShadowComparison":
        """Compare it with what was chosen while it was tried."""
        return await comparison_of(info, self.row, start, end)


@strawberry.type(description="Runs that a shadow policy would have refused, for one reason.")
class ShadowRefusals:
    """Runs that a shadow policy would have refused."""

    kind: ShadowRefusalKind = strawberry.field(description="Why.")
    message: str = strawberry.field(description="What it would have said to one of them.")
    runs: Long = strawberry.field(description="How many runs.")
    live_credits: Credits = strawberry.field(description="What was estimated for them.")
    charged_credits: Credits = strawberry.field(description="What they have used.")

    @classmethod
    def of(cls, refused: RefusedRuns) -> Self:
        """Show refusals of a kind."""
        return cls(
            kind=refused.kind,
            message=refused.message,
            runs=Long(refused.run_count),
            live_credits=refused.live,
            charged_credits=refused.charged,
        )


@strawberry.type(description="One provider that a shadow policy would have put in another's place.")
class ShadowChange:
    """One provider in another's place."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    from_provider: str = strawberry.field(name="from", description="The provider that was chosen.")
    to_provider: str = strawberry.field(name="to", description="The provider of the shadow policy.")
    count: Long = strawberry.field(description="How often.")
    saved_credits: Credits = strawberry.field(
        description="What it would save by the estimates, negative where it costs more."
    )

    @classmethod
    def of(cls, choice: ChangedChoice) -> Self:
        """Show a changed choice."""
        return cls(
            service_type=choice.service_type,
            from_provider=choice.from_provider,
            to_provider=choice.to_provider,
            count=Long(choice.count),
            saved_credits=choice.saved,
        )


@strawberry.type(
    description=(
        "A shadow policy against what was chosen. A run counts once, by its newest selection, in the period "
        "in which that was made. Live and shadow credits are estimates of the same plans at the same prices."
    )
)
class ShadowComparison:
    """A shadow policy against what was chosen."""

    policy: ShadowPolicy = strawberry.field(description="The policy.")
    runs: Long = strawberry.field(description="All runs on which it was tried.")
    served_runs: Long = strawberry.field(description="Those of them that it would have served.")
    live_credits: Credits = strawberry.field(description="What was estimated for the runs it would serve.")
    shadow_credits: Credits = strawberry.field(description="What the policy would have made of that.")
    saved_credits: Credits = strawberry.field(
        description="What it would save by the estimates, negative where it costs more."
    )
    charged_credits: Credits = strawberry.field(
        description="What the runs that it would serve have used, selected or not."
    )
    refused: list[ShadowRefusals] = strawberry.field(
        description="The other runs, by why it would have refused them."
    )
    changed_choices: list[ShadowChange] = strawberry.field(
        description="Which providers would change, the dearest saving first; they add up to what is saved."
    )

    @classmethod
    def of(cls, policy: PolicyRow, comparison: Comparison) -> Self:
        """Show a comparison."""
        return cls(
            policy=ShadowPolicy.of(policy),
            runs=Long(comparison.run_count),
            served_runs=Long(comparison.served_run_count),
            live_credits=comparison.live,
            shadow_credits=comparison.shadow,
            saved_credits=comparison.saved,
            charged_credits=comparison.charged,
            refused=[ShadowRefusals.of(refused) for refused in comparison.refused],
            changed_choices=[ShadowChange.of(choice) for choice in comparison.changed_choices],
        )


def policies_of(agent: Parent) -> ListKey[PolicyRow]:
    """Name an agent's list of policies."""
    return ListKey(POLICIES_OF_AGENT, agent, filters.Everything(), SHADOW_POLICIES_NEWEST_FIRST)


async def comparison_of(
    info: Info, row: PolicyRow, start: datetime | None, end: datetime | None
) -> ShadowComparison:
    """Compare a policy in a period; BAD_USER_INPUT where the period ends before it begins."""
    key = ComparisonKey((row.account_id, row.id), period(start, end))
    return ShadowComparison.of(row, await info.context.loaders.comparison_by_policy.load(key))


def _configuration(row: PolicyRow) -> ServiceConfiguration | None:
    try:
        configuration = Configuration.parse(row.configuration)
    except InvalidConfiguration:
        return None
    origin = FieldOrigin.AGENT if row.preset is None else FieldOrigin.PRESET
    return ServiceConfiguration.of(configuration, dict.fromkeys(configuration.to_mapping(), origin))
