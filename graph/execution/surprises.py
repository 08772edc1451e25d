"""Surprises: what compiled code does not expect is left to the stock engine, which knows every rule."""

from types import CoroutineType, GeneratorType, NoneType
from typing import Any

from graphql import Undefined

MOST_SETTLED = 4_096
"""How many classes are remembered: a program that makes classes as it runs must not fill the memory."""

settled: set[type] = set()
"""Classes whose values are values: no exceptions, nothing to be awaited, and not the absence of a value."""


class Surprise(Exception):  # noqa: N818 - named for the state
    """A value that compiled code does not expect: nothing is wrong yet, the stock engine decides."""


def settle(value: object) -> None:
    """Learn the class of a value that may be looked into.

    Raises Surprise for a value that stands for another one, or for none.
    """
    kind = type(value)
    if issubclass(kind, _NEVER) or hasattr(kind, "__await__") or _pretends(kind):
        raise Surprise
    if _answers_for_itself(kind):
        # Each value has attributes of its own making: only the value can say whether it can be awaited.
        if hasattr(value, "__await__"):
            raise Surprise
        return
    if len(settled) >= MOST_SETTLED:
        settled.clear()
    settled.add(kind)


def _pretends(kind: type) -> bool:
    """Whether instances may claim to be of another class."""
    return "__class__" in _inherited(kind)


def _answers_for_itself(kind: type[Any]) -> bool:
    return hasattr(kind, "__getattr__") or "__getattribute__" in _inherited(kind)


def _inherited(kind: type[Any]) -> set[str]:
    """Name what a class has beyond what every object has."""
    return {name for ancestor in kind.__mro__ if ancestor is not object for name in vars(ancestor)}


_NEVER = (NoneType, type(Undefined), Exception, CoroutineType, GeneratorType)
