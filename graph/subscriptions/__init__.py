"""The root fields that stay open and tell what changes."""

import strawberry

from graph.permissions import stream_field
from graph.subscriptions import balances, service_usages, workflows
from models.api_key import Scope


@strawberry.type(
    description=(
        "What can be listened to, by WebSocket or by server-sent events. It tells what is committed, of the "
        "calling key's account only, and ends within a second when the key is revoked or expires."
    )
)
class Subscription:
    """What can be listened to."""

    service_usage_added = stream_field(
        Scope.READ,
        service_usages.service_usage_added,
        "Every usage that is recorded from now on, or after a sequence, once and in order.",
    )
    workflow_changed = stream_field(
        Scope.READ,
        workflows.workflow_changed,
        (
            "A run as it is now, and again whenever its status or its totals change; several changes at once "
            "are told as one."
        ),
    )
    balance_changed = stream_field(
        Scope.READ,
        balances.balance_changed,
        (
            "The account's credits as they are now, and again whenever they change; several changes at once "
            "are told as one."
        ),
    )
