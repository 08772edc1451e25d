"""Accounts: tenants with their balance and all that they own."""

from datetime import datetime
from functools import partial
from typing import Self
from uuid import UUID

import strawberry

from graph.context import Info
from graph.ids import written
from graph.loaders import filters
from graph.loaders.pages import DEFAULT_NODES, ListKey
from graph.permissions import manage_field, read_field
from graph.types.agent import Agent
from graph.types.agent_listing import AgentsArchived, OfAdapter, agents_of, connect_agents
from graph.types.api_key import ApiKey
from graph.types.api_key_listing import KeysRevoked, connect_api_keys
from graph.types.audit_entry import AuditEntry
from graph.types.audit_listing import AuditEntriesNarrowed, connect_entries
from graph.types.balance import Balance
from graph.types.budget import Budget
from graph.types.budget_listing import BudgetsActive, connect_budgets
from graph.types.connection import PAGED, Connection, PageArguments, connect
from graph.types.event import Event, OfEventTypes
from graph.types.forecast import Forecast, InTimeZone, forecast_of_account
from graph.types.grant import Grant
from graph.types.hold import Hold
from graph.types.hold_listing import HoldsLike, connect_holds
from graph.types.ledger_listing import (
    LedgerTransferOrder,
    LedgerTransfersBy,
    LedgerTransfersLike,
    connect_transfers,
)
from graph.types.ledger_transfer import LedgerTransfer
from graph.types.listings import (
    EVENTS_OF_ACCOUNT,
    GRANTS_OF_ACCOUNT,
    HOLDS_OF_ACCOUNT,
    USAGES_OF_ACCOUNT,
    WORKFLOWS_OF_ACCOUNT,
    ServiceUsagesLike,
    WorkflowsLike,
    runs_of,
    usages_of,
)
from graph.types.nesting import nesting_pages
from graph.types.node import Node
from graph.types.orders import (
    EVENTS_NEWEST_FIRST,
    GRANTS_NEWEST_FIRST,
    ServiceUsageOrder,
    ServiceUsagesBy,
    WorkflowOrder,
    WorkflowsBy,
)
from graph.types.quote_accuracy import OfWorkflowName, QuoteAccuracy, accuracy_of
from graph.types.quote_listing import WhichQuotes, connect_quotes
from graph.types.replay_job import ReplayJob, connect_replay_jobs
from graph.types.service_usage import ServiceUsage
from graph.types.stored_quote import StoredQuote
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
from graph.types.webhook import WebhookEndpoint
from graph.types.webhook_listing import EndpointsRemoved, connect_endpoints
from graph.types.workflow import Workflow
from metering.analytics import Level
from models.account import Account as AccountRow
from models.identity import IdKind
from pricing.credits import Credits


@strawberry.type(description="A tenant. Nothing of one account is ever visible to another.")
class Account(Node):
    """A tenant."""

    name: str = strawberry.field(description="The account's name.")
    overdraft_limit: Credits | None = strawberry.field(
        description="The credit line of a prepaid account; null is postpaid: usage is tracked and owed."
    )
    balance_alert_threshold: Credits | None = strawberry.field(
        description="An event tells when the available credits fall below this; null is no alert."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    row: strawberry.Private[AccountRow]

    @classmethod
    def of(cls, row: AccountRow) -> Self:
        """Show an account."""
        return cls(
            id=written(IdKind.ACCOUNT, row.id),
            name=row.name,
            overdraft_limit=row.overdraft_limit,
            balance_alert_threshold=row.balance_alert_threshold,
            created_at=row.created_at,
            row=row,
        )

    @property
    def owner(self) -> tuple[UUID, UUID]:
        """The account as the owner of its lists."""
        return self.row.id, self.row.id

    @read_field("The account's credits at this moment.")
    async def balance(self, info: Info) -> Balance:
        """Add up the account's credits."""
        return await Balance.of(self.row, info)

    @read_field("The account's agents, newest first.", PAGED)
    @nesting_pages(agents_of)
    async def agents(
        self,
        info: Info,
        page: PageArguments,
        business_adapter: OfAdapter = None,
        archived: AgentsArchived = None,
    ) -> Connection[Agent]:
        """Load a page of agents."""
        return await connect_agents(info, self.owner, business_adapter, archived, page)

    @read_field("The account's runs.", PAGED)
    @nesting_pages(partial(runs_of, WORKFLOWS_OF_ACCOUNT))
    async def workflows(
        self,
        info: Info,
        page: PageArguments,
        narrowed: WorkflowsLike = None,
        order_by: WorkflowsBy = WorkflowOrder.NEWEST_FIRST,
    ) -> Connection[Workflow]:
        """Load a page of runs."""
        runs = runs_of(WORKFLOWS_OF_ACCOUNT, self.owner, narrowed, order_by)
        return await connect(info, runs, Workflow.of, page)

    @read_field("All that the account's runs used.", PAGED)
    @nesting_pages(partial(usages_of, USAGES_OF_ACCOUNT))
    async def services_used(
        self,
        info: Info,
        page: PageArguments,
        narrowed: ServiceUsagesLike = None,
        order_by: ServiceUsagesBy = ServiceUsageOrder.NEWEST_FIRST,
    ) -> Connection[ServiceUsage]:
        """Load a page of usages."""
        usages = usages_of(USAGES_OF_ACCOUNT, self.owner, narrowed, order_by)
        return await connect(info, usages, ServiceUsage.of, page)

    @read_field("The account's API keys, newest first.", PAGED)
    async def api_keys(
        self, info: Info, page: PageArguments, revoked: KeysRevoked = None
    ) -> Connection[ApiKey]:
        """Load a page of keys."""
        return await connect_api_keys(info, self.owner, revoked, page)

    @read_field("The credits given to the account, newest first.", PAGED)
    async def grants(self, info: Info, page: PageArguments) -> Connection[Grant]:
        """Load a page of grants."""
        grants = ListKey(GRANTS_OF_ACCOUNT, self.owner, filters.Everything(), GRANTS_NEWEST_FIRST)
        dues = await info.context.loaders.dues_by_account.load(self.row.id)
        return await connect(info, grants, lambda row: Grant.of(row, dues), page)

    @read_field("The credits that the account's runs set aside, newest hold first.", PAGED)
    async def holds(self, info: Info, page: PageArguments, narrowed: HoldsLike = None) -> Connection[Hold]:
        """Load a page of holds."""
        return await connect_holds(info, HOLDS_OF_ACCOUNT, self.owner, narrowed, page)

    @read_field("The prices that were promised to the account, newest first.", PAGED)
    async def quotes(
        self, info: Info, page: PageArguments, narrowed: WhichQuotes = None
    ) -> Connection[StoredQuote]:
        """Load a page of quotes."""
        return await connect_quotes(info, self.owner, narrowed, page)

    @read_field("How the account's quotes came out: what was promised against what was then charged.")
    async def quote_accuracy(
        self, info: Info, start: From = None, end: To = None, workflow_name: OfWorkflowName = None
    ) -> QuoteAccuracy:
        """Compare quotes with charges."""
        return await accuracy_of(info, self.row.id, start, end, workflow_name)

    @read_field(
        "The limits on what the account, its keys, agents, users and workflows spend, newest first.", PAGED
    )
    async def budgets(
        self, info: Info, page: PageArguments, active: BudgetsActive = True
    ) -> Connection[Budget]:
        """Load a page of budgets."""
        return await connect_budgets(info, self.owner, active, page)

    @read_field("What happened to the account, newest first.", PAGED)
    async def events(self, info: Info, page: PageArguments, types: OfEventTypes = None) -> Connection[Event]:
        """Load a page of events."""
        like = filters.EventsLike(tuple(sorted(set(types or ()))))
        events = ListKey(EVENTS_OF_ACCOUNT, self.owner, like, EVENTS_NEWEST_FIRST)
        return await connect(info, events, Event.of, page)

    @read_field("Where the account's events are sent, newest first.", PAGED)
    async def webhook_endpoints(
        self, info: Info, page: PageArguments, removed: EndpointsRemoved = False
    ) -> Connection[WebhookEndpoint]:
        """Load a page of endpoints."""
        return await connect_endpoints(info, self.owner, removed, page)

    @read_field("Replays that were started in the background, newest first.", PAGED)
    async def replay_jobs(self, info: Info, page: PageArguments) -> Connection[ReplayJob]:
        """Load a page of jobs."""
        return await connect_replay_jobs(info, self.owner, page)

    @read_field("Every movement of the account's credits from one book to another, append-only.", PAGED)
    async def ledger_transfers(
        self,
        info: Info,
        page: PageArguments,
        narrowed: LedgerTransfersLike = None,
        order_by: LedgerTransfersBy = LedgerTransferOrder.NEWEST_FIRST,
    ) -> Connection[LedgerTransfer]:
        """Load a page of transfers."""
        return await connect_transfers(info, self.owner, narrowed, order_by, page)

    @manage_field("Who administered the account: every act, newest first, append-only.", PAGED)
    async def audit_log(
        self, info: Info, page: PageArguments, narrowed: AuditEntriesNarrowed = None
    ) -> Connection[AuditEntry]:
        """Load a page of acts."""
        return await connect_entries(info, self.owner, narrowed, page)

    @read_field("Where the account's credits went.")
    def usage(self, start: From = None, end: To = None, narrowed: OfRuns = None) -> UsageAnalytics:
        """Give the figures of a period."""
        return usage_of(Level.ACCOUNT, self.owner, start, end, narrowed)

    @read_field("What finished runs of the account cost and how long they took, name by name.")
    async def unit_economics(
        self,
        info: Info,
        start: EconomicsFrom = None,
        end: EconomicsTo = None,
        narrowed: EconomicsOf = None,
        first: FirstNames = DEFAULT_NODES,
    ) -> UnitEconomics:
        """Look at finished runs."""
        question = question_of(Level.ACCOUNT, start, end, narrowed, first)
        return await unit_economics_of(info, self.owner, question)

    @read_field("What the account will have spent by the end of the calendar month.")
    async def forecast(self, info: Info, time_zone: InTimeZone = "UTC") -> Forecast:
        """Foretell the month."""
        return await forecast_of_account(info, self.row, time_zone)
