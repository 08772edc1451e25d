"""Which scope a field needs: every root field, and every edge that leads beyond what a mutation made."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver

from graph import ids
from graph.context import Info
from models.api_key import Scope
from models.identity import IdKind


class RequireScope(FieldExtension):
    """Let a field run only for a key that holds the scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def resolve_async(  # type: ignore[override]  # strawberry awaits what it gets, and to look waits for nothing
        self,
        next_: AsyncExtensionResolver,
        source: Any,  # noqa: ANN401 - strawberry's signature
        info: Info,
        **kwargs: Any,  # noqa: ANN401 - strawberry's signature
    ) -> Awaitable[Any]:
        """Check the key, then resolve."""
        require_scope(info, self.scope)
        return next_(source, info, **kwargs)


class RequireScopeToListen(RequireScope):
    """Let a stream begin only for a key that holds the scope."""

    async def resolve_async(
        self,
        next_: AsyncExtensionResolver,
        source: Any,  # noqa: ANN401 - strawberry's signature
        info: Info,
        **kwargs: Any,  # noqa: ANN401 - strawberry's signature
    ) -> Any:  # noqa: ANN401 - strawberry's signature
        """Check the key, then give the stream."""
        require_scope(info, self.scope)
        return next_(source, info, **kwargs)


def require_scope(info: Info, scope: Scope) -> None:
    """Raise FORBIDDEN where the calling key does not hold the scope."""
    if scope not in info.context.api_key.scopes:
        raise GraphQLError(
            f"This needs an API key with the scope {scope.value}.", extensions={"code": "FORBIDDEN"}
        )


def named_account(info: Info, account_id: strawberry.ID) -> UUID:
    """Read `accountId`; FORBIDDEN where it is another than the key's and the key is no operator's."""
    account = ids.read("accountId", IdKind.ACCOUNT, account_id)
    if account != info.context.api_key.account_id and not info.context.is_operator:
        raise GraphQLError(
            f"Another account needs an API key with the scope {Scope.OPERATE.value}.",
            extensions={"code": "FORBIDDEN"},
        )
    return account


def root_field(
    scope: Scope, resolver: Callable[..., Any], description: str, *extensions: FieldExtension
) -> Any:  # noqa: ANN401 - strawberry's field
    """Make a root field that needs a scope; its description says which."""
    return _scoped_field(scope, description, extensions)(resolver)


def stream_field(scope: Scope, resolver: Callable[..., Any], description: str) -> Any:  # noqa: ANN401 - strawberry's field
    """Make a root field of the subscriptions that needs a scope; its description says which."""
    return strawberry.subscription(
        resolver=resolver,
        description=_with_need(description, scope),
        extensions=[RequireScopeToListen(scope)],
    )


def operator_field(description: str) -> Any:  # noqa: ANN401 - strawberry's decorator
    """Make a field that only operators see, whoever owns the thing: null beside its FORBIDDEN for others."""
    return _scoped_field(Scope.OPERATE, description)


def manage_field(description: str, *extensions: FieldExtension) -> Any:  # noqa: ANN401 - strawberry's decorator
    """Make a field that only those see who manage the account: null beside its FORBIDDEN for others."""
    return _scoped_field(Scope.MANAGE, description, extensions)


def read_field(description: str, *extensions: FieldExtension) -> Any:  # noqa: ANN401 - strawberry's decorator
    """Make a field that leads to other things of the account.

    A mutation's answer shows what it made; going on from there is reading.
    """
    return _scoped_field(Scope.READ, description, extensions)


def _scoped_field(scope: Scope, description: str, extensions: Iterable[FieldExtension] = ()) -> Any:  # noqa: ANN401 - strawberry's decorator
    return strawberry.field(
        description=_with_need(description, scope), extensions=[RequireScope(scope), *extensions]
    )


def _with_need(description: str, scope: Scope) -> str:
    return f"{description} Needs the scope `{scope.value}`."
