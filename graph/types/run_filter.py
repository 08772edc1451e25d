"""Which runs count: the same words for lists of runs and for figures of usage."""

import strawberry

from graph import ids, inputs
from metering.analytics import RunsLike
from models.identity import IdKind


@strawberry.input(description="The runs whose usages count; what is left out narrows nothing.")
class UsageFilter:
    """The runs whose usages count."""

    workflow_name: str | None = strawberry.field(default=None, description="Runs of this name.")
    business_adapter: str | None = strawberry.field(default=None, description="Runs of this adapter.")
    agent_id: strawberry.ID | None = strawberry.field(default=None, description="Runs of this agent.")
    user_id: str | None = strawberry.field(default=None, description="Runs for this user of yours.")
    api_key_id: strawberry.ID | None = strawberry.field(default=None, description="Runs of this API key.")

    def runs(self) -> RunsLike:
        """Check the filter and give it to the store."""
        return RunsLike(
            workflow_name=inputs.optional_name("filter.workflowName", self.workflow_name),
            business_adapter=inputs.optional_name("filter.businessAdapter", self.business_adapter),
            agent_id=ids.read_optional("filter.agentId", IdKind.AGENT, self.agent_id),
            user_id=inputs.optional_text("filter.userId", self.user_id),
            api_key_id=ids.read_optional("filter.apiKeyId", IdKind.API_KEY, self.api_key_id),
        )
