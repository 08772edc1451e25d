"""Nests: lists within lists that are written as JSON text at once, by who holds the data.

A resolver says what it lists, of whatever parent, and prepares what is asked of the list to be written. Both
may decline, at any time: all of it is then resolved as any other selection.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLOutputType, get_named_type, is_leaf_type, is_object_type
from graphql.execution.values import VariableValues
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from graph.execution.arguments import ReadArguments, arguments_of
from graph.execution.calls import Describe, nested_call_of, strawberry_field_of
from graph.execution.plain_fields import reader_of
from graph.execution.selections import Asked, Selections
from graph.execution.written import Written

MakeInfo = Callable[[Asked], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A field that is asked for."""

    name: str
    """Its name in the answer."""
    type_name: str
    """The type that it is a field of."""
    field: StrawberryField | None
    """None for `__typename`."""
    kind: GraphQLOutputType
    number: int | None
    """Which of the nest's lists it is, counted from the root; None for what is read."""
    below: "tuple[Branch, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A list of a nest: what says what it is."""

    asked: Asked
    describe: Describe
    arguments: ReadArguments | None


@dataclass(frozen=True, slots=True, eq=False)
class NestOfField:
    """A field that can be written with all that is asked below it."""

    lists: tuple[Listed, ...]
    write: Callable[[Any, Any, Sequence[Any]], Awaitable[str | None]]

    async def written(self, source: Any, make_info: MakeInfo, values: VariableValues) -> Written | None:  # noqa: ANN401 - any object
        """Write the field of an object; None, or any error, where it is to be resolved otherwise."""
        described = []
        for each in self.lists:
            arguments = {} if each.arguments is None else each.arguments(values)
            described.append(await each.describe(make_info(each.asked), arguments))
        text = await self.write(source, make_info(self.lists[0].asked), described)
        return None if text is None else Written(text)


def nest_of(
    selections: Selections, converter: GraphQLCoreConverter | None, asked: Asked
) -> NestOfField | None:
    """Compile a field with all that is asked below it; None where that cannot be.

    Raises TooManyFields.
    """
    found = nested_call_of(converter, asked.definition)
    if found is None:
        return None
    growing = _Growing(selections, converter)
    branch = growing.branch(asked)
    write = None if branch is None else found.prepare(branch)
    return None if write is None else NestOfField(tuple(growing.lists), write)


class _Growing:
    """The making of one tree."""

    def __init__(self, selections: Selections, converter: GraphQLCoreConverter | None) -> None:
        self.lists: list[Listed] = []
        self._selections = selections
        self._converter = converter

    def branch(self, asked: Asked) -> Branch | None:
        number = self._number(asked)
        is_read = asked.is_typename or reader_of(asked.definition, asked.nodes[0].name.value) is not None
        below = self._below(asked) if is_read or number is not None else None
        field = None if asked.is_typename else strawberry_field_of(asked.definition)
        if below is None or (field is None and not asked.is_typename):
            return None
        return Branch(asked.name, asked.parent_type.name, field, asked.return_type, number, below)

    def _number(self, asked: Asked) -> int | None:
        found = nested_call_of(self._converter, asked.definition)
        if found is None:
            return None
        is_copied = found.copies
        arguments = None
        if asked.definition.args:
            arguments = arguments_of(asked.definition, asked.nodes[0], is_copied=is_copied)
        self.lists.append(Listed(asked, found.describe, arguments))
        return len(self.lists) - 1

    def _below(self, asked: Asked) -> tuple[Branch, ...] | None:
        named: Any = get_named_type(asked.return_type)
        if is_leaf_type(named):
            return ()
        if not is_object_type(named):
            return None
        found = [self.branch(each) for each in self._selections.below(named, asked.details).asked]
        return None if None in found else tuple(each for each in found if each is not None)
