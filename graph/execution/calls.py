"""Calls: asynchronous resolvers, called as strawberry does, with what never changes worked out once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import Any, NamedTuple

from graphql import GraphQLField, default_field_resolver
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import build_field_extension_resolvers
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from graph.execution.conversions import conversions_of
from graph.execution.many import many_of, nesting_of

Call = Callable[[Any, Any, dict[str, Any]], Any]
"""Takes the object, graphql-core's info and the arguments, by their names for callers."""
Begin = Call
"""Likewise, but it may raise at once, and what it gives is awaited where it can be."""
CallMany = Callable[[Sequence[Any], Any, dict[str, Any]], Awaitable[Sequence[Any]]]
"""Takes objects in place of one."""
Describe = Callable[[Any, dict[str, Any]], Awaitable[Any]]
"""Takes no object: says what would be listed of any."""


class NestedCall(NamedTuple):
    """How what a field lists is described and written."""

    describe: Describe
    prepare: Callable[[Any], Callable[[Any, Any, Sequence[Any]], Awaitable[str | None]] | None]
    copies: bool
    """Whether descriptions are given copies of lists and input objects."""


def call_of(converter: GraphQLCoreConverter | None, definition: GraphQLField) -> tuple[Call, bool]:
    """Give how a field is resolved, and whether its resolver gets copies of lists and input objects."""
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    resolve = definition.resolve or default_field_resolver
    if converter is not None and isinstance(field, StrawberryField) and _is_usual(field, resolve):
        resolver = _Resolver(converter, field)
        return resolver.resolve, resolver.copies
    return lambda source, info, arguments: resolve(source, info, **arguments), False


def begin_of(converter: GraphQLCoreConverter | None, definition: GraphQLField) -> Begin | None:
    """Give how a field begins to be resolved that is all of its operation; None where that cannot be told.

    A coroutine around a resolver keeps what goes wrong until it is awaited: of one field nobody can tell.
    """
    resolver = _usual(converter, definition)
    return None if resolver is None or not resolver.is_bare else resolver.begin


def call_many_of(
    converter: GraphQLCoreConverter | None, definition: GraphQLField
) -> tuple[CallMany, bool] | None:
    """Give how a field is resolved for many objects, and whether it gets copies; None where it cannot be."""
    resolver = _usual(converter, definition)
    if resolver is None or resolver.many is None:
        return None
    return resolver.resolve_many, resolver.copies


def nested_call_of(converter: GraphQLCoreConverter | None, definition: GraphQLField) -> NestedCall | None:
    """Give how what a field lists is described and written; None where it cannot be."""
    resolver = _usual(converter, definition)
    if resolver is None or resolver.nesting is None:
        return None
    return NestedCall(resolver.describe, resolver.nesting.prepare, resolver.copies)


def strawberry_field_of(definition: GraphQLField) -> StrawberryField | None:
    """Give strawberry's own form of a field."""
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return field if isinstance(field, StrawberryField) else None


def _usual(converter: GraphQLCoreConverter | None, definition: GraphQLField) -> "_Resolver | None":
    field = strawberry_field_of(definition)
    resolve = definition.resolve or default_field_resolver
    if converter is None or field is None or not _is_usual(field, resolve):
        return None
    return _Resolver(converter, field)


def _is_usual(field: StrawberryField, resolve: Callable[..., Any]) -> bool:
    """Whether strawberry made the field's resolver around a coroutine function, and nobody changed how."""
    is_own = getattr(resolve, "__qualname__", "") == _ASYNCHRONOUS
    is_called_as_is = type(field).get_result is StrawberryField.get_result
    return (
        is_own
        and is_called_as_is
        and field.base_resolver is not None
        and callable(field.base_resolver.wrapped_func)
    )


class _Resolver:
    """A field's resolver with its extensions, conversions and exception handlers."""

    def __init__(self, converter: GraphQLCoreConverter, field: StrawberryField) -> None:
        resolver = field.base_resolver
        assert resolver is not None  # noqa: S101 - the caller has looked
        self._field = field
        self._function: Any = resolver.wrapped_func
        self._info_class: Any = converter.config.info_class
        self.many = many_of(resolver.wrapped_func)  # type: ignore[arg-type]  # the caller has looked
        self.nesting = nesting_of(resolver.wrapped_func)  # type: ignore[arg-type]  # likewise
        self._conversions = conversions_of(converter, field)
        self.copies = all(each.is_plain for each in self._conversions)
        self._maps = [each.map_arguments for each in field.extensions if _maps(each)]
        self._handlers: Any = converter._get_field_exception_handlers(field)  # noqa: SLF001 - there is no other way
        self.is_bare = not self._handlers and iscoroutinefunction(self._function)
        """Whether nothing stands around a coroutine function but extensions."""
        self._takes_self = bool(resolver.self_parameter)
        sources = (resolver.parent_parameter, resolver.root_parameter)
        self._source_names = [each.name for each in sources if each]
        info_name = resolver.info_parameter.name if resolver.info_parameter else None
        self._takes_info = info_name == "info"
        self._info_name = None if self._takes_info else info_name
        self._extensions: list[Any] = build_field_extension_resolvers(field)
        self._extended = self._with_extensions(partial(self._last, self._function))
        self._extended_of_many = self._with_extensions(self._last_of_many)
        self._extended_description = self._with_extensions(self._last_described)

    async def resolve(self, source: Any, core_info: Any, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value
        """Resolve the field; a handled exception gives what its handler shows."""
        info = self._info_class(_raw_info=core_info, _field=self._field)
        try:
            found = self._called(source, info, arguments)
            return await found if isawaitable(found) else found
        except Exception as error:
            handled = self._handled(error, info)
            if isawaitable(handled):
                handled = await handled
            if handled is None:
                raise
            return handled

    async def resolve_many(
        self,
        sources: Sequence[Any],
        core_info: Any,  # noqa: ANN401 - any value
        arguments: Mapping[str, Any],
    ) -> Sequence[Any]:
        """Resolve the field of many objects; extensions see all of them in place of one."""
        info = self._info_class(_raw_info=core_info, _field=self._field)
        found: Sequence[Any] = await self._extended_of_many(sources, info, **self._given(info, arguments))
        return found

    async def describe(self, core_info: Any, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value
        """Say what the field lists; extensions see no object."""
        info = self._info_class(_raw_info=core_info, _field=self._field)
        return await self._extended_description(None, info, **self._given(info, arguments))

    def begin(self, source: Any, core_info: Any, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value
        """Begin to resolve the field, where nobody handles exceptions; what it gives may be awaited."""
        return self._called(source, self._info_class(_raw_info=core_info, _field=self._field), arguments)

    def _called(self, source: Any, info: Any, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value
        given = self._given(info, arguments)
        for name in self._source_names:
            given[name] = source
        if self._info_name is not None:
            given[self._info_name] = info
        extended = self._extended
        if self._takes_self:
            # Extensions may hand on another object; the resolver takes its own all the same.
            extended = self._with_extensions(partial(self._last, partial(self._function, source)))
        return extended(source, info, **given)

    def _given(self, info: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - any value
        given: dict[str, Any] = {}
        for each in self._conversions:
            if each.name in arguments:
                value = arguments[each.name]
                given[each.python_name] = value if each.convert is None else each.convert(value, info)
        for change in self._maps:
            given = change(given)
        return given

    def _with_extensions(self, last: Any) -> Any:  # noqa: ANN401 - a call that is not typed
        for extension in self._extensions:
            last = partial(extension, last)
        return last

    def _last_of_many(self, sources: Any, info: Any, **given: Any) -> Any:  # noqa: ANN401 - any value
        assert self.many is not None  # noqa: S101 - nobody else asks
        return self.many(sources, info, **given)

    async def _last_described(self, _source: Any, info: Any, **given: Any) -> Any:  # noqa: ANN401 - any value
        assert self.nesting is not None  # noqa: S101 - nobody else asks
        return self.nesting.describe(info, **given)

    def _last(self, function: Any, _source: Any, info: Any, **given: Any) -> Any:  # noqa: ANN401 - any value
        if self._takes_info:
            # Extensions get it apart, and may give another one.
            given["info"] = info
        return function(**given)

    def _handled(self, error: Exception, info: Any) -> Any:  # noqa: ANN401 - any value
        for kinds, handler in self._handlers:
            if isinstance(error, kinds):
                return handler.handle(error, field=self._field, info=info)
        return None


def _maps(extension: FieldExtension) -> bool:
    return type(extension).map_arguments is not FieldExtension.map_arguments


_ASYNCHRONOUS = "GraphQLCoreConverter.from_resolver.<locals>._async_resolver"
