"""Grant credits to accounts and take them back, for operators."""

from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry

from graph import ids, inputs
from graph.context import Info
from graph.inputs import bad_input
from graph.loaders.dues import Dues
from graph.mutations.results import result
from graph.types.grant import Grant
from graph.types.refusals import (
    AccountNotFound,
    AmountTooLarge,
    GrantAlreadyVoided,
    GrantNotFound,
    IdempotencyConflict,
    TimeOutOfRange,
)
from metering import credits as verbs
from models.identity import IdKind
from models.ledger import Grant as GrantRow
from models.ledger import RestrictionKind
from models.writer import Command
from pricing.credits import Credits


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
        default=verbs.DEFAULT_PRIORITY, description="Lower numbers are burnt first; 0 to 1,000."
    )
    effective_at: datetime | None = strawberry.field(
        default=None, description="From when it may be used; else now."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Until when; else for ever.")
    restricted_to: GrantRestrictionInput | None = strawberry.field(
        default=None, description="What it serves only."
    )
    reason: str | None = strawberry.field(default=None, description="Why, for the books.")


@strawberry.input(description="A grant to be taken back.")
class VoidGrantInput:
    """A grant to be taken back."""

    account_id: strawberry.ID = strawberry.field(description="The account.")
    grant_id: strawberry.ID = strawberry.field(description="The grant.")
    reason: str = strawberry.field(description="Why, for the books.")
    idempotency_key: str = strawberry.field(
        description="1 to 255 printable ASCII characters, of the account's keys."
    )


@strawberry.type(description="Credits were granted.")
class CreditsGranted:
    """Credits were granted."""

    grant: Grant = strawberry.field(description="The grant.")
    replayed: bool = strawberry.field(
        description="Whether an earlier request with the same key granted them."
    )


@strawberry.type(description="A grant was taken back; what was spent of it stays spent.")
class GrantVoided:
    """A grant was taken back."""

    grant: Grant = strawberry.field(description="The grant, marked void.")
    voided_credits: Credits = strawberry.field(
        description="What was left of it; what open holds keep of it goes back as they release it."
    )
    replayed: bool = strawberry.field(description="Whether an earlier request with the same key voided it.")


GrantCreditsResult = Annotated[
    CreditsGranted | AccountNotFound | TimeOutOfRange | AmountTooLarge | IdempotencyConflict,
    result("GrantCreditsResult"),
]
VoidGrantResult = Annotated[
    GrantVoided | AccountNotFound | GrantNotFound | GrantAlreadyVoided | IdempotencyConflict,
    result("VoidGrantResult"),
]
GrantInput = Annotated[GrantCreditsInput, strawberry.argument(description="The credits.")]
VoidInput = Annotated[VoidGrantInput, strawberry.argument(description="The grant, and why.")]


async def grant_credits(info: Info, input: GrantInput) -> GrantCreditsResult:
    """Give credits to an account."""
    item = _grant(input)
    verb = partial(verbs.grant_credits, item=item)
    granted = await info.context.write(Command(item.account_id, verb))
    return CreditsGranted(grant=_written(info, granted.grant), replayed=granted.replayed)


async def void_grant(info: Info, input: VoidInput) -> VoidGrantResult:
    """Take a grant back."""
    item = verbs.VoidGrant(
        account_id=ids.read("accountId", IdKind.ACCOUNT, input.account_id),
        grant_id=ids.read("grantId", IdKind.GRANT, input.grant_id),
        reason=inputs.text("reason", input.reason),
        idempotency_key=inputs.idempotency_key("idempotencyKey", input.idempotency_key),
    )
    verb = partial(verbs.void_grant, item=item)
    voiding = await info.context.write(Command(item.account_id, verb))
    return GrantVoided(
        grant=_written(info, voiding.grant),
        voided_credits=voiding.voided,
        replayed=voiding.replayed,
    )


def _grant(given: GrantCreditsInput) -> verbs.GrantCredits:
    if not given.amount:
        raise bad_input("amount", "more than 0 credits are needed.")
    if not 0 <= given.priority <= verbs.LOWEST_PRIORITY:
        raise bad_input("priority", f"0 to {verbs.LOWEST_PRIORITY} is possible, not {given.priority}.")
    return verbs.GrantCredits(
        account_id=ids.read("accountId", IdKind.ACCOUNT, given.account_id),
        amount=given.amount,
        idempotency_key=inputs.idempotency_key("idempotencyKey", given.idempotency_key),
        priority=given.priority,
        effective_at=given.effective_at,
        expires_at=given.expires_at,
        restricted_to=_restriction(given.restricted_to),
        reason=inputs.optional_text("reason", given.reason),
    )


def _restriction(given: GrantRestrictionInput | None) -> verbs.Restriction | None:
    if given is None:
        return None
    return verbs.Restriction(given.kind, inputs.name("restrictedTo.name", given.name))


def _written(info: Info, row: GrantRow) -> Grant:
    # The verb has moved all that was due in the account, so that there is nothing to ask for.
    return Grant.of(row, Dues(info.context.now()))
