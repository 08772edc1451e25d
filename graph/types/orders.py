"""How lists can be ordered, in the graph's words and in the store's."""

from enum import StrEnum
from typing import Annotated

import strawberry

from graph.loaders.pages import Order
from graph.types.enums import described
from models.account import Account
from models.agent import Agent, AgentVersion
from models.api_key import ApiKey
from models.budget import Budget
from models.event import Event
from models.hold import Hold
from models.ledger import Grant
from models.selection import ShadowPolicy, WorkflowSelection
from models.service_usage import ServiceUsage
from models.webhook import WebhookDelivery, WebhookEndpoint
from models.workflow import Workflow


@described(
    "How workflows are ordered.",
    NEWEST_FIRST="By start, the latest first.",
    OLDEST_FIRST="By start, the earliest first.",
    DEAREST_FIRST="By credits used, the most first.",
    CHEAPEST_FIRST="By credits used, the least first.",
)
class WorkflowOrder(StrEnum):
    """How workflows are ordered."""

    NEWEST_FIRST = "NEWEST_FIRST"
    OLDEST_FIRST = "OLDEST_FIRST"
    DEAREST_FIRST = "DEAREST_FIRST"
    CHEAPEST_FIRST = "CHEAPEST_FIRST"


@described(
    "How service usages are ordered.",
    OLDEST_FIRST="By use, the earliest first.",
    NEWEST_FIRST="By use, the latest first.",
    DEAREST_FIRST="By credits used, the most first.",
)
class ServiceUsageOrder(StrEnum):
    """How service usages are ordered."""

    OLDEST_FIRST = "OLDEST_FIRST"
    NEWEST_FIRST = "NEWEST_FIRST"
    DEAREST_FIRST = "DEAREST_FIRST"


WorkflowsBy = Annotated[
    WorkflowOrder, strawberry.argument(name="orderBy", description="The order of the runs.")
]
ServiceUsagesBy = Annotated[
    ServiceUsageOrder, strawberry.argument(name="orderBy", description="The order of the usages.")
]

WORKFLOW_ORDERS = {
    WorkflowOrder.NEWEST_FIRST: Order("NEWEST_FIRST", Workflow.started_at, descending=True),
    WorkflowOrder.OLDEST_FIRST: Order("OLDEST_FIRST", Workflow.started_at, descending=False),
    WorkflowOrder.DEAREST_FIRST: Order("DEAREST_FIRST", Workflow.total_credits, descending=True),
    WorkflowOrder.CHEAPEST_FIRST: Order("CHEAPEST_FIRST", Workflow.total_credits, descending=False),
}
SERVICE_USAGE_ORDERS = {
    ServiceUsageOrder.OLDEST_FIRST: Order("OLDEST_FIRST", ServiceUsage.used_at, descending=False),
    ServiceUsageOrder.NEWEST_FIRST: Order("NEWEST_FIRST", ServiceUsage.used_at, descending=True),
    ServiceUsageOrder.DEAREST_FIRST: Order("DEAREST_FIRST", ServiceUsage.credits, descending=True),
}
ACCOUNTS_NEWEST_FIRST = Order("ACCOUNTS", Account.created_at, descending=True)
AGENTS_NEWEST_FIRST = Order("AGENTS", Agent.created_at, descending=True)
AGENT_VERSIONS_NEWEST_FIRST = Order("AGENT_VERSIONS", AgentVersion.version, descending=True)
API_KEYS_NEWEST_FIRST = Order("API_KEYS", ApiKey.created_at, descending=True)
GRANTS_NEWEST_FIRST = Order("GRANTS", Grant.created_at, descending=True)
BUDGETS_NEWEST_FIRST = Order("BUDGETS", Budget.created_at, descending=True)
HOLDS_NEWEST_FIRST = Order("HOLDS", Hold.created_at, descending=True)
EVENTS_NEWEST_FIRST = Order("EVENTS", Event.occurred_at, descending=True)
SHADOW_POLICIES_NEWEST_FIRST = Order("SHADOW_POLICIES", ShadowPolicy.set_at, descending=True)
ENDPOINTS_NEWEST_FIRST = Order("ENDPOINTS", WebhookEndpoint.created_at, descending=True)
SELECTIONS_NEWEST_FIRST = Order("SELECTIONS", WorkflowSelection.made_at, descending=True)
DELIVERIES_NEWEST_FIRST = Order("DELIVERIES", WebhookDelivery.created_at, descending=True)
