"""Plans to be selected for, and shadow policies, in one line each.

`asked("GPT 3000 TOKENS")` reads a plan; a provider may stand behind, which is then kept.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from sqlalchemy import select

from metering.credits import DEFAULT_EXPIRY, HoldCredits, HoldPlan
from metering.plans import Plan
from metering.shadows import SetShadowPolicy, remove_shadow_policy, set_shadow_policy
from models.agent import Agent
from models.hold import Hold
from models.selection import ShadowPolicy, WorkflowSelection
from models.workflow import Workflow
from models.writer import Command
from pricing.catalogue import RequestComplexity
from pricing.configuration import AccuracyRequirement
from pricing.selection import Need, ServiceRequest
from pricing.units import Quantity, ServiceType, UnitType
from tests.tenant import Tenant, given, next_key


def asked(
    *lines: str,
    complexity: RequestComplexity = RequestComplexity.NORMAL,
    accuracy: AccuracyRequirement | None = None,
    **chooser: Any,
) -> Plan:
    """Read what is to be selected for; without a chooser, the run's agent chooses."""
    return Plan(
        ServiceRequest(tuple(_need(*line.split()) for line in lines), complexity, accuracy), **chooser
    )


async def set_shadow(tenant: Tenant, agent: Agent, **given: Any) -> ShadowPolicy:
    """Try a preset or a configuration on an agent's runs, or raise the refusal."""
    item = SetShadowPolicy(tenant.account_id, agent.id, **given)
    return await tenant.database.write(Command(tenant.account_id, partial(set_shadow_policy, item=item)))


async def remove_shadow(tenant: Tenant, agent: Agent) -> ShadowPolicy:
    """Try nothing on an agent's runs any more, or raise the refusal."""
    verb: Callable[..., ShadowPolicy] = partial(
        remove_shadow_policy, account_id=tenant.account_id, agent_id=agent.id
    )
    return await tenant.database.write(Command(tenant.account_id, verb))


async def hold_selected(tenant: Tenant, run: Workflow, plan: Plan) -> Hold:
    """Hold what is selected for a run, or raise the refusal."""
    item = HoldCredits(tenant.account_id, run.id, HoldPlan(selection=plan), next_key(), DEFAULT_EXPIRY)
    [answer] = await tenant.hold_all(item)
    return cast("Hold", given(answer).hold)


async def selections_of(tenant: Tenant, run: Workflow) -> list[WorkflowSelection]:
    """Read what was selected for a run, oldest first."""
    statement = select(WorkflowSelection).where(
        WorkflowSelection.account_id == tenant.account_id, WorkflowSelection.workflow_id == run.id
    )
    async with tenant.database.read() as session:
        return list(await session.scalars(statement.order_by(WorkflowSelection.id)))


def _need(service_type: str, units: str, unit_type: str, provider: str | None = None) -> Need:
    return Need(ServiceType(service_type), Quantity.parse(units, UnitType(unit_type)), provider)
