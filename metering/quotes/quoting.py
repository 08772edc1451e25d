"""Quotes: what a plan would cost by the card in force, and who would serve it; nothing is stored or held."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from metering.agents import agent_in_use, service_configuration_of
from metering.availability import unavailable_providers
from metering.errors import InvalidAgent, NoRateCardInForce
from metering.plans import InvalidPlan, Plan, own_configuration
from metering.prices import price_book
from metering.quotes.plan_prices import priced_as_named, selected
from models.agent import Agent
from pricing.catalogue import built_in_catalogue
from pricing.configuration import ServiceConfiguration
from pricing.credits import Credits
from pricing.quote import PricedUsage
from pricing.selection import OverLimit, Selection


@dataclass(frozen=True, slots=True)
class PlanQuote:
    """The price of a plan, line by line in the order of the request.

    `selection` is None where no configuration chooses. Where the plan is over its limit, `over_limit` says
    what would fit, and lines and selection are the plan as it was wanted. `agent` is the one whose
    configuration chose, where one did.
    """

    card_version: str
    lines: tuple[PricedUsage, ...]
    selection: Selection | None = None
    over_limit: OverLimit | None = None
    agent: Agent | None = None

    @property
    def total(self) -> Credits:
        """The sum of the rounded lines."""
        return Credits.total(line.credits for line in self.lines)


def quote_plan(session: Session, *, plan: Plan, now: datetime) -> PlanQuote:
    """Choose a provider for each service and price the plan by the card in force.

    Without agent, preset and configuration the providers that the request names are priced. A plan over its
    limit is an answer too. Raises AgentNotFound for an agent that is not of the account or is archived, and
    InvalidPlan, which names the field, for all else that cannot be answered.
    """
    try:
        card = price_book(session).in_force(now, account_id=plan.account_id)
    except NoRateCardInForce as error:
        raise InvalidPlan("services", str(error)) from error
    agent = _agent(session, plan)
    configuration = own_configuration(plan, card) if agent is None else _configuration_of(agent)
    if configuration is None:
        return PlanQuote(card.version, priced_as_named(card, plan.request.needs))
    try:
        unavailable = unavailable_providers(session)
        selection = selected(configuration, plan.request, card, built_in_catalogue(), unavailable)
    except OverLimit as over:
        return PlanQuote(card.version, over.selection.lines, over.selection, over, agent)
    return PlanQuote(card.version, selection.lines, selection, agent=agent)


def _agent(session: Session, plan: Plan) -> Agent | None:
    if plan.account_id is None or plan.agent_id is None:
        return None
    return agent_in_use(session, plan.account_id, plan.agent_id)


def _configuration_of(agent: Agent) -> ServiceConfiguration:
    try:
        return service_configuration_of(agent)
    except InvalidAgent as error:
        fix = f"its configuration no longer holds together: {error} Update the agent."
        raise InvalidPlan("agentId", fix) from error
