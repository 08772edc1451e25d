"""Say when to be warned of a low balance."""

from functools import partial
from typing import Annotated

import strawberry

from graph.context import Info
from graph.mutations.results import result
from graph.types.account import Account
from graph.types.refusals import AccountNotFound
from metering import alerts
from models.writer import Command
from pricing.credits import Credits


@strawberry.input(description="When to be told of a low balance.")
class SetBalanceAlertInput:
    """When to be told of a low balance."""

    threshold: Credits | None = strawberry.field(
        default=None,
        description="An event tells when the available credits fall below this; null turns the alert off.",
    )


@strawberry.type(description="The balance alert was set or turned off.")
class BalanceAlertSet:
    """The alert was set."""

    account: Account = strawberry.field(description="The account.")


SetBalanceAlertResult = Annotated[BalanceAlertSet | AccountNotFound, result("SetBalanceAlertResult")]
AlertInput = Annotated[SetBalanceAlertInput, strawberry.argument(description="The alert.")]


async def set_balance_alert(info: Info, input: AlertInput) -> SetBalanceAlertResult:
    """Set the alert."""
    verb = partial(alerts.set_balance_alert, account_id=info.context.account_id, threshold=input.threshold)
    row = await info.context.write(Command(info.context.account_id, verb))
    return BalanceAlertSet(account=Account.of(row))
