"""Levels: what is asked of all objects of a list is resolved together, by resolvers that can.

What is not as expected (an error, a null where none may be, a value of another kind) gives up all levels
below the field before anything of them was shown; they are then resolved object by object.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import attrgetter
from typing import Any, Protocol

from graphql import GraphQLList, GraphQLNonNull, GraphQLOutputType, is_object_type
from graphql.execution.collect_fields import FieldDetailsList
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graph.execution.arguments import ReadArguments, arguments_of
from graph.execution.calls import CallMany, call_many_of
from graph.execution.leaves import Write
from graph.execution.plain_fields import Read, class_of, reader_of
from graph.execution.selections import Asked, Selections
from graph.execution.surprises import Surprise
from graph.execution.writers import object_writer, value_writer

Resolve = Callable[["Resolved", Sequence[Any]], Awaitable[Sequence[Any]]]
"""Resolves a field for many objects."""


class Level(Protocol):
    """Writes the values of a field of many objects."""

    async def written(self, values: Sequence[Any], resolve: Resolve) -> list[Any]:
        """Give the answers for values; raises whatever it meets."""


def level_of(
    selections: Selections,
    converter: GraphQLCoreConverter | None,
    kind: GraphQLOutputType,
    details: FieldDetailsList,
) -> Level | None:
    """Compile what lies below a field; None where a resolver below it can only be called for one object.

    Raises TooManyFields.
    """
    is_nullable = not isinstance(kind, GraphQLNonNull)
    inner: Any = kind if is_nullable else kind.of_type  # type: ignore[union-attr]  # it is a GraphQLNonNull
    if selections.is_plain(kind, details):
        return _Plain(value_writer(selections, kind, details))
    if isinstance(inner, GraphQLList):
        item = level_of(selections, converter, inner.of_type, details)
        found: Level | None = item and _Lists(item)
    elif is_object_type(inner) and (inner.is_type_of is None or class_of(inner) is not None):
        found = _objects(selections, converter, inner, details)
    else:
        found = None
    return _Nullable(found) if found is not None and is_nullable else found


def _objects(
    selections: Selections,
    converter: GraphQLCoreConverter | None,
    kind: Any,  # noqa: ANN401 - an object type
    details: FieldDetailsList,
) -> "_Objects | None":
    selection = selections.below(kind, details)
    fields: list[_Read | Resolved] = []
    for asked in selection.rest:
        below = level_of(selections, converter, asked.return_type, asked.details)
        if below is None:
            return None
        reader = reader_of(asked.definition, asked.nodes[0].name.value)
        if reader is not None:
            fields.append(_Read(asked, attrgetter(reader) if isinstance(reader, str) else reader, below))
            continue
        found = call_many_of(converter, asked.definition)
        if found is None:
            return None
        call, is_copied = found
        arguments = None
        if asked.definition.args:
            arguments = arguments_of(asked.definition, asked.nodes[0], is_copied=is_copied)
        fields.append(Resolved(asked, call, arguments, below))
    return _Objects(object_writer(selections, selection), tuple(fields))


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """A field that is resolved for many objects at once."""

    asked: Asked
    call: CallMany
    arguments: ReadArguments | None
    below: Level


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A field that is read, with something below it that is resolved."""

    asked: Asked
    read: Read
    below: Level


@dataclass(frozen=True, slots=True, eq=False)
class _Plain:
    write: Write

    async def written(self, values: Sequence[Any], _resolve: Resolve) -> list[Any]:
        return list(map(self.write, values))


@dataclass(frozen=True, slots=True, eq=False)
class _Nullable:
    level: Level

    async def written(self, values: Sequence[Any], resolve: Resolve) -> list[Any]:
        written = iter(await self.level.written([each for each in values if each is not None], resolve))
        return [None if each is None else next(written) for each in values]


@dataclass(frozen=True, slots=True, eq=False)
class _Lists:
    item: Level

    async def written(self, values: Sequence[Any], resolve: Resolve) -> list[Any]:
        if any(type(each) is not list and type(each) is not tuple for each in values):
            raise Surprise
        items = iter(await self.item.written(list(chain.from_iterable(values)), resolve))
        return [list(islice(items, len(each))) for each in values]


@dataclass(frozen=True, slots=True, eq=False)
class _Objects:
    write: Write
    fields: tuple[_Read | Resolved, ...]

    async def written(self, values: Sequence[Any], resolve: Resolve) -> list[Any]:
        answers = list(map(self.write, values))
        if not answers:
            return answers
        for each in self.fields:
            found = list(map(each.read, values)) if isinstance(each, _Read) else await resolve(each, values)
            name = each.asked.name
            for answer, below in zip(answers, await each.below.written(found, resolve), strict=True):
                answer[name] = below
        return answers
