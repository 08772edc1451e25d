"""Issue, rotate and revoke API keys."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry

from graph import ids, inputs
from graph.context import Context, Info
from graph.inputs import bad_input
from graph.mutations.results import result
from graph.types.api_key import ApiKey
from graph.types.refusals import AccountNotFound, ApiKeyEnded, ApiKeyNotFound, ScopeNotHeld, TimeOutOfRange
from metering import api_keys
from models.api_key import Scope
from models.identity import IdKind
from models.writer import Command


def _seconds(time: timedelta) -> int:
    return int(time.total_seconds())


@strawberry.input(description="A key to be issued.")
class IssueApiKeyInput:
    """A key to be issued."""

    name: str = strawberry.field(description="What the key is called.")
    scopes: list[Scope] = strawberry.field(
        default_factory=lambda: list(api_keys.ACCOUNT_SCOPES), description="What it may do."
    )
    account_id: strawberry.ID | None = strawberry.field(
        default=None, description="The account; only an operator's key names one, else it is the caller's."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="From when on it works no more; else it works until it is revoked."
    )


@strawberry.input(description="A key to be given a new secret.")
class RotateApiKeyInput:
    """A key to be given a new secret."""

    api_key_id: strawberry.ID = strawberry.field(description="The key.")
    overlap_seconds: int = strawberry.field(
        default=_seconds(api_keys.DEFAULT_OVERLAP),
        description=(
            "How long the secrets before it go on working, never longer than they would: "
            f"0 to {_seconds(api_keys.LONGEST_OVERLAP):,} seconds. 0 ends them at once."
        ),
    )


@strawberry.input(description="A key to be revoked.")
class RevokeApiKeyInput:
    """A key to be revoked."""

    api_key_id: strawberry.ID = strawberry.field(description="The key.")


@strawberry.type(description="A key was issued.")
class ApiKeyIssued:
    """A key was issued."""

    api_key: ApiKey = strawberry.field(description="The key.")
    secret: str = strawberry.field(description="The secret: keep it, it is shown this once.")


@strawberry.type(description="A key has a new secret; it is the same key, with its scopes and its runs.")
class ApiKeyRotated:
    """A key has a new secret."""

    api_key: ApiKey = strawberry.field(description="The key; `oldSecretsUntil` tells the end of the overlap.")
    secret: str = strawberry.field(description="The new secret: keep it, it is shown this once.")


@strawberry.type(description="A key was revoked.")
class ApiKeyRevoked:
    """A key was revoked."""

    api_key: ApiKey = strawberry.field(description="The key; whoever uses it is refused from now on.")


IssueApiKeyResult = Annotated[
    ApiKeyIssued | AccountNotFound | ScopeNotHeld | TimeOutOfRange, result("IssueApiKeyResult")
]
RotateApiKeyResult = Annotated[
    ApiKeyRotated | ApiKeyNotFound | ApiKeyEnded | ScopeNotHeld, result("RotateApiKeyResult")
]
RevokeApiKeyResult = Annotated[ApiKeyRevoked | ApiKeyNotFound, result("RevokeApiKeyResult")]
IssueInput = Annotated[IssueApiKeyInput, strawberry.argument(description="The key.")]
RotateInput = Annotated[RotateApiKeyInput, strawberry.argument(description="The key.")]
RevokeInput = Annotated[RevokeApiKeyInput, strawberry.argument(description="The key.")]


async def issue_api_key(info: Info, input: IssueInput) -> IssueApiKeyResult:
    """Issue a key."""
    account_id = _account_of(info.context, input.account_id)
    if not input.scopes:
        raise bad_input("scopes", "a key needs at least one scope.")
    if Scope.OPERATE in input.scopes:
        raise bad_input(
            "scopes", "an account's key cannot operate across accounts; operators issue such keys."
        )
    verb = partial(
        api_keys.issue_api_key,
        account_id=account_id,
        name=inputs.name("name", input.name),
        scopes=input.scopes,
        expires_at=input.expires_at,
        issuer_scopes=None if info.context.is_operator else info.context.api_key.scopes,
    )
    issued = await info.context.write(Command(account_id, verb))
    return ApiKeyIssued(api_key=ApiKey.of(issued.api_key), secret=issued.secret)


async def rotate_api_key(info: Info, input: RotateInput) -> RotateApiKeyResult:
    """Give a key a new secret."""
    account_id = None if info.context.is_operator else info.context.account_id
    longest = _seconds(api_keys.LONGEST_OVERLAP)
    if not 0 <= input.overlap_seconds <= longest:
        raise bad_input("overlapSeconds", f"0 to {longest:,} is possible, not {input.overlap_seconds}.")
    verb = partial(
        api_keys.rotate_api_key,
        account_id=account_id,
        api_key_id=ids.read("apiKeyId", IdKind.API_KEY, input.api_key_id),
        overlap=timedelta(seconds=input.overlap_seconds),
        rotator_scopes=info.context.api_key.scopes,
    )
    rotated = await info.context.write(Command(account_id, verb))
    return ApiKeyRotated(api_key=ApiKey.of(rotated.api_key), secret=rotated.secret)


async def revoke_api_key(info: Info, input: RevokeInput) -> RevokeApiKeyResult:
    """Revoke a key."""
    account_id = None if info.context.is_operator else info.context.account_id
    key_id = ids.read("apiKeyId", IdKind.API_KEY, input.api_key_id)
    verb = partial(api_keys.revoke_api_key, account_id=account_id, api_key_id=key_id)
    return ApiKeyRevoked(api_key=ApiKey.of(await info.context.write(Command(account_id, verb))))


def _account_of(context: Context, given: strawberry.ID | None) -> UUID:
    if context.is_operator and given is not None:
        return ids.read("accountId", IdKind.ACCOUNT, given)
    if given is not None:
        raise bad_input("accountId", "only an operator's key names an account; leave it out.")
    return context.account_id
