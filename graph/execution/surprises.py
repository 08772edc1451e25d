"""Surprises: what compiled code does not expect is left to the stock engine, which knows every rule."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from types import CoroutineType, GeneratorType, NoneType
from typing import Any
from uuid import UUID

from graphql import Undefined

MOST_SETTLED = 4_096
"""How many classes are remembered: a program that makes classes as it runs must not fill the memory."""

_PLAIN: frozenset[type] = frozenset(
    [
        *(str, int, float, complex, bool, bytes, list, tuple, dict, set, frozenset),
        *(Decimal, Fraction, UUID, date, datetime, time, timedelta),
    ]
)
settled: set[type] = set(_PLAIN)
"""Classes whose values are values: no exceptions, nothing to be awaited, and not the absence of a value."""


class Surprise(Exception):  # noqa: N818 - named for the state
    """A value that compiled code does not expect: nothing is wrong yet, the stock engine decides."""


def settle(value: object) -> None:
    """Learn the class of a value that may be looked into.

    Raises Surprise for a value that stands for another one, or for none.
    """
    kind = type(value)
    own = _own_names(kind)
    if issubclass(kind, _NEVER) or hasattr(kind, "__await__") or "__class__" in own:
        raise Surprise
    if "__getattr__" in own or "__getattribute__" in own:
        # Such a value has attributes of its own making: only itself can say whether it can be awaited.
        if hasattr(value, "__await__"):
            raise Surprise
        return
    if len(settled) >= MOST_SETTLED:
        settled.clear()
        settled.update(_PLAIN)
    settled.add(kind)


def _own_names(kind: type[Any]) -> set[str]:
    """Name what a class has beyond what objects and plain values have."""
    ancestors = (each for each in kind.__mro__ if each is not object and each not in _PLAIN)
    return {name for ancestor in ancestors for name in vars(ancestor)}


_NEVER = (NoneType, type(Undefined), Exception, CoroutineType, GeneratorType)
