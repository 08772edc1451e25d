"""Choose providers for the runs of a batch, by the configurations, prices and outages of this moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.agents import in_use, service_configuration_of
from metering.availability import ProviderKey, unavailable_providers
from metering.errors import AmountTooLarge
from metering.errors.selections import not_selected
from metering.plans import InvalidPlan, Plan, own_configuration
from metering.prices import PriceBook
from metering.workflows import OwnedId
from models.agent import Agent
from models.workflow import Workflow
from pricing import quote, selection
from pricing.catalogue import built_in_catalogue
from pricing.configuration import ServiceConfiguration
from pricing.rate_card import RateCard
from pricing.selection import Selection, SelectionRefused, ServiceRequest


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for a run, and what was asked for.

    `agent_version` is that of the agent whose configuration chose, None where none did; `preset` is the one
    that the agent or the plan names.
    """

    request: ServiceRequest
    selection: Selection
    agent_version: int | None
    preset: str | None


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses for one run after another; all that it looks at was loaded before."""

    now: datetime
    prices: PriceBook
    agents: Mapping[OwnedId, Agent]
    unavailable: frozenset[ProviderKey]

    def choose(self, run: Workflow, plan: Plan) -> Chosen:
        """Choose a provider for each service of a plan: by its own chooser, else by the run's agent.

        Raises ServiceDisabled, ProviderUnnamed, NothingServes, PlanOverLimit, AgentNotFound, InvalidAgent,
        NoRateCardInForce, AmountTooLarge, and InvalidPlan, which names a field under `selection`, for a plan
        that nobody chooses for.
        """
        card = self.prices.in_force(self.now, account_id=run.account_id)
        try:
            return self._chosen(run, plan, card)
        except InvalidPlan as error:
            raise error.under("selection.") from error

    def _chosen(self, run: Workflow, plan: Plan, card: RateCard) -> Chosen:
        configuration = own_configuration(plan, card)
        if configuration is not None:
            return Chosen(plan.request, self._selected(configuration, plan, card), None, plan.preset)
        agent = self._agent(run, plan)
        configuration = service_configuration_of(agent)
        selected = self._selected(configuration, plan, card)
        return Chosen(plan.request, selected, agent.version, agent.preset)

    def _agent(self, run: Workflow, plan: Plan) -> Agent:
        agent_id = chooser_of(plan, run.agent_id)
        if agent_id is None:
            raise InvalidPlan(
                "agentId", "the run has no agent that chooses: give agentId, preset or configuration."
            )
        return in_use(self.agents.get((run.account_id, agent_id)))

    def _selected(self, configuration: ServiceConfiguration, plan: Plan, card: RateCard) -> Selection:
        try:
            return selection.select(
                configuration, plan.request, card, built_in_catalogue(), unavailable=self.unavailable
            )
        except SelectionRefused as refused:
            raise not_selected(refused) from refused
        except quote.AmountTooLarge as error:
            raise AmountTooLarge(str(error)) from error


def open_chooser(
    session: Session, prices: PriceBook, agents: Mapping[OwnedId, Agent], *, now: datetime
) -> Chooser:
    """Load what choosing looks at, beside the agents."""
    return Chooser(now, prices, agents, unavailable_providers(session))


def chooser_of(plan: Plan, agent_of_run: UUID | None) -> UUID | None:
    """Say which agent chooses: the plan's, else the run's; None where a preset or a configuration does."""
    if plan.preset is not None or plan.configuration is not None:
        return None
    return plan.agent_id or agent_of_run
