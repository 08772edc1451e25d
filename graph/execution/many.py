"""Resolvers that can be called for many objects at once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

Resolver = TypeVar("Resolver", bound=Callable[..., Any])
ResolveMany = Callable[..., Awaitable[Sequence[Any]]]


def of_many(resolve: ResolveMany) -> Callable[[Resolver], Resolver]:
    """Say how a resolver is called for many objects at once: with all of them in place of one.

    It only reads, and gives in order what the resolver gives for each; what is wrong with one of them it
    raises for all, which are then resolved one by one.
    """

    def mark(resolver: Resolver) -> Resolver:
        setattr(resolver, _MARK, resolve)
        return resolver

    return mark


def many_of(resolver: Callable[..., Any]) -> ResolveMany | None:
    """Give how a resolver is called for many objects; None for one that is called for each."""
    found: ResolveMany | None = getattr(resolver, _MARK, None)
    return found


_MARK = "__resolve_many__"
