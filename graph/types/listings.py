"""The lists of the graph: whose rows they are and by which column they are owned."""

from datetime import datetime
from typing import Annotated

import strawberry

from graph import ids, inputs
from graph.loaders import filters
from graph.loaders.pages import Listing, ListKey, Parent
from graph.types.orders import (
    AGENT_VERSIONS_NEWEST_FIRST,
    SERVICE_USAGE_ORDERS,
    WORKFLOW_ORDERS,
    ServiceUsageOrder,
    WorkflowOrder,
)
from graph.types.run_filter import UsageFilter
from metering.analytics import Period
from models.account import Account
from models.agent import Agent, AgentVersion
from models.api_key import ApiKey
from models.budget import Budget
from models.event import Event
from models.hold import Hold
from models.identity import IdKind
from models.ledger import Grant
from models.service_usage import ServiceUsage
from models.webhook import WebhookDelivery, WebhookEndpoint
from models.workflow import Workflow, WorkflowStatus
from pricing.units import ServiceType

ALL_ACCOUNTS = Listing(Account, None, None, Account.id)
VERSIONS_OF_AGENT = Listing(
    AgentVersion, AgentVersion.account_id, AgentVersion.agent_id, AgentVersion.agent_id
)
AGENTS_OF_ACCOUNT = Listing(Agent, Agent.account_id, Agent.account_id, Agent.id)
API_KEYS_OF_ACCOUNT = Listing(ApiKey, ApiKey.account_id, ApiKey.account_id, ApiKey.id)
GRANTS_OF_ACCOUNT = Listing(Grant, Grant.account_id, Grant.account_id, Grant.id)
BUDGETS_OF_ACCOUNT = Listing(Budget, Budget.account_id, Budget.account_id, Budget.id)
HOLDS_OF_ACCOUNT = Listing(Hold, Hold.account_id, Hold.account_id, Hold.id)
HOLDS_OF_WORKFLOW = Listing(Hold, Hold.account_id, Hold.workflow_id, Hold.id)
EVENTS_OF_ACCOUNT = Listing(Event, Event.account_id, Event.account_id, Event.id)
ENDPOINTS_OF_ACCOUNT = Listing(
    WebhookEndpoint, WebhookEndpoint.account_id, WebhookEndpoint.account_id, WebhookEndpoint.id
)
DELIVERIES_OF_ENDPOINT = Listing(
    WebhookDelivery, WebhookDelivery.account_id, WebhookDelivery.endpoint_id, WebhookDelivery.id
)
DELIVERIES_OF_EVENT = Listing(
    WebhookDelivery, WebhookDelivery.account_id, WebhookDelivery.event_id, WebhookDelivery.id
)
WORKFLOWS_OF_ACCOUNT = Listing(Workflow, Workflow.account_id, Workflow.account_id, Workflow.id)
WORKFLOWS_OF_AGENT = Listing(Workflow, Workflow.account_id, Workflow.agent_id, Workflow.id)
WORKFLOWS_OF_API_KEY = Listing(Workflow, Workflow.account_id, Workflow.api_key_id, Workflow.id)
USAGES_OF_ACCOUNT = Listing(ServiceUsage, ServiceUsage.account_id, ServiceUsage.account_id, ServiceUsage.id)
USAGES_OF_WORKFLOW = Listing(ServiceUsage, ServiceUsage.account_id, ServiceUsage.workflow_id, ServiceUsage.id)


@strawberry.input(description="Which workflows a list holds; what is left out narrows nothing.")
class WorkflowFilter(UsageFilter):
    """Which workflows a list holds."""

    status: list[WorkflowStatus] | None = strawberry.field(default=None, description="Any of these.")
    parent_workflow_id: strawberry.ID | None = strawberry.field(
        default=None, description="Runs that this workflow started."
    )
    started_from: datetime | None = strawberry.field(
        default=None, description="Started at this moment or later."
    )
    started_to: datetime | None = strawberry.field(default=None, description="Started before this moment.")

    def read(self) -> filters.WorkflowsLike:
        """Check the filter and give it to the store."""
        return filters.WorkflowsLike(
            statuses=tuple(sorted(set(self.status or ()))),
            runs=self.runs(),
            parent_workflow_id=ids.read_optional(
                "filter.parentWorkflowId", IdKind.WORKFLOW, self.parent_workflow_id
            ),
            started=Period(self.started_from, self.started_to),
        )


@strawberry.input(description="Which service usages a list holds; what is left out narrows nothing.")
class ServiceUsageFilter:
    """Which service usages a list holds."""

    service_type: list[ServiceType] | None = strawberry.field(default=None, description="Any of these.")
    provider: str | None = strawberry.field(default=None, description="Usages of this provider.")
    late: bool | None = strawberry.field(default=None, description="Only late ones, or only those in time.")
    voided: bool | None = strawberry.field(
        default=None, description="Only voided ones, or only those that count."
    )
    used_from: datetime | None = strawberry.field(default=None, description="Used at this moment or later.")
    used_to: datetime | None = strawberry.field(default=None, description="Used before this moment.")

    def read(self) -> filters.UsagesLike:
        """Check the filter and give it to the store."""
        return filters.UsagesLike(
            service_types=tuple(sorted(set(self.service_type or ()))),
            provider=inputs.optional_name("filter.provider", self.provider),
            late=self.late,
            voided=self.voided,
            used=Period(self.used_from, self.used_to),
        )


WorkflowsLike = Annotated[
    WorkflowFilter | None, strawberry.argument(name="filter", description="Only runs like these.")
]
ServiceUsagesLike = Annotated[
    ServiceUsageFilter | None, strawberry.argument(name="filter", description="Only usages like these.")
]


def versions_of(agent: Parent) -> ListKey[AgentVersion]:
    """Name an agent's list of versions."""
    return ListKey(VERSIONS_OF_AGENT, agent, filters.Everything(), AGENT_VERSIONS_NEWEST_FIRST)


def runs_of(
    listing: Listing[Workflow],
    parent: Parent | None,
    narrowed: WorkflowFilter | None,
    order_by: WorkflowOrder,
) -> ListKey[Workflow]:
    """Name a parent's list of runs, narrowed and ordered as asked; no parent: whosever it is."""
    like = narrowed.read() if narrowed else filters.WorkflowsLike()
    return ListKey(listing, parent, like, WORKFLOW_ORDERS[order_by])


def usages_of(
    listing: Listing[ServiceUsage],
    parent: Parent | None,
    narrowed: ServiceUsageFilter | None,
    order_by: ServiceUsageOrder,
) -> ListKey[ServiceUsage]:
    """Name a parent's list of usages, narrowed and ordered as asked; no parent: whosever it is."""
    like = narrowed.read() if narrowed else filters.UsagesLike()
    return ListKey(listing, parent, like, SERVICE_USAGE_ORDERS[order_by])
