"""Agents: create, change and archive; what they resolve to is the adapters' word."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from adapters.registry import UnknownAdapter
from adapters.resolution import resolve_service_configuration
from adapters.service_configuration import UnknownPreset
from metering.audit_log import log_act
from metering.errors import AgentNotFound, InvalidAgent, NoRateCardInForce
from metering.ledger import locked_account
from metering.prices import price_book
from metering.workflows import OwnedId
from models.agent import Agent, AgentVersion
from models.audit_entry import AuditAct
from models.base import Json, canonical_json
from models.identity import IdKind, new_id
from pricing.catalogue import built_in_catalogue
from pricing.configuration import InvalidConfiguration, ServiceConfiguration, refuse_unknown_providers


def create_agent(
    session: Session,
    *,
    account_id: UUID,
    name: str | None,
    business_adapter: str,
    preset: str | None,
    custom_settings: Json,
    now: datetime,
) -> Agent:
    """Create an agent; without a name it is called after its adapter.

    Raises AccountNotFound, and InvalidAgent where adapter, preset or settings do not hold together.
    """
    locked_account(session, account_id)
    configuration = _resolved(business_adapter, preset, custom_settings)
    _require_known(session, account_id, configuration, now)
    agent = Agent(
        account_id=account_id,
        id=new_id(),
        version=1,
        name=name or business_adapter,
        business_adapter=business_adapter,
        preset=preset,
        custom_settings=custom_settings,
        created_at=now,
        updated_at=now,
        archived_at=None,
    )
    session.add(agent)
    session.flush()
    _keep_version(session, agent, configuration, now)
    _log(session, AuditAct.CREATE_AGENT, agent, now)
    return agent


def update_agent(
    session: Session,
    *,
    account_id: UUID,
    agent_id: UUID,
    name: str | None,
    custom_settings: Json | None,
    now: datetime,
) -> Agent:
    """Change an agent's name, its settings, or both; what is None stays.

    Each change is a new version. What changes nothing makes none, and leaves the agent as it is.
    Raises AgentNotFound, InvalidAgent.
    """
    locked_account(session, account_id)
    agent = agent_in_use(session, account_id, agent_id)
    if custom_settings is not None:
        configuration = _resolved(agent.business_adapter, agent.preset, custom_settings)
        _require_known(session, account_id, configuration, now)
    name = name or agent.name
    settings = agent.custom_settings if custom_settings is None else custom_settings
    # As text, since Python holds true and 1 for equal, and JSON does not.
    if name == agent.name and canonical_json(settings) == canonical_json(agent.custom_settings):
        return agent
    agent.name, agent.custom_settings = name, settings
    agent.version += 1
    agent.updated_at = now
    session.flush()
    _keep_version(session, agent, _resolved_if_possible(agent), now)
    _log(session, AuditAct.UPDATE_AGENT, agent, now)
    return agent


def archive_agent(session: Session, *, account_id: UUID, agent_id: UUID, now: datetime) -> Agent:
    """Take an agent out of use; its runs stay. Archiving it twice answers the same.

    Raises AgentNotFound.
    """
    agent = session.get(Agent, (account_id, agent_id))
    if agent is None:
        raise AgentNotFound
    if agent.archived_at is None:
        agent.archived_at = now
        session.flush()
        _log(session, AuditAct.ARCHIVE_AGENT, agent, now)
    return agent


def agent_in_use(session: Session, account_id: UUID, agent_id: UUID) -> Agent:
    """Give an agent that is not archived; AgentNotFound where the account has none."""
    return in_use(session.get(Agent, (account_id, agent_id)))


def in_use(agent: Agent | None) -> Agent:
    """Give an agent that was sought and is not archived; AgentNotFound where there is none."""
    if agent is None or agent.archived_at is not None:
        raise AgentNotFound
    return agent


def agents_by_id(session: Session, wanted: Collection[OwnedId]) -> dict[OwnedId, Agent]:
    """Load agents of accounts in one statement, none where none are wanted; the missing are left out."""
    if not wanted:
        return {}
    accounts, ids = {account_id for account_id, _ in wanted}, {agent_id for _, agent_id in wanted}
    named = select(Agent).where(Agent.account_id.in_(accounts), Agent.id.in_(ids))
    return {(agent.account_id, agent.id): agent for agent in session.scalars(named)}


def service_configuration_of(agent: Agent) -> ServiceConfiguration:
    """Resolve what may serve an agent: its adapter or preset, with its own override field by field.

    Raises InvalidAgent where an adapter that it was made with has changed or gone.
    """
    return _resolved(agent.business_adapter, agent.preset, agent.custom_settings)


def _log(session: Session, act: AuditAct, agent: Agent, now: datetime) -> None:
    details: Json = {"name": agent.name, "version": agent.version}
    subject = (IdKind.AGENT, agent.id)
    log_act(session, act, account_id=agent.account_id, subject=subject, details=details, now=now)


def _resolved_if_possible(agent: Agent) -> ServiceConfiguration | None:
    # An agent whose adapter has gone can still be renamed.
    try:
        return service_configuration_of(agent)
    except InvalidAgent:
        return None


def _keep_version(
    session: Session, agent: Agent, configuration: ServiceConfiguration | None, now: datetime
) -> None:
    session.add(
        AgentVersion(
            account_id=agent.account_id,
            agent_id=agent.id,
            version=agent.version,
            name=agent.name,
            business_adapter=agent.business_adapter,
            preset=agent.preset,
            custom_settings=agent.custom_settings,
            configuration=None if configuration is None else configuration.to_mapping(),
            created_at=now,
        )
    )
    session.flush()


def _require_known(
    session: Session, account_id: UUID, configuration: ServiceConfiguration, now: datetime
) -> None:
    try:
        card = price_book(session).in_force(now, account_id=account_id)
        refuse_unknown_providers(configuration, card, built_in_catalogue())
    except InvalidConfiguration as error:
        raise InvalidAgent(error.field, str(error)) from error
    except NoRateCardInForce:
        pass  # no provider has a price yet, so none is better known than another


def _resolved(business_adapter: str, preset: str | None, custom_settings: Json) -> ServiceConfiguration:
    try:
        return resolve_service_configuration(business_adapter, custom_settings, preset)
    except UnknownAdapter as error:
        raise InvalidAgent("businessAdapter", str(error)) from error
    except UnknownPreset as error:
        raise InvalidAgent("preset", str(error)) from error
    except InvalidConfiguration as error:
        raise InvalidAgent(error.field, str(error)) from error
