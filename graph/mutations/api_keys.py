"""Issue and revoke API keys."""

from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry

from graph import ids, inputs
from graph.context import Context, Info
from graph.inputs import bad_input
from graph.mutations.results import result
from graph.types.api_key import ApiKey
from graph.types.refusals import AccountNotFound, ApiKeyNotFound, ScopeNotHeld
from metering import api_keys
from models.api_key import Scope
from models.identity import IdKind
from models.writer import Command


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


@strawberry.input(description="A key to be revoked.")
class RevokeApiKeyInput:
    """A key to be revoked."""

    api_key_id: strawberry.ID = strawberry.field(description="The key.")


@strawberry.type(description="A key was issued.")
class ApiKeyIssued:
    """A key was issued."""

    api_key: ApiKey = strawberry.field(description="The key.")
    secret: str = strawberry.field(description="The secret: keep it, it is shown this once.")


@strawberry.type(description="A key was revoked.")
class ApiKeyRevoked:
    """A key was revoked."""

    api_key: ApiKey = strawberry.field(description="The key; whoever uses it is refused from now on.")


IssueApiKeyResult = Annotated[ApiKeyIssued | AccountNotFound | ScopeNotHeld, result("IssueApiKeyResult")]
RevokeApiKeyResult = Annotated[ApiKeyRevoked | ApiKeyNotFound, result("RevokeApiKeyResult")]
IssueInput = Annotated[IssueApiKeyInput, strawberry.argument(description="The key.")]
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
        issuer_scopes=None if info.context.is_operator else info.context.api_key.scopes,
    )
    issued = await info.context.write(Command(account_id, verb))
    return ApiKeyIssued(api_key=ApiKey.of(issued.api_key), secret=issued.secret)


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
