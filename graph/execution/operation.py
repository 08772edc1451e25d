"""An operation of a document, and its plans."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLSchema,
    GraphQLSkipDirective,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    default_field_resolver,
    default_type_resolver,
    get_operation_ast,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from strawberry.execution import optimized_is_awaitable

from graph.execution.executor import CompiledExecutor
from graph.execution.plans import Plan
from graph.execution.selections import Selections, TooManyFields
from graph.execution.surprises import Surprise
from graph.execution.variables import Variables

MOST_PLANS = 8
"""How many choices of what is skipped and included are compiled of an operation; others run as stock."""


def operation_of(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> "Operation | None":
    """Give an operation, ready to be compiled; None for one that only the stock engine can run."""
    definition = get_operation_ast(document, name)
    fragments = [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]
    if (
        definition is None
        or definition.operation is OperationType.SUBSCRIPTION
        or schema.get_root_type(definition.operation) is None
        or any(schema.get_directive(incremental) for incremental in ("defer", "stream"))
        or any(fragment.variable_definitions for fragment in fragments)
    ):
        return None
    definitions = {fragment.name.value: fragment for fragment in fragments}
    return Operation(schema, definition, definitions, tuple(sorted(set(_conditions(document)))))


class Operation:
    """An operation, and its plans: one for each choice of what is skipped and included."""

    def __init__(
        self,
        schema: GraphQLSchema,
        definition: OperationDefinitionNode,
        definitions: dict[str, FragmentDefinitionNode],
        conditions: tuple[str, ...],
    ) -> None:
        self.definition = definition
        self.definitions = definitions
        self.fragments = {name: FragmentDetails(each) for name, each in definitions.items()}
        self.executor = _executor(schema, definition, definitions, self.fragments)
        self.variables = _variables(schema, definition)
        self._schema = schema
        self._converter = getattr(getattr(schema, "_strawberry_schema", None), "schema_converter", None)
        self._conditions = conditions
        self._plans: dict[tuple[Any, ...], Plan | None] = {}

    def plan(self, values: VariableValues) -> Plan | None:
        """Give the plan for these variables; None where the operation is better run by the stock engine."""
        key: tuple[Any, ...] = ()
        if self._conditions:
            key = tuple(values.coerced.get(name) for name in self._conditions)
        if key in self._plans:
            return self._plans[key]
        if len(self._plans) >= MOST_PLANS:
            return None
        selections = Selections(self._schema, self.fragments, self.definition, self._deciding(values))
        try:
            plan = Plan(selections, self._converter)
        except (TooManyFields, RecursionError, GraphQLError):
            # Too much of it, or something wrong, such as a condition that is null: the stock engine says so.
            plan = None
        self._plans[key] = plan
        return plan

    def _deciding(self, values: VariableValues) -> VariableValues:
        # A plan stays as long as its document: with all variables it would keep a whole request.
        sources = {name: values.sources[name] for name in self._conditions if name in values.sources}
        coerced = {name: values.coerced[name] for name in self._conditions if name in values.coerced}
        return VariableValues(sources, coerced)


def _executor(
    schema: GraphQLSchema,
    definition: OperationDefinitionNode,
    definitions: dict[str, FragmentDefinitionNode],
    fragments: dict[str, FragmentDetails],
) -> CompiledExecutor:
    return CompiledExecutor(
        schema,
        definitions,
        fragments,
        None,
        None,
        definition,
        VariableValues({}, {}),
        default_field_resolver,
        default_type_resolver,
        default_field_resolver,
        is_awaitable=optimized_is_awaitable,
        hide_suggestions=True,
    )


def _variables(schema: GraphQLSchema, definition: OperationDefinitionNode) -> Variables | None:
    try:
        return Variables(schema, definition.variable_definitions or ())
    except (Surprise, TypeError):  # graphql-core's own error for a default that is wrong
        return None


def _conditions(document: DocumentNode) -> Iterator[str]:
    """Name the variables that decide what is skipped and included."""
    found = _Conditions()
    visit(document, found)
    yield from found.names


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        if node.name.value in _SKIP_AND_INCLUDE:
            values = (argument.value for argument in node.arguments or ())
            self.names += [value.name.value for value in values if isinstance(value, VariableNode)]


_SKIP_AND_INCLUDE = (GraphQLSkipDirective.name, GraphQLIncludeDirective.name)
