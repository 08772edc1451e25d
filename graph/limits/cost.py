"""What an operation costs in points: about one for each field that it can resolve at the most.

A list counts as many times as its page is long, whether the size is written or a variable's.
What is worked out weighs more, and so does what is written. Fragments are counted once, and what a page
multiplies is kept apart from what it does not, so that counting is linear in the document whatever its shape.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    value_from_ast_untyped,
)

from graph.execution.written import Written
from graph.limits.weights import CHOOSING, OTHER_LISTS, POINTS_OF_A_MUTATION, POINTS_OF_A_QUOTE, WORKED_OUT
from graph.loaders.pages import DEFAULT_NODES, MOST_NODES

Variables = Mapping[str, Any]
Number = Callable[[Variables], int]
"""What is known as soon as the variables are."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of an operation, as a sum for each of its parts; later sums use earlier ones."""

    _sums: Sequence["_Sum"]
    _always: int | None = field(init=False)
    """The cost where no variable tells anything of it."""

    def __post_init__(self) -> None:
        depends = any(each.by_variables for each in self._sums)
        object.__setattr__(self, "_always", None if depends else self._worked_out({}))

    def points(self, variables: Variables) -> int:
        """Give the cost with these variables, as they were sent."""
        return self._worked_out(variables) if self._always is None else self._always

    def _worked_out(self, variables: Variables) -> int:
        values: list[int] = []
        for each in self._sums:
            value = each.constant
            for number, place in each.parts:
                value += number * values[place]
            for times, place in each.by_variables:
                value += times(variables) * values[place]
            values.append(value)
        return values[-1]


@dataclass(frozen=True, slots=True)
class _Sum:
    """A number; numbers of times what stands in places before; and such times that variables tell."""

    constant: int = 0
    parts: tuple[tuple[int, int], ...] = ()
    by_variables: tuple[tuple[Number, int], ...] = ()

    def __add__(self, other: "_Sum") -> "_Sum":
        return _Sum(
            self.constant + other.constant, self.parts + other.parts, self.by_variables + other.by_variables
        )

    @property
    def is_known(self) -> bool:
        return not (self.parts or self.by_variables)


@dataclass(frozen=True, slots=True)
class _Selected:
    """What a selection set costs: once, and for each node of the page that it is on."""

    once: _Sum = _Sum()
    per_node: _Sum = _Sum()

    def __add__(self, other: "_Selected") -> "_Selected":
        return _Selected(self.once + other.once, self.per_node + other.per_node)


def cost_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, *, of_a_field: int = 1
) -> Cost:
    """Count what an operation of a valid document costs; where fields cost nothing, its work is left."""
    root = schema.get_root_type(operation.operation)
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    count = _Count(schema, fragments, _defaults(operation), of_a_field)
    selected = count.selections(operation.selection_set, root)
    count.place(selected.once + count.times(OTHER_LISTS, selected.per_node))
    return Cost(count.sums)


def _defaults(operation: OperationDefinitionNode) -> Variables:
    return {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.variable_definitions or ()
        if each.default_value is not None
    }


@dataclass(slots=True)
class _Count:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    defaults: Variables
    of_a_field: int
    sums: list[_Sum] = field(default_factory=list)
    _of_fragments: dict[str, _Selected] = field(default_factory=dict)

    def selections(self, selections: SelectionSetNode | None, parent: Any) -> _Selected:  # noqa: ANN401 - any type
        total = _Selected()
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                total += self._field(node, parent)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = self.schema.get_type(condition.name.value) if condition else parent
                total += self.selections(node.selection_set, inner)
            elif isinstance(node, FragmentSpreadNode):
                total += self._fragment(node.name.value)
        return total

    def place(self, some: _Sum) -> int:
        """Keep a sum, and tell where."""
        self.sums.append(some)
        return len(self.sums) - 1

    def times(self, number: int | Number, some: _Sum) -> _Sum:
        """Multiply; what is not known before the variables are is kept in a place of its own."""
        if isinstance(number, int):
            if some.is_known:
                return _Sum(number * some.constant)
            return _Sum(parts=((number, self.place(some)),))
        return _Sum(by_variables=((number, self.place(some)),))

    def _fragment(self, name: str) -> _Selected:
        if name not in self._of_fragments:
            fragment = self.fragments[name]
            found = self.selections(
                fragment.selection_set, self.schema.get_type(fragment.type_condition.name.value)
            )
            # Times one: however often it is spread, what variables tell is looked up once.
            self._of_fragments[name] = _Selected(self.times(1, found.once), self.times(1, found.per_node))
        return self._of_fragments[name]

    def _field(self, node: FieldNode, parent: Any) -> _Selected:  # noqa: ANN401 - any type
        composite = isinstance(parent, GraphQLObjectType | GraphQLInterfaceType)
        found = self.schema.get_field(parent, node.name.value) if composite else None
        if found is None:
            return _Selected(_Sum(self.of_a_field))
        own = self._own(node, f"{parent.name}.{node.name.value}")
        if node.selection_set is None:
            return _Selected(own)
        inner = self.selections(node.selection_set, get_named_type(found.type))
        page = self._page(node) if "first" in found.args else OTHER_LISTS
        each = inner.once + self.times(page, inner.per_node)
        if not is_list_type(get_nullable_type(found.type)) or parent.name.startswith("__"):
            return _Selected(own + each)  # GraphQL's own rules bound how deep introspection goes
        if node.arguments:
            return _Selected(own + self.times(self._known(node, _length), each))
        return _Selected(own, each)

    def _own(self, node: FieldNode, name: str) -> _Sum:
        worked_out = _Sum(WORKED_OUT.get(name, self.of_a_field))
        if not name.startswith("Mutation."):
            return worked_out
        written = self._known(node, _choosing if name in CHOOSING else _written)
        return worked_out + self.times(written, _Sum(1))

    def _page(self, node: FieldNode) -> int | Number:
        return self._known(node, _page)

    def _known(self, node: FieldNode, number: "Callable[[Mapping[str, object]], int]") -> int | Number:
        """Give a number that a field's arguments tell, now or as soon as the variables are known."""
        arguments = {each.name.value: each.value for each in node.arguments or ()}
        if not any(_has_variable(value) for value in arguments.values()):
            return number({name: value_from_ast_untyped(value) for name, value in arguments.items()})
        read = _reader(arguments, self.defaults)
        return lambda variables: number(read(variables))


def _reader(arguments: Mapping[str, ValueNode], defaults: Variables) -> Callable[[Variables], dict[str, Any]]:
    """Give what reads arguments as soon as the variables are known."""

    def read(variables: Variables) -> dict[str, Any]:
        known = {**defaults, **variables}
        return {name: value_from_ast_untyped(value, known) for name, value in arguments.items()}

    names = {name: value.name.value for name, value in arguments.items() if isinstance(value, VariableNode)}
    if len(names) < len(arguments):
        return read
    # Mostly the variables are all there is: they are looked up.
    without = {variable: defaults.get(variable, Undefined) for variable in names.values()}
    return lambda variables: {
        name: variables.get(variable, without[variable]) for name, variable in names.items()
    }


def _page(arguments: Mapping[str, object]) -> int:
    sizes = [arguments.get("first"), arguments.get("last")]
    # What is no number costs as much as any; what the engine makes of it is not known here.
    given = [size if isinstance(size, int) else MOST_NODES for size in sizes if size not in _NOT_GIVEN]
    # A size that is out of bounds is refused where the field resolves; until then it pays for nothing else.
    return max(0, min(max(given, default=DEFAULT_NODES), MOST_NODES))


def _length(arguments: Mapping[str, object]) -> int:
    return max(OTHER_LISTS, _longest(arguments))


def _written(arguments: Mapping[str, object]) -> int:
    return POINTS_OF_A_MUTATION * max(1, _longest(arguments))


def _choosing(arguments: Mapping[str, object]) -> int:
    given = arguments.get("input")
    chooses = isinstance(given, dict) and given.get("selection") is not None
    return _written(arguments) + (POINTS_OF_A_QUOTE if chooses else 0)


def _longest(value: object) -> int:
    """Give the length of the longest list in a value; lists within lists count with the outer one."""
    longest = 0
    pending = [value]
    for each in pending:  # which grows
        if type(each) is list:
            longest = max(longest, len(each))
        elif type(each) is dict:
            pending += each.values()
    return longest


def _has_variable(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(map(_has_variable, node.values))
    if isinstance(node, ObjectValueNode):
        return any(_has_variable(each.value) for each in node.fields)
    return isinstance(node, VariableNode)


def points_taken(data: object) -> int:
    """Count the fields that an answer has."""
    # Each answer is walked through, the largest as well: a stack and looks at types take a tenth of calls.
    points = 0
    pending: list[Any] = [data]
    while pending:
        each = pending.pop()
        if type(each) is dict:
            points += len(each)
            each = each.values()
        elif type(each) is not list:
            if type(each) is Written:
                points += each.fields
            continue
        if not _NESTED.isdisjoint(map(type, each)):
            pending += each
    return points


_NESTED = frozenset((dict, list, Written))
_NOT_GIVEN = (None, Undefined)
