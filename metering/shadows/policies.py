"""Shadow policies: set and removed, one in force for an agent; those before stay as history."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.agents import agent_in_use
from metering.audit_log import log_act
from metering.configurations import configuration_of, preset_named, require_known_providers
from metering.errors import AgentNotFound, InvalidShadowPolicy, NoRateCardInForce, ShadowPolicyNotFound
from metering.ledger import locked_account
from metering.prices import price_book
from models.agent import Agent
from models.audit_entry import AuditAct
from models.base import Json, canonical_json
from models.identity import IdKind, format_id, new_id
from models.selection import ShadowPolicy
from pricing.configuration import InvalidConfiguration, ServiceConfiguration


@dataclass(frozen=True, slots=True)
class SetShadowPolicy:
    """A configuration to be tried on an agent's runs: exactly one of preset and configuration.

    `configuration` holds settings as agents store them.
    """

    account_id: UUID
    agent_id: UUID
    preset: str | None = None
    configuration: Json | None = None


def set_shadow_policy(session: Session, *, item: SetShadowPolicy, now: datetime) -> ShadowPolicy:
    """Try a configuration on an agent's runs from now on, in place of the one that is tried on them.

    Setting what is in force changes nothing. Raises AccountNotFound, AgentNotFound (archived ones too), and
    InvalidShadowPolicy, which names the field.
    """
    locked_account(session, item.account_id)
    agent_in_use(session, item.account_id, item.agent_id)
    written = _configuration(session, item, now).to_mapping()
    current = _in_force(session, item.account_id, item.agent_id)
    if current is not None:
        if current.preset == item.preset and canonical_json(current.configuration) == canonical_json(written):
            return current
        current.removed_at = now
        session.flush()  # before the new one, since only one is in force at any moment
    policy = ShadowPolicy(
        account_id=item.account_id,
        id=new_id(),
        agent_id=item.agent_id,
        preset=item.preset,
        configuration=written,
        set_at=now,
        removed_at=None,
    )
    session.add(policy)
    session.flush()
    _log(session, AuditAct.SET_SHADOW_POLICY, policy, now)
    return policy


def remove_shadow_policy(
    session: Session, *, account_id: UUID, agent_id: UUID, now: datetime
) -> ShadowPolicy:
    """Try an agent's shadow policy no more; what it would have chosen stays.

    Raises AccountNotFound, AgentNotFound, ShadowPolicyNotFound where none is in force.
    """
    locked_account(session, account_id)
    if session.get(Agent, (account_id, agent_id)) is None:
        raise AgentNotFound
    policy = _in_force(session, account_id, agent_id)
    if policy is None:
        raise ShadowPolicyNotFound
    policy.removed_at = now
    session.flush()
    _log(session, AuditAct.REMOVE_SHADOW_POLICY, policy, now)
    return policy


def _log(session: Session, act: AuditAct, policy: ShadowPolicy, now: datetime) -> None:
    details: Json = {"agentId": format_id(IdKind.AGENT, policy.agent_id), "preset": policy.preset}
    subject = (IdKind.SHADOW_POLICY, policy.id)
    log_act(session, act, account_id=policy.account_id, subject=subject, details=details, now=now)


def _configuration(session: Session, item: SetShadowPolicy, now: datetime) -> ServiceConfiguration:
    try:
        configuration = _given(item)
        _require_known(session, item, configuration, now)
    except InvalidConfiguration as error:
        raise InvalidShadowPolicy(error.field, error.fix) from error
    return configuration


def _given(item: SetShadowPolicy) -> ServiceConfiguration:
    return configuration_of(item.configuration or {}) if item.preset is None else preset_named(item.preset)


def _require_known(
    session: Session, item: SetShadowPolicy, configuration: ServiceConfiguration, now: datetime
) -> None:
    try:
        card = price_book(session).in_force(now, account_id=item.account_id)
    except NoRateCardInForce:
        return  # no provider has a price yet, so none is better known than another
    require_known_providers(configuration, card)


def _in_force(session: Session, account_id: UUID, agent_id: UUID) -> ShadowPolicy | None:
    return session.scalar(
        select(ShadowPolicy).where(
            ShadowPolicy.account_id == account_id,
            ShadowPolicy.agent_id == agent_id,
            ShadowPolicy.removed_at.is_(None),
        )
    )
