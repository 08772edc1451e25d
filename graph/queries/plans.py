"""What a workflow is about to use, as callers write it."""

import strawberry

from graph import ids, inputs
from graph.context import Info
from graph.inputs import MOST_SERVICES, bad_input
from graph.scalars import DecimalText, JsonValue
from metering.plans import Plan
from metering.quotes import PlannedRun
from models.identity import IdKind
from pricing.catalogue import RequestComplexity
from pricing.configuration import AccuracyRequirement
from pricing.selection import Need, ServiceRequest
from pricing.units import ServiceType, UnitType

CHOOSERS = "agentId, preset and configuration"


@strawberry.input(description="A service that a workflow is about to use.")
class ServiceNeedInput:
    """A service that a workflow is about to use."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    units: DecimalText = strawberry.field(description="How many units, more than 0.")
    unit_type: UnitType = strawberry.field(description="The unit.")
    provider: str | None = strawberry.field(
        default=None,
        description="The provider or model, which is then kept; left out, the configuration chooses one.",
    )


@strawberry.input(
    description=f"A plan: services, and at most one of {CHOOSERS}, which say who may serve and at what limit."
)
class ServicePlanInput:
    """A plan."""

    services: list[ServiceNeedInput] = strawberry.field(description=f"1 to {MOST_SERVICES} services.")
    agent_id: strawberry.ID | None = strawberry.field(
        default=None, description="By the configuration of this agent."
    )
    preset: str | None = strawberry.field(default=None, description="By this preset.")
    configuration: JsonValue | None = strawberry.field(
        default=None,
        description="By this configuration, its fields as agents store them, e.g. `primary_ai_model`.",
    )
    request_complexity: RequestComplexity = strawberry.field(
        default=RequestComplexity.NORMAL, description="How much thinking the request needs."
    )
    accuracy_requirement: AccuracyRequirement | None = strawberry.field(
        default=None, description="How accurate services must be; left out, as the configuration says."
    )
    workflow_name: str | None = strawberry.field(
        default=None,
        description=(
            "The name of the run that a quote is for: its budgets, the grants that it may use, and what such "
            "runs cost before. A run that is started has its own."
        ),
    )
    user_id: str | None = strawberry.field(
        default=None,
        description="The user of yours whom that run is for, whose budgets count. A run has its own.",
    )


def read_plan(info: Info, given: ServicePlanInput, path: str = "") -> Plan:
    """Read a plan that stands under a path; BAD_USER_INPUT names the field that is wrong."""
    choosers = chosen_by(given)
    if len(choosers) > 1:
        given_both = " and ".join(choosers)
        raise bad_input(f"{path}{choosers[1]}", f"give at most one of {CHOOSERS}, not {given_both}.")
    agent_id = ids.read_optional(f"{path}agentId", IdKind.AGENT, given.agent_id)
    return Plan(
        request=ServiceRequest(
            needs=_needs(f"{path}services", given.services),
            complexity=given.request_complexity,
            accuracy=given.accuracy_requirement,
        ),
        account_id=info.context.api_key.account_id if agent_id is None else info.context.account_id,
        agent_id=agent_id,
        preset=inputs.optional_name(f"{path}preset", given.preset),
        configuration=given.configuration,
    )


def read_run(info: Info, given: ServicePlanInput, path: str = "") -> PlannedRun:
    """Read for which run a quote is: the calling key's; BAD_USER_INPUT names the field that is wrong."""
    return PlannedRun(
        api_key_id=info.context.api_key.id,
        workflow_name=inputs.optional_name(f"{path}workflowName", given.workflow_name),
        user_id=inputs.optional_text(f"{path}userId", given.user_id),
    )


def chosen_by(given: ServicePlanInput) -> list[str]:
    """Name the fields that say who may serve, as far as they are given."""
    fields = {"agentId": given.agent_id, "preset": given.preset, "configuration": given.configuration}
    return [field for field, value in fields.items() if value is not None]


def _needs(field: str, services: list[ServiceNeedInput]) -> tuple[Need, ...]:
    if not 1 <= len(services) <= MOST_SERVICES:
        raise bad_input(field, f"1 to {MOST_SERVICES} services, not {len(services)}.")
    return tuple(_need(f"{field}[{position}]", each) for position, each in enumerate(services))


def _need(field: str, given: ServiceNeedInput) -> Need:
    return Need(
        service_type=given.service_type,
        quantity=inputs.quantity(f"{field}.units", given.units, given.unit_type),
        provider=inputs.optional_name(f"{field}.provider", given.provider),
    )
