"""Create accounts, for operators."""

from functools import partial
from typing import Annotated

import strawberry

from graph import inputs
from graph.context import Info
from graph.mutations.results import result
from graph.types.account import Account
from graph.types.refusals import AmountTooLarge
from metering import accounts
from models.writer import Command
from pricing.credits import Credits


@strawberry.input(description="An account to be created.")
class CreateAccountInput:
    """An account to be created."""

    name: str = strawberry.field(description="Its name.")
    overdraft_limit: Credits | None = strawberry.field(
        default=None, description="The credit line of a prepaid account, 0 or more; null is postpaid."
    )


@strawberry.type(description="An account was created.")
class AccountCreated:
    """An account was created."""

    account: Account = strawberry.field(description="The account.")


CreateAccountResult = Annotated[AccountCreated | AmountTooLarge, result("CreateAccountResult")]
CreateInput = Annotated[CreateAccountInput, strawberry.argument(description="The account.")]


async def create_account(info: Info, input: CreateInput) -> CreateAccountResult:
    """Create an account."""
    verb = partial(
        accounts.create_account,
        name=inputs.name("name", input.name),
        overdraft_limit=input.overdraft_limit,
    )
    return AccountCreated(account=Account.of(await info.context.write(Command(None, verb))))
