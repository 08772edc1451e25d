"""Loaders: one for each edge of the graph, named `<what>_by_<key>`, one statement for each level."""

from functools import partial
from typing import Any
from uuid import UUID

from strawberry.dataloader import DataLoader

from graph.context import Snapshot
from graph.loaders import (
    agents,
    balances,
    budgets,
    dues,
    explanations,
    margins,
    pages,
    quotes,
    rows,
    shadows,
    usage,
)
from graph.loaders.agents import VersionKey
from graph.loaders.balances import GrantSums
from graph.loaders.budgets import BudgetWindowKey
from graph.loaders.dues import Dues
from graph.loaders.pages import ListKey, PageKey, RowPage
from graph.loaders.quotes import AccuracyFigures, AccuracyKey
from graph.loaders.rows import OwnedId, RateWithCard
from graph.loaders.shadows import ComparisonKey
from graph.loaders.usage import Figures, UsageKey
from metering import analytics
from metering.budgets.counters import CounterKey
from metering.margins import UnitsUsed
from metering.prices import PriceBook
from metering.selections.keeping import KeptSelection
from metering.shadows import ShadowComparison
from models.account import Account
from models.agent import Agent, AgentVersion
from models.api_key import ApiKey
from models.audit_entry import AuditEntry
from models.budget import Budget, BudgetUse
from models.event import Event
from models.hold import Hold, HoldLine, HoldPart
from models.ledger import Grant, LedgerTransfer
from models.quote import QuoteLine, StoredQuote
from models.rate_card import PublishedRate, PublishedRateCard, PublishedTier
from models.replay_job import ReplayJob
from models.selection import ShadowPolicy, WorkflowSelection
from models.service_usage import ServiceUsage
from models.webhook import WebhookDelivery, WebhookEndpoint
from models.workflow import Workflow
from pricing.costs import CostBook


class Loaders:
    """All loaders of one snapshot; made afresh for every operation and after every write."""

    def __init__(self, snapshot: Snapshot, costs: CostBook) -> None:
        figures = partial(usage.figures_by_owner, snapshot)
        self.account_by_id: DataLoader[UUID, Account | None] = DataLoader(rows.by_id(snapshot, Account))
        self.api_key_by_id: DataLoader[UUID, ApiKey | None] = DataLoader(rows.by_id(snapshot, ApiKey))
        self.audit_entry_by_id: DataLoader[UUID, AuditEntry | None] = DataLoader(
            rows.by_id(snapshot, AuditEntry)
        )
        self.agent_by_id: DataLoader[OwnedId, Agent | None] = DataLoader(rows.owned_by_id(snapshot, Agent))
        self.agent_version_by_number: DataLoader[VersionKey, AgentVersion | None] = DataLoader(
            agents.agent_version_by_number(snapshot)
        )
        self.workflow_by_id: DataLoader[OwnedId, Workflow | None] = DataLoader(
            rows.owned_by_id(snapshot, Workflow)
        )
        self.service_usage_by_id: DataLoader[OwnedId, ServiceUsage | None] = DataLoader(
            rows.owned_by_id(snapshot, ServiceUsage)
        )
        self.ledger_transfer_by_id: DataLoader[OwnedId, LedgerTransfer | None] = DataLoader(
            rows.owned_by_id(snapshot, LedgerTransfer)
        )
        self.grant_by_id: DataLoader[OwnedId, Grant | None] = DataLoader(rows.owned_by_id(snapshot, Grant))
        self.event_by_id: DataLoader[OwnedId, Event | None] = DataLoader(rows.owned_by_id(snapshot, Event))
        self.webhook_endpoint_by_id: DataLoader[OwnedId, WebhookEndpoint | None] = DataLoader(
            rows.owned_by_id(snapshot, WebhookEndpoint)
        )
        self.webhook_delivery_by_id: DataLoader[OwnedId, WebhookDelivery | None] = DataLoader(
            rows.owned_by_id(snapshot, WebhookDelivery)
        )
        self.rate_with_card_by_id: DataLoader[UUID, RateWithCard | None] = DataLoader(
            rows.rate_with_card_by_id(snapshot)
        )
        self.rate_card_by_id: DataLoader[UUID, PublishedRateCard | None] = DataLoader(
            rows.by_id(snapshot, PublishedRateCard)
        )
        self.rates_by_card: DataLoader[UUID, list[PublishedRate]] = DataLoader(
            rows.by_parent(snapshot, PublishedRate, PublishedRate.rate_card_id, PublishedRate.id)
        )
        self.tiers_by_rate: DataLoader[UUID, list[PublishedTier]] = DataLoader(
            rows.by_parent(snapshot, PublishedTier, PublishedTier.rate_id, PublishedTier.position)
        )
        self.transfers_by_usage: DataLoader[OwnedId, list[LedgerTransfer]] = DataLoader(
            rows.owned_by_parent(
                snapshot, LedgerTransfer, LedgerTransfer.service_usage_id, LedgerTransfer.sequence
            )
        )
        self.selection_by_usage: DataLoader[OwnedId, KeptSelection | None] = DataLoader(
            explanations.selection_by_usage(snapshot)
        )
        self.rounding_card_by_usage: DataLoader[ServiceUsage, PublishedRateCard | None] = DataLoader(
            explanations.rounding_card_by_usage(snapshot)
        )
        self.shadow_policy_by_id: DataLoader[OwnedId, ShadowPolicy | None] = DataLoader(
            rows.owned_by_id(snapshot, ShadowPolicy)
        )
        self.newest_shadow_policy_by_agent: DataLoader[OwnedId, ShadowPolicy | None] = DataLoader(
            rows.newest_owned_by_parent(snapshot, ShadowPolicy, ShadowPolicy.agent_id, ShadowPolicy.set_at)
        )
        self.comparison_by_policy: DataLoader[ComparisonKey, ShadowComparison] = DataLoader(
            shadows.comparison_by_policy(snapshot)
        )
        self.hold_by_id: DataLoader[OwnedId, Hold | None] = DataLoader(rows.owned_by_id(snapshot, Hold))
        self.lines_by_hold: DataLoader[OwnedId, list[HoldLine]] = DataLoader(
            rows.owned_by_parent(snapshot, HoldLine, HoldLine.hold_id, HoldLine.line)
        )
        self.parts_by_hold: DataLoader[OwnedId, list[HoldPart]] = DataLoader(
            rows.owned_by_parent(snapshot, HoldPart, HoldPart.hold_id, HoldPart.part)
        )
        self.budget_by_id: DataLoader[OwnedId, Budget | None] = DataLoader(rows.owned_by_id(snapshot, Budget))
        self.replay_job_by_id: DataLoader[OwnedId, ReplayJob | None] = DataLoader(
            rows.owned_by_id(snapshot, ReplayJob)
        )
        self.quote_by_id: DataLoader[OwnedId, StoredQuote | None] = DataLoader(
            rows.owned_by_id(snapshot, StoredQuote)
        )
        self.lines_by_quote: DataLoader[OwnedId, list[QuoteLine]] = DataLoader(
            rows.owned_by_parent(snapshot, QuoteLine, QuoteLine.quote_id, QuoteLine.line)
        )
        self.accuracy_by_account: DataLoader[AccuracyKey, AccuracyFigures] = DataLoader(
            quotes.accuracy_by_account(snapshot)
        )
        self.prices: DataLoader[None, PriceBook] = DataLoader(quotes.prices(snapshot))
        self.selection_by_id: DataLoader[OwnedId, WorkflowSelection | None] = DataLoader(
            rows.owned_by_id(snapshot, WorkflowSelection)
        )
        self.selection_by_workflow: DataLoader[OwnedId, WorkflowSelection | None] = DataLoader(
            rows.newest_owned_by_parent(
                snapshot, WorkflowSelection, WorkflowSelection.workflow_id, WorkflowSelection.made_at
            )
        )
        self.use_by_counter: DataLoader[CounterKey, BudgetUse | None] = DataLoader(
            budgets.use_by_counter(snapshot)
        )
        self.uses_by_budget_window: DataLoader[BudgetWindowKey, list[BudgetUse]] = DataLoader(
            budgets.uses_by_budget_window(snapshot)
        )
        self.grant_sums_by_account: DataLoader[UUID, GrantSums] = DataLoader(
            balances.grant_sums_by_account(snapshot)
        )
        self.dues_by_account: DataLoader[UUID, Dues] = DataLoader(dues.dues_by_account(snapshot))
        self.page_by_list: DataLoader[PageKey[Any], RowPage[Any]] = DataLoader(
            partial(pages.load_pages, snapshot)
        )
        self.count_by_list: DataLoader[ListKey[Any], int] = DataLoader(partial(pages.load_counts, snapshot))
        self.totals_by_owner: DataLoader[UsageKey, Figures] = DataLoader(figures(analytics.totals))
        self.services_by_owner: DataLoader[UsageKey, Figures] = DataLoader(figures(analytics.by_service))
        self.units_used_by_owner: DataLoader[UsageKey, list[UnitsUsed]] = DataLoader(
            margins.units_used_by_owner(snapshot, costs, self.services_by_owner)
        )
        self.workflow_names_by_owner: DataLoader[UsageKey, Figures] = DataLoader(
            figures(analytics.by_workflow_name)
        )
        self.users_by_owner: DataLoader[UsageKey, Figures] = DataLoader(figures(analytics.by_user))
        self.runs_by_owner: DataLoader[UsageKey, Figures] = DataLoader(
            figures(analytics.runs_by_workflow_name)
        )
