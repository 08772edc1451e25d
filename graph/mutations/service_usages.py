"""Add and void service usages."""

from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry

from graph import ids, inputs
from graph.context import Context, Info
from graph.errors import refusal_of
from graph.inputs import MOST_USAGES, bad_input
from graph.mutations.results import one, result
from graph.scalars import DecimalText
from graph.types.refusals import (
    AmountTooLarge,
    BudgetExceeded,
    CreditsExhausted,
    IdempotencyConflict,
    NoRateCardInForce,
    RateUnknown,
    Refusal,
    ServiceUsageAlreadyVoided,
    ServiceUsageNotFound,
    TimeOutOfRange,
    WorkflowNotFound,
)
from graph.types.service_usage import ServiceUsage
from graph.types.workflow import Workflow
from metering import errors, tracking
from metering.tracking import IfUncovered, UsageAddition
from models.identity import IdKind
from models.writer import Command, SetCommand
from pricing.credits import Credits
from pricing.units import ServiceType, UnitType


@strawberry.input(description="A metered use to be recorded.")
class AddServiceUsageInput:
    """A metered use to be recorded."""

    workflow_id: strawberry.ID = strawberry.field(description="The run that used it, running or ended.")
    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model, as the rate card names it.")
    units: DecimalText = strawberry.field(description="How many units, more than 0.")
    unit_type: UnitType = strawberry.field(description="The unit.")
    idempotency_key: str = strawberry.field(
        description="1 to 255 printable ASCII characters; the same key and input give the first answer again."
    )
    used_at: datetime | None = strawberry.field(
        default=None, description="When it was used: 35 days ago to 5 minutes ahead; else now."
    )
    if_uncovered: IfUncovered = strawberry.field(
        default=IfUncovered.RECORD, description="What to do where grants and credit line do not cover it."
    )


@strawberry.input(description="Metered uses to be recorded together.")
class AddServiceUsagesInput:
    """Metered uses to be recorded together."""

    usages: list[AddServiceUsageInput] = strawberry.field(description=f"1 to {MOST_USAGES} usages.")


@strawberry.input(description="A usage that should not have been recorded.")
class VoidServiceUsageInput:
    """A usage that should not have been recorded."""

    service_usage_id: strawberry.ID = strawberry.field(description="The usage.")
    reason: str = strawberry.field(description="Why, for the books.")
    idempotency_key: str = strawberry.field(description="1 to 255 printable ASCII characters.")


@strawberry.type(description="A usage was recorded.")
class ServiceUsageAdded:
    """A usage was recorded."""

    service_usage: ServiceUsage = strawberry.field(description="The usage with its price.")
    workflow: Workflow = strawberry.field(description="The run with its totals.")
    replayed: bool = strawberry.field(description="Whether an earlier request with the same key recorded it.")

    @classmethod
    def of(cls, addition: UsageAddition) -> "ServiceUsageAdded":
        """Show what was recorded."""
        return cls(
            service_usage=ServiceUsage.of(addition.usage),
            workflow=Workflow.of(addition.workflow),
            replayed=addition.replayed,
        )


@strawberry.type(description="A usage was voided.")
class ServiceUsageVoided:
    """A usage was voided."""

    service_usage: ServiceUsage = strawberry.field(description="The usage, marked void.")
    refunded_credits: Credits = strawberry.field(description="The credits that went back.")
    replayed: bool = strawberry.field(description="Whether an earlier request with the same key voided it.")


AddServiceUsageResult = Annotated[
    ServiceUsageAdded
    | WorkflowNotFound
    | RateUnknown
    | NoRateCardInForce
    | CreditsExhausted
    | BudgetExceeded
    | AmountTooLarge
    | TimeOutOfRange
    | IdempotencyConflict,
    result("AddServiceUsageResult"),
]


@strawberry.type(
    description="A batch was worked through: each usage is recorded, replayed or refused by itself."
)
class ServiceUsagesAdded:
    """A batch was worked through."""

    results: list[AddServiceUsageResult] = strawberry.field(description="A result for each usage, in order.")
    added_count: int = strawberry.field(description="How many were recorded now.")
    replayed_count: int = strawberry.field(description="How many were recorded before.")
    refused_count: int = strawberry.field(description="How many were refused.")


AddServiceUsagesResult = Annotated[ServiceUsagesAdded | IdempotencyConflict, result("AddServiceUsagesResult")]
VoidServiceUsageResult = Annotated[
    ServiceUsageVoided | ServiceUsageNotFound | ServiceUsageAlreadyVoided | IdempotencyConflict,
    result("VoidServiceUsageResult"),
]
AddInput = Annotated[AddServiceUsageInput, strawberry.argument(description="The usage.")]
AddManyInput = Annotated[AddServiceUsagesInput, strawberry.argument(description="The usages.")]
VoidInput = Annotated[VoidServiceUsageInput, strawberry.argument(description="The usage, and why.")]


async def add_service_usage(info: Info, input: AddInput) -> AddServiceUsageResult:
    """Record a usage: a batch of one."""
    item = _item(info.context, "", input)
    return ServiceUsageAdded.of(one(await _add(info.context, (item,))))


async def add_service_usages(info: Info, input: AddManyInput) -> AddServiceUsagesResult:
    """Record many usages."""
    if not 1 <= len(input.usages) <= MOST_USAGES:
        raise bad_input("usages", f"1 to {MOST_USAGES} usages are possible, not {len(input.usages)}.")
    items = tuple(_item(info.context, f"usages[{n}].", usage) for n, usage in enumerate(input.usages))
    results = [_shown(answer) for answer in await _add(info.context, items)]
    added = [shown for shown in results if isinstance(shown, ServiceUsageAdded)]
    replayed = sum(shown.replayed for shown in added)
    return ServiceUsagesAdded(
        results=results,  # type: ignore[arg-type]  # every refusal of a usage is a member of the union
        added_count=len(added) - replayed,
        replayed_count=replayed,
        refused_count=len(results) - len(added),
    )


async def void_service_usage(info: Info, input: VoidInput) -> VoidServiceUsageResult:
    """Void a usage."""
    item = tracking.VoidServiceUsage(
        account_id=info.context.account_id,
        usage_id=ids.read("serviceUsageId", IdKind.SERVICE_USAGE, input.service_usage_id),
        reason=inputs.text("reason", input.reason),
        idempotency_key=inputs.idempotency_key("idempotencyKey", input.idempotency_key),
    )
    verb = partial(tracking.void_service_usage, item=item)
    voided = await info.context.write(Command(item.account_id, verb))
    return ServiceUsageVoided(
        service_usage=ServiceUsage.of(voided.usage),
        refunded_credits=voided.refunded,
        replayed=voided.replayed,
    )


async def _add(
    context: Context, items: tuple[tracking.AddServiceUsage, ...]
) -> list[UsageAddition | Exception]:
    return await context.write(SetCommand(context.account_id, tracking.add_service_usages, items))


def _item(context: Context, path: str, given: AddServiceUsageInput) -> tracking.AddServiceUsage:
    return tracking.AddServiceUsage(
        account_id=context.account_id,
        workflow_id=ids.read(f"{path}workflowId", IdKind.WORKFLOW, given.workflow_id),
        service_type=given.service_type,
        provider=inputs.name(f"{path}provider", given.provider),
        quantity=inputs.quantity(f"{path}units", given.units, given.unit_type),
        idempotency_key=inputs.idempotency_key(f"{path}idempotencyKey", given.idempotency_key),
        used_at=given.used_at,
        if_uncovered=given.if_uncovered,
    )


def _shown(answer: UsageAddition | Exception) -> ServiceUsageAdded | Refusal:
    if isinstance(answer, UsageAddition):
        return ServiceUsageAdded.of(answer)
    if isinstance(answer, errors.Refusal):
        return refusal_of(answer)
    raise answer
