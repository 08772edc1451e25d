"""Refusals: runs and usages that cannot be recorded as asked."""

from datetime import datetime

import strawberry

from graph.types.refusals.refusal import Refusal
from models.workflow import WorkflowStatus


@strawberry.type(description="A time outside the window open for recording.")
class TimeOutOfRange(Refusal):
    """A time outside the window."""

    field: str = strawberry.field(description="Which input it is.")
    earliest: datetime = strawberry.field(description="The earliest moment possible.")
    latest: datetime = strawberry.field(description="The latest moment possible.")


@strawberry.type(description="The idempotency key was used for another input; nothing was done.")
class IdempotencyConflict(Refusal):
    """The key was used for another input."""

    idempotency_key: str = strawberry.field(description="The key.")


@strawberry.type(description="There is no such workflow in this account.")
class WorkflowNotFound(Refusal):
    """There is no such workflow."""


@strawberry.type(description="The workflow ended before, in another way.")
class WorkflowAlreadyEnded(Refusal):
    """The workflow ended before."""

    status: WorkflowStatus = strawberry.field(description="How it ended.")
    ended_at: datetime = strawberry.field(description="When it ended.")


@strawberry.type(description="The workflow would have more ancestors than are possible.")
class WorkflowNestedTooDeep(Refusal):
    """The workflow would have too many ancestors."""


@strawberry.type(description="There is no such service usage in this account.")
class ServiceUsageNotFound(Refusal):
    """There is no such usage."""


@strawberry.type(description="The service usage was voided before, under another idempotency key.")
class ServiceUsageAlreadyVoided(Refusal):
    """The usage was voided before."""

    voided_at: datetime = strawberry.field(description="When it was voided.")
