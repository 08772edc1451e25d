"""Create accounts and grant credits, for operators."""

from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry

from graph import ids, inputs
from graph.context import Info
from graph.inputs import bad_input
from graph.mutations.results import result
from graph.types.account import Account
from graph.types.grant import Grant
from graph.types.refusals import AccountNotFound, AmountTooLarge, IdempotencyConflict, TimeOutOfRange
from metering import accounts
from metering import credits as grants
from models.identity import IdKind
from models.ledger import RestrictionKind
from models.writer import Command
from pricing.credits import Credits


@strawberry.input(description="An account to be created.")
class CreateAccountInput:
    """An account to be created."""

    name: str = strawberry.field(description="Its name.")
    overdraft_limit: Credits | None = strawberry.field(
        default=None, description="The credit line of a prepaid account, 0 or more; null is postpaid."
    )


@strawberry.input(description="What a grant serves only.")
class GrantRestrictionInput:
    """What a grant serves only."""

    kind: RestrictionKind = strawberry.field(description="An adapter or a workflow name.")
    name: str = strawberry.field(description="Which one.")


@strawberry.input(description="Credits to be given to an account.")
class GrantCreditsInput:
    """Credits to be given to an account."""

    account_id: strawberry.ID = strawberry.field(description="The account.")
    amount: Credits = strawberry.field(description="How many credits, more than 0.")
    idempotency_key: str = strawberry.field(
        description="1 to 255 printable ASCII characters, of the account's keys."
    )
    priority: int = strawberry.field(
        default=grants.DEFAULT_PRIORITY, description="Lower numbers are burnt first; 0 to 1,000."
    )
    effective_at: datetime | None = strawberry.field(
        default=None, description="From when it may be used; else now."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Until when; else for ever.")
    restricted_to: GrantRestrictionInput | None = strawberry.field(
        default=None, description="What it serves only."
    )
    reason: str | None = strawberry.field(default=None, description="Why, for the books.")


@strawberry.type(description="An account was created.")
class AccountCreated:
    """An account was created."""

    account: Account = strawberry.field(description="The account.")


@strawberry.type(description="Credits were granted.")
class CreditsGranted:
    """Credits were granted."""

    grant: Grant = strawberry.field(description="The grant.")
    replayed: bool = strawberry.field(
        description="Whether an earlier request with the same key granted them."
    )


CreateAccountResult = Annotated[AccountCreated | AmountTooLarge, result("CreateAccountResult")]
GrantCreditsResult = Annotated[
    CreditsGranted | AccountNotFound | TimeOutOfRange | AmountTooLarge | IdempotencyConflict,
    result("GrantCreditsResult"),
]
CreateInput = Annotated[CreateAccountInput, strawberry.argument(description="The account.")]
GrantInput = Annotated[GrantCreditsInput, strawberry.argument(description="The credits.")]


async def create_account(info: Info, input: CreateInput) -> CreateAccountResult:
    """Create an account."""
    verb = partial(
        accounts.create_account,
        name=inputs.name("name", input.name),
        overdraft_limit=input.overdraft_limit,
    )
    return AccountCreated(account=Account.of(await info.context.write(Command(None, verb))))


async def grant_credits(info: Info, input: GrantInput) -> GrantCreditsResult:
    """Give credits to an account."""
    item = _grant(input)
    verb = partial(grants.grant_credits, item=item)
    granted = await info.context.write(Command(item.account_id, verb))
    return CreditsGranted(grant=Grant.of(granted.grant), replayed=granted.replayed)


def _grant(given: GrantCreditsInput) -> grants.GrantCredits:
    if not given.amount:
        raise bad_input("amount", "more than 0 credits are needed.")
    if not 0 <= given.priority <= grants.LOWEST_PRIORITY:
        raise bad_input("priority", f"0 to {grants.LOWEST_PRIORITY} is possible, not {given.priority}.")
    return grants.GrantCredits(
        account_id=ids.read("accountId", IdKind.ACCOUNT, given.account_id),
        amount=given.amount,
        idempotency_key=inputs.idempotency_key("idempotencyKey", given.idempotency_key),
        priority=given.priority,
        effective_at=given.effective_at,
        expires_at=given.expires_at,
        restricted_to=_restriction(given.restricted_to),
        reason=inputs.optional_text("reason", given.reason),
    )


def _restriction(given: GrantRestrictionInput | None) -> grants.Restriction | None:
    if given is None:
        return None
    return grants.Restriction(given.kind, inputs.name("restrictedTo.name", given.name))
