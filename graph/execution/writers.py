"""Writers: Python functions that make the answer of plain selections, generated as source code.

No name of a document stands in the source but as the `repr` of a string; all else is passed as a value.
"""

from typing import Any

from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList

from graph.execution.leaves import Write, leaf_of
from graph.execution.plain_fields import CAST_ATTRIBUTE, class_of, reader_of
from graph.execution.selections import Asked, Selection, Selections
from graph.execution.surprises import Surprise, settle, settled


def root_writer(selections: Selections, selection: Selection) -> Write:
    """Make the function that gives the answer of the root, as `object_writer` does.

    The root may be anything, nothing as well: there are no rules for it.
    """
    source = _Source(selections)
    name = source.new("root")
    source.lines += [f"def {name}(o):", f" return {source.answer('o', selection)}"]
    return source.built(name)


def object_writer(selections: Selections, selection: Selection) -> Write:
    """Make the function that gives an object's answer, null in the places of what is not plain.

    It raises whatever it meets; nothing has happened by then but reading of attributes.
    """
    source = _Source(selections)
    return source.built(source.object_function(selection))


def value_writer(selections: Selections, kind: GraphQLOutputType, details: FieldDetailsList) -> Write:
    """Make the function that gives the answer for a value of a field which is plain all the way down.

    It raises whatever it meets, as `object_writer` does.
    """
    source = _Source(selections)
    name = source.new("value")
    source.lines += [f"def {name}(x):", f" return {source.written('x', 'x', kind, details)}"]
    return source.built(name)


class _Source:
    """The functions that are being written, and the values that they name."""

    def __init__(self, selections: Selections) -> None:
        self.lines: list[str] = []
        self._selections = selections
        self._names: dict[str, Any] = {
            "settled": settled,
            "settle": settle,
            "Surprise": Surprise,
        }
        self._count = 0

    def new(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def built(self, name: str) -> Write:
        exec(compile("\n".join(self.lines), "<compiled operation>", "exec"), self._names)  # noqa: S102 - see the module's promise
        written: Write = self._names[name]
        return written

    def object_function(self, selection: Selection) -> str:
        checks, answer = self._object("o", selection)
        name = self.new("object")
        self.lines += [f"def {name}(o):", *(f" {line}" for line in checks), f" return {answer}"]
        return name

    def written(self, first: str, v: str, kind: GraphQLOutputType, details: FieldDetailsList) -> str:
        """Write the expression for a value's answer; the value is read as `first`, and then as `v`."""
        is_nullable = not isinstance(kind, GraphQLNonNull)
        inner: Any = kind if is_nullable else kind.of_type  # type: ignore[union-attr]  # it is a GraphQLNonNull
        if is_leaf_type(inner):
            return self._leaf(first, v, inner, is_nullable=is_nullable)
        if isinstance(inner, GraphQLList):
            function = self._list_function(inner.of_type, details)
        elif is_object_type(inner):
            function = self.object_function(self._selections.below(inner, details))
        else:
            function = self._abstract(inner, details)
        return f"None if {first} is None else {function}({v})" if is_nullable else f"{function}({first})"

    def _object(self, o: str, selection: Selection) -> tuple[list[str], str]:
        found = None if selection.type.is_type_of is None else class_of(selection.type)
        if found is None:
            check = f"if type({o}) not in settled: settle({o})"
        else:
            name = self._named("class", found)
            is_cast = f"getattr({o}, {CAST_ATTRIBUTE!r}, None) is not None"
            check = f"if type({o}) is not {name} or {is_cast}: raise Surprise"
        return [check], self.answer(o, selection)

    def answer(self, o: str, selection: Selection) -> str:
        """Write the expression for an object's answer."""
        rest = {id(each) for each in selection.rest}
        pairs = (
            f"{each.name!r}: {'None' if id(each) in rest else self._field(o, each)}"
            for each in selection.asked
        )
        return "{" + ", ".join(pairs) + "}"

    def _field(self, o: str, asked: Asked) -> str:
        if asked.is_typename:
            return repr(asked.parent_type.name)
        reader = reader_of(asked.definition, asked.nodes[0].name.value)
        value = f"{o}.{reader}" if isinstance(reader, str) else f"{self._named('read', reader)}({o})"
        return self.written(f"(v := {value})", "v", asked.return_type, asked.details)

    def _leaf(self, first: str, v: str, kind: Any, *, is_nullable: bool) -> str:  # noqa: ANN401 - any leaf type
        leaf = leaf_of(kind, self.new("leaf"))
        self._names |= leaf.names
        other = f"{self._named('write', leaf.write)}({v})"
        if is_nullable:
            other = f"None if {v} is None else {other}"
        for test, written in reversed(leaf.cases[1:]):
            other = f"{written.format(v=v)} if {test.format(v=v)} else {other}"
        test, written = leaf.cases[0]
        return f"{written.format(v=v)} if {test.format(first=first, v=v)} else {other}"

    def _list_function(self, item: GraphQLOutputType, details: FieldDetailsList) -> str:
        is_nullable = not isinstance(item, GraphQLNonNull)
        inner: Any = item if is_nullable else item.of_type  # type: ignore[union-attr]  # it is a GraphQLNonNull
        if is_object_type(inner):
            # The object's own code stands in the loop: a call for each would take as long as a field.
            checks, answer = self._object("o", self._selections.below(inner, details))
        else:
            checks, answer = [], self.written("o", "o", item, details)
        nulls = ["if o is None:", " add(None)", " continue"] if is_nullable else []
        name = self.new("list")
        self.lines += [
            f"def {name}(values):",
            " if type(values) is not list and type(values) is not tuple: raise Surprise",
            " found = []",
            " add = found.append",
            " for o in values:",
            *(f"  {line}" for line in (*nulls, *checks, f"add({answer})")),
            " return found",
        ]
        return name

    def _abstract(self, kind: Any, details: FieldDetailsList) -> str:  # noqa: ANN401 - an interface or a union
        return self._named("abstract", _writer_by_class(self._selections, kind, details))

    def _named(self, prefix: str, value: object) -> str:
        name = self.new(prefix)
        self._names[name] = value
        return name


def _writer_by_class(selections: Selections, kind: Any, details: FieldDetailsList) -> Write:  # noqa: ANN401 - an interface or a union
    types = dict(selections.possible_types(kind))
    writers: dict[type, Write] = {}

    def write(value: Any) -> Any:  # noqa: ANN401 - an object of any of the types
        writer = writers.get(type(value))
        if writer is None:
            # Most types of an interface never come: each is compiled when it does.
            found = types.get(type(value))
            if found is None:
                raise Surprise
            writer = writers[type(value)] = object_writer(selections, selections.below(found, details))
        if getattr(value, CAST_ATTRIBUTE, None) is not None:
            raise Surprise
        return writer(value)

    return write
