"""How much one operation may ask for: the fields it can resolve at the most, counted before it runs.

A list counts as many times as its page is long; fragments are counted once and remembered, so that counting
is linear in the document whatever its shape.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)
from strawberry.extensions import SchemaExtension

from graph.loaders.pages import DEFAULT_NODES, MOST_NODES

MOST_FIELDS = 250_000
OTHER_LISTS = 5
"""How long a list without pages is taken to be, such as the rates of a card."""
FIELDS_OF_A_QUOTE = 10_000
"""What working out a plan counts as: it takes up to 20 ms, which thousands of plain fields take too."""
FIELDS_OF_A_REPLAY = 100_000
"""What a replay counts as: it takes up to about a second."""
FIELDS_OF_A_HISTORY = 25_000
"""What a look at thousands of past runs counts as."""
WORKED_OUT = {
    "Query.quote": FIELDS_OF_A_QUOTE,
    "Query.selectServices": FIELDS_OF_A_QUOTE,
    "Mutation.createQuote": FIELDS_OF_A_QUOTE,
    "Query.replay": FIELDS_OF_A_REPLAY,
    "Query.costHistory": FIELDS_OF_A_HISTORY,
    "Quote.history": FIELDS_OF_A_HISTORY,
    "Query.rateCardPreview": FIELDS_OF_A_REPLAY,
    "Mutation.publishRateCard": FIELDS_OF_A_REPLAY,
}


class WithinLimits(SchemaExtension):
    """Refuse an operation that could resolve more fields than one may."""

    def on_validate(self) -> Iterator[None]:
        """Count, once the validation that comes before this in the schema's extensions has passed."""
        context = self.execution_context
        document = context.graphql_document
        if document is not None and not context.pre_execution_errors:
            self._count(document)
        yield

    def _count(self, document: DocumentNode) -> None:
        context = self.execution_context
        count = _Count(
            context.schema._schema,  # noqa: SLF001 - the schema below strawberry's
            {
                each.name.value: each
                for each in document.definitions
                if isinstance(each, FragmentDefinitionNode)
            },
            context.variables or {},
        )
        most = max(
            (
                count.operation(each)
                for each in document.definitions
                if isinstance(each, OperationDefinitionNode)
            ),
            default=0,
        )
        if most > MOST_FIELDS:
            message = (
                f"This could resolve {most:,} fields, and {MOST_FIELDS:,} is the most: ask for shorter pages "
                "(first), fewer levels or fewer fields."
            )
            context.pre_execution_errors = [GraphQLError(message, extensions={"code": "QUERY_TOO_COMPLEX"})]


@dataclass(slots=True)
class _Count:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    _counted: dict[tuple[str, int], int] = field(default_factory=dict)

    def operation(self, operation: OperationDefinitionNode) -> int:
        root = self.schema.get_root_type(operation.operation)
        return self._selections(operation.selection_set, root, OTHER_LISTS)

    def _selections(self, selections: SelectionSetNode | None, parent: Any, page: int) -> int:  # noqa: ANN401 - any type
        total = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                total += self._field(node, parent, page)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = self.schema.get_type(condition.name.value) if condition else parent
                total += self._selections(node.selection_set, inner, page)
            elif isinstance(node, FragmentSpreadNode):
                total += self._fragment(node.name.value, page)
        return total

    def _fragment(self, name: str, page: int) -> int:
        if (name, page) not in self._counted:
            fragment = self.fragments[name]
            parent = self.schema.get_type(fragment.type_condition.name.value)
            self._counted[name, page] = self._selections(fragment.selection_set, parent, page)
        return self._counted[name, page]

    def _field(self, node: FieldNode, parent: Any, page: int) -> int:  # noqa: ANN401 - any type
        if isinstance(parent, GraphQLUnionType) or node.selection_set is None:
            return 1
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return 1
        found = self.schema.get_field(parent, node.name.value)
        if found is None:
            return 1
        inner = get_named_type(found.type)
        own_page = self._page(node) if "first" in found.args else OTHER_LISTS
        times = self._length(node, parent, page) if is_list_type(get_nullable_type(found.type)) else 1
        own = WORKED_OUT.get(f"{parent.name}.{node.name.value}", 1)
        return own + times * self._selections(node.selection_set, inner, own_page)

    def _length(self, node: FieldNode, parent: GraphQLNamedType, page: int) -> int:
        if parent.name.startswith("__"):
            return 1  # GraphQL's own rules bound how deep introspection goes
        return max(page, self._longest_argument(node))

    def _page(self, node: FieldNode) -> int:
        sizes = [
            self._value(argument.value)
            for argument in node.arguments or ()
            if argument.name.value in {"first", "last"}
        ]
        given = [size for size in sizes if isinstance(size, int)]
        # A size that is out of bounds is refused where the field resolves.
        return min(max(given, default=DEFAULT_NODES), MOST_NODES)

    def _longest_argument(self, node: FieldNode) -> int:
        values = [self._value(argument.value) for argument in node.arguments or ()]
        return max((len(value) for value in values if isinstance(value, list)), default=0)

    def _value(self, node: Any) -> object:  # noqa: ANN401 - a value node
        if isinstance(node, VariableNode):
            return self.variables.get(node.name.value)
        if isinstance(node, IntValueNode):
            return int(node.value)
        return list(node.values) if isinstance(node, ListValueNode) else None
