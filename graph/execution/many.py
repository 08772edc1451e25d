"""Resolvers that can be called for many objects at once, or say what they list for others to write it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

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


class Nesting(NamedTuple):
    """How a list is written without calling its resolver."""

    describe: Callable[..., Any]
    """Takes info and arguments as the resolver does, and says what it would list, of whatever object."""
    prepare: Callable[[Any], Callable[[Any, Any, Sequence[Any]], Awaitable[str | None]] | None]
    """Takes what is asked as a `Branch`, and gives what writes it; None where that cannot be.

    What writes it takes the object, its info and the descriptions of all lists, by their numbers. It gives
    JSON text without spaces, or None where the list is to be resolved as any other.
    """


def nested(nesting: Nesting) -> Callable[[Resolver], Resolver]:
    """Say how what a resolver lists is written at once, with the lists below it that can be written so.

    What is described and written has the resolver's answer, to the byte; an error of either is told by none:
    the resolver is called then.
    """

    def mark(resolver: Resolver) -> Resolver:
        setattr(resolver, _NESTING, nesting)
        return resolver

    return mark


def nesting_of(resolver: Callable[..., Any]) -> Nesting | None:
    """Give how what a resolver lists is written; None where only it can tell."""
    found: Nesting | None = getattr(resolver, _NESTING, None)
    return found


_MARK = "__resolve_many__"
_NESTING = "__nesting__"
