"""Shapes: filters apart from the values that they compare with, so that one statement serves all values."""

from collections.abc import Hashable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam

_VALUES = (str, UUID, datetime)
"""What is compared with as it comes; flags and members of enumerations are few, and belong to the shape."""


def shape_of(like: Any) -> Hashable:  # noqa: ANN401 - any filter
    """Tell what a filter narrows by, without the values."""
    return type(like), tuple(_shape(getattr(like, each.name)) for each in fields(like))


def values_of(like: Any) -> dict[str, Any]:  # noqa: ANN401 - any filter
    """Give the values of a filter by the names that `with_parameters` gives them, without its prefix."""
    return {f"like{number}": value for number, value in enumerate(_values(like))}


def with_parameters(like: Any, prefix: str) -> Any:  # noqa: ANN401 - any filter
    """Give a filter of the same shape that compares with parameters."""
    names = (f"{prefix}{name}" for name in values_of(like))
    return _with(like, names)


def _shape(value: object) -> Hashable:
    if is_dataclass(value):
        return shape_of(value)
    return _ANY if type(value) in _VALUES else value


def _values(like: Any) -> Iterator[Any]:  # noqa: ANN401 - any filter
    for each in fields(like):
        value = getattr(like, each.name)
        if is_dataclass(value):
            yield from _values(value)
        elif type(value) in _VALUES:
            yield value


def _with(like: Any, names: Iterator[str]) -> Any:  # noqa: ANN401 - any filter
    changes: dict[str, Any] = {}
    for each in fields(like):
        value = getattr(like, each.name)
        if is_dataclass(value):
            changes[each.name] = _with(value, names)
        elif type(value) in _VALUES:
            changes[each.name] = bindparam(next(names))
    return replace(like, **changes)


_ANY = "any value"
