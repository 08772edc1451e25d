"""Operations: compiled when they are run again, and kept as long as their document."""

from collections.abc import Iterator, Mapping
from typing import Any
from weakref import finalize

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
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
from graphql.execution import execute as core_execute
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values
from graphql.pyutils import AwaitableOrValue
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.execution.executor import CompiledExecutor
from graph.execution.plans import Plan
from graph.execution.selections import Selections, TooManyFields
from graph.execution.surprises import Surprise
from graph.execution.variables import Variables

MOST_PLANS = 8
"""How many choices of what is skipped and included are compiled of an operation; others run as stock."""


class Operations:
    """The operations of one schema."""

    def __init__(self, schema: GraphQLSchema, *, max_coercion_errors: int = 50) -> None:
        self._schema = schema
        self._max_coercion_errors = max_coercion_errors
        self._kept: dict[tuple[int, str | None], _Operation | None] = {}

    def execute(
        self,
        document: DocumentNode,
        name: str | None,
        variables: Mapping[str, Any],
        context: object,
        root_value: object = None,
    ) -> AwaitableOrValue[ExecutionResult]:
        """Run a query or a mutation of a valid document; what fails is told in the result.

        What is run once is run by the stock engine: compiling takes longer than a run.
        """
        key = (id(document), name)
        if key not in self._kept:
            self._keep(key, document)
            return self._run_stock(document, name, variables, context, root_value)
        operation = self._kept[key]
        if operation is None:
            return self._run_stock(document, name, variables, context, root_value)
        values = self._values(operation, variables)
        if isinstance(values, list):
            return ExecutionResult(None, values)
        plan = operation.plan(values)
        if plan is None:
            return self._run_stock(document, name, variables, context, root_value)
        return operation.executor.begun(plan, values, context, root_value).run()

    def _values(
        self, operation: "_Operation", variables: Mapping[str, Any]
    ) -> VariableValues | list[GraphQLError]:
        if operation.variables is not None:
            try:
                return operation.variables.read(variables)
            except Exception:  # noqa: BLE001, S110 - whatever it is, the stock engine says what is wrong
                pass
        return get_variable_values(
            self._schema,
            operation.definition.variable_definitions or (),
            dict(variables),
            max_errors=self._max_coercion_errors,
            hide_suggestions=True,
        )

    def _keep(self, key: tuple[int, str | None], document: DocumentNode) -> None:
        self._kept[key] = _operation(self._schema, document, key[1])
        # Another document may get the same id once this one is gone.
        finalize(document, self._kept.pop, key, None)

    def _run_stock(
        self,
        document: DocumentNode,
        name: str | None,
        variables: Mapping[str, Any],
        context: object,
        root_value: object,
    ) -> AwaitableOrValue[ExecutionResult]:
        return core_execute(
            self._schema,
            document,
            root_value=root_value,
            context_value=context,
            variable_values=dict(variables),
            operation_name=name,
            max_coercion_errors=self._max_coercion_errors,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # it guards as the engine's own does
            hide_suggestions=True,
        )


class _Operation:
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
        coerced = values.coerced
        key = tuple(coerced.get(name) for name in self._conditions)
        if key in self._plans:
            return self._plans[key]
        if len(self._plans) >= MOST_PLANS:
            return None
        selections = Selections(self._schema, self.fragments, self.definition, values)
        try:
            plan = Plan(selections, self._converter)
        except (TooManyFields, GraphQLError):  # a condition that is null, for one: the stock engine says so
            plan = None
        self._plans[key] = plan
        return plan


def _operation(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> _Operation | None:
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
    return _Operation(schema, definition, definitions, tuple(sorted(set(_conditions(document)))))


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
