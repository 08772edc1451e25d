"""Loaders: one for each edge of the graph, named `<what>_by_<key>`, one statement for each level."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from graph.context import Snapshot
from graph.loaders import (
    agents,
    balances,
    budgets,
    dues,
    explanations,
    forecasts,
    margins,
    pages,
    quotes,
    rows,
    shadows,
    unit_economics,
    usage,
)
from graph.loaders.agents import VersionKey
from graph.loaders.balances import GrantSums
from graph.loaders.budgets import BudgetWindowKey
from graph.loaders.dues import Dues
from graph.loaders.forecasts import SpendingKey
from graph.loaders.pages import ListKey, PageKey, RowPage
from graph.loaders.quotes import AccuracyFigures, AccuracyKey
from graph.loaders.rows import OwnedId, RateWithCard
from graph.loaders.shadows import ComparisonKey
from graph.loaders.unit_economics import Economics, EconomicsKey, Trend, TrendKey
from graph.loaders.usage import Figures, RankingKey, SeriesKey, UsageKey
from metering import analytics
from metering.budgets.counters import CounterKey
from metering.forecasting import DailyTotals
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

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Loader(DataLoader[Key, Value]):
    """A loader that is also asked for many values at once, without a promise for each of them."""

    def load(self, key: Key) -> Awaitable[Value]:
        """Load a value, once for all who ask for it: who leaves takes it from nobody.

        A field whose neighbour fails is cancelled, and would cancel what others wait for.
        """
        found = asyncio.ensure_future(super().load(key))
        found.add_done_callback(_hear)
        return asyncio.shield(found)

    async def load_all(self, keys: Sequence[Key]) -> list[Value]:
        """Load values of a whole level; none of them is remembered."""
        found: Any = await self.load_fn(list(keys))
        return list(found)

    async def load_named(self, keys: Sequence[Key | None]) -> list[Value | None]:
        """Load what a whole level names, many the same things and some none; none of them is remembered."""
        named = list(dict.fromkeys(key for key in keys if key is not None))
        found = dict(zip(named, await self.load_all(named), strict=True)) if named else {}
        return [None if key is None else found[key] for key in keys]


def _hear(found: "asyncio.Future[Any]") -> None:
    # Where all who asked have left nobody does, and asyncio would complain of it.
    if not found.cancelled():
        found.exception()


class Edge(Generic[Key, Value]):
    """An edge of the graph, as an attribute of the loaders: its loader is made when it is first asked for."""

    def __init__(self, load: "Callable[[Loaders], Callable[[list[Key]], Awaitable[list[Value]]]]") -> None:
        self._load = load
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, loaders: "Loaders", owner: type) -> Loader[Key, Value]:
        loader = Loader(self._load(loaders))
        # Found there before this attribute of the class from now on.
        loaders.__dict__[self._name] = loader
        return loader


class Loaders:
    """All loaders of one snapshot, each made when it is first asked for.

    They are made afresh for every operation and after every write.
    """

    def __init__(self, snapshot: Snapshot, costs: CostBook) -> None:
        self.snapshot = snapshot
        self.costs = costs

    account_by_id = Edge[UUID, Account | None](lambda loaders: rows.by_id(loaders.snapshot, Account))
    api_key_by_id = Edge[UUID, ApiKey | None](lambda loaders: rows.by_id(loaders.snapshot, ApiKey))
    audit_entry_by_id = Edge[UUID, AuditEntry | None](
        lambda loaders: rows.by_id(loaders.snapshot, AuditEntry)
    )
    agent_by_id = Edge[OwnedId, Agent | None](lambda loaders: rows.owned_by_id(loaders.snapshot, Agent))
    agent_version_by_number = Edge[VersionKey, AgentVersion | None](
        lambda loaders: agents.agent_version_by_number(loaders.snapshot)
    )
    workflow_by_id = Edge[OwnedId, Workflow | None](
        lambda loaders: rows.owned_by_id(loaders.snapshot, Workflow)
    )
    service_usage_by_id = Edge[OwnedId, ServiceUsage | None](
        lambda loaders: rows.owned_by_id(loaders.snapshot, ServiceUsage)
    )
    ledger_transfer_by_id = Edge[OwnedId, LedgerTransfer | None](
        lambda loaders: rows.owned_by_id(loaders.snapshot, LedgerTransfer)
    )
    grant_by_id = Edge[OwnedId, Grant | None](lambda loaders: rows.owned_by_id(loaders.snapshot, Grant))
    event_by_id = Edge[OwnedId, Event | None](lambda loaders: rows.owned_by_id(loaders.snapshot, Event))
    webhook_endpoint_by_id = Edge[OwnedId, WebhookEndpoint | None](
        lambda loaders: rows.owned_by_id(loaders.snapshot, WebhookEndpoint)
    )
    webhook_delivery_by_id = Edge[OwnedId, WebhookDelivery | None](
        lambda loaders: rows.owned_by_id(loaders.snapshot, WebhookDelivery)
    )
    rate_with_card_by_id = Edge[UUID, RateWithCard | None](
        lambda loaders: rows.rate_with_card_by_id(loaders.snapshot)
    )
    rate_card_by_id = Edge[UUID, PublishedRateCard | None](
        lambda loaders: rows.by_id(loaders.snapshot, PublishedRateCard)
    )
    rates_by_card = Edge[UUID, list[PublishedRate]](
        lambda loaders: rows.by_parent(
            loaders.snapshot, PublishedRate, PublishedRate.rate_card_id, PublishedRate.id
        )
    )
    tiers_by_rate = Edge[UUID, list[PublishedTier]](
        lambda loaders: rows.by_parent(
            loaders.snapshot, PublishedTier, PublishedTier.rate_id, PublishedTier.position
        )
    )
    transfers_by_usage = Edge[OwnedId, list[LedgerTransfer]](
        lambda loaders: rows.owned_by_parent(
            loaders.snapshot, LedgerTransfer, LedgerTransfer.service_usage_id, LedgerTransfer.sequence
        )
    )
    selection_by_usage = Edge[OwnedId, KeptSelection | None](
        lambda loaders: explanations.selection_by_usage(loaders.snapshot)
    )
    rounding_card_by_usage = Edge[ServiceUsage, PublishedRateCard | None](
        lambda loaders: explanations.rounding_card_by_usage(loaders.snapshot)
    )
    shadow_policy_by_id = Edge[OwnedId, ShadowPolicy | None](
        lambda loaders: rows.owned_by_id(loaders.snapshot, ShadowPolicy)
    )
    newest_shadow_policy_by_agent = Edge[OwnedId, ShadowPolicy | None](
        lambda loaders: rows.newest_owned_by_parent(
            loaders.snapshot, ShadowPolicy, ShadowPolicy.agent_id, ShadowPolicy.set_at
        )
    )
    comparison_by_policy = Edge[ComparisonKey, ShadowComparison](
        lambda loaders: shadows.comparison_by_policy(loaders.snapshot)
    )
    hold_by_id = Edge[OwnedId, Hold | None](lambda loaders: rows.owned_by_id(loaders.snapshot, Hold))
    lines_by_hold = Edge[OwnedId, list[HoldLine]](
        lambda loaders: rows.owned_by_parent(loaders.snapshot, HoldLine, HoldLine.hold_id, HoldLine.line)
    )
    parts_by_hold = Edge[OwnedId, list[HoldPart]](
        lambda loaders: rows.owned_by_parent(loaders.snapshot, HoldPart, HoldPart.hold_id, HoldPart.part)
    )
    budget_by_id = Edge[OwnedId, Budget | None](lambda loaders: rows.owned_by_id(loaders.snapshot, Budget))
    replay_job_by_id = Edge[OwnedId, ReplayJob | None](
        lambda loaders: rows.owned_by_id(loaders.snapshot, ReplayJob)
    )
    quote_by_id = Edge[OwnedId, StoredQuote | None](
        lambda loaders: rows.owned_by_id(loaders.snapshot, StoredQuote)
    )
    lines_by_quote = Edge[OwnedId, list[QuoteLine]](
        lambda loaders: rows.owned_by_parent(loaders.snapshot, QuoteLine, QuoteLine.quote_id, QuoteLine.line)
    )
    accuracy_by_account = Edge[AccuracyKey, AccuracyFigures](
        lambda loaders: quotes.accuracy_by_account(loaders.snapshot)
    )
    prices = Edge[None, PriceBook](lambda loaders: quotes.prices(loaders.snapshot))
    selection_by_id = Edge[OwnedId, WorkflowSelection | None](
        lambda loaders: rows.owned_by_id(loaders.snapshot, WorkflowSelection)
    )
    selection_by_workflow = Edge[OwnedId, WorkflowSelection | None](
        lambda loaders: rows.newest_owned_by_parent(
            loaders.snapshot, WorkflowSelection, WorkflowSelection.workflow_id, WorkflowSelection.made_at
        )
    )
    use_by_counter = Edge[CounterKey, BudgetUse | None](
        lambda loaders: budgets.use_by_counter(loaders.snapshot)
    )
    uses_by_budget_window = Edge[BudgetWindowKey, list[BudgetUse]](
        lambda loaders: budgets.uses_by_budget_window(loaders.snapshot)
    )
    grant_sums_by_account = Edge[UUID, GrantSums](
        lambda loaders: balances.grant_sums_by_account(loaders.snapshot)
    )
    dues_by_account = Edge[UUID, Dues](lambda loaders: dues.dues_by_account(loaders.snapshot))
    page_by_list = Edge[PageKey[Any], RowPage[Any]](
        lambda loaders: partial(pages.load_pages, loaders.snapshot)
    )
    count_by_list = Edge[ListKey[Any], int](lambda loaders: partial(pages.load_counts, loaders.snapshot))
    services_by_owner = Edge[UsageKey, Figures](
        lambda loaders: usage.figures_by_owner(loaders.snapshot, analytics.by_service)
    )
    totals_by_owner = Edge[UsageKey, Figures](
        lambda loaders: usage.totals_by_owner(loaders.snapshot, loaders.services_by_owner)
    )
    units_used_by_owner = Edge[UsageKey, list[UnitsUsed]](
        lambda loaders: margins.units_used_by_owner(
            loaders.snapshot, loaders.costs, loaders.services_by_owner
        )
    )
    workflow_names_by_owner = Edge[UsageKey, Figures](
        lambda loaders: usage.figures_by_owner(loaders.snapshot, analytics.by_workflow_name)
    )
    runs_by_owner = Edge[UsageKey, Figures](
        lambda loaders: usage.figures_by_owner(loaders.snapshot, analytics.runs_by_workflow_name)
    )
    ranking_by_owner = Edge[RankingKey, Figures](
        lambda loaders: usage.figures_by_owner(loaders.snapshot, analytics.ranked)
    )
    series_by_owner = Edge[SeriesKey, Figures](
        lambda loaders: usage.figures_by_owner(loaders.snapshot, analytics.series)
    )
    economics_by_owner = Edge[EconomicsKey, Economics](
        lambda loaders: unit_economics.economics_by_owner(loaders.snapshot)
    )
    trend_by_name = Edge[TrendKey, Trend](lambda loaders: unit_economics.trend_by_name(loaders.snapshot))
    daily_totals_by_subject = Edge[SpendingKey, DailyTotals](
        lambda loaders: forecasts.daily_totals_by_subject(loaders.snapshot)
    )
    key_budgets_by_account = Edge[UUID, list[Budget]](
        lambda loaders: forecasts.key_budgets_by_account(loaders.snapshot)
    )
