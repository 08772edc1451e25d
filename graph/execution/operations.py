"""Operations: compiled when they are run again, and kept as long as their document."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple
from weakref import ReferenceType, ref

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema
from graphql.execution.values import VariableValues, get_variable_values
from graphql.pyutils import AwaitableOrValue

from graph.execution.operation import Operation, operation_of
from graph.execution.stock_engine import StockEngine

MOST_OPERATIONS = 500
"""How many operations are kept: a small one takes some 30 kilobytes."""


class _Kept(NamedTuple):
    document: ReferenceType[DocumentNode]
    """Tells when the document is gone: another one may get its id."""
    operation: Operation | None
    """None for an operation that only the stock engine can run."""


class Operations:
    """The operations of one schema."""

    def __init__(self, schema: GraphQLSchema, *, max_coercion_errors: int = 50) -> None:
        self._schema = schema
        self._max_coercion_errors = max_coercion_errors
        self._stock = StockEngine(schema, max_coercion_errors)
        self._kept: OrderedDict[tuple[int, str | None], _Kept] = OrderedDict()
        self._seen: OrderedDict[tuple[int, str | None], ReferenceType[DocumentNode]] = OrderedDict()
        """Those that were run once."""

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
        operation = self._operation(document, name)
        if operation is None:
            return self._stock.execute(document, name, variables, context, root_value)
        values = self._values(operation, variables)
        if isinstance(values, list):
            return ExecutionResult(None, values)
        plan = operation.plan(values)
        if plan is None:
            return self._stock.execute(document, name, variables, context, root_value)
        return operation.executor.begun(plan, values, context, root_value).run()

    def _operation(self, document: DocumentNode, name: str | None) -> Operation | None:
        key = (id(document), name)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found.operation
        if self._seen.pop(key, None) is None:
            _put(self._seen, key, ref(document, lambda _: self._seen.pop(key, None)))
            return None
        operation = operation_of(self._schema, document, name)
        gone = ref(document, lambda _: self._kept.pop(key, None))
        _put(self._kept, key, _Kept(gone, operation))
        return operation

    def _values(
        self, operation: Operation, variables: Mapping[str, Any]
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


def _put(kept: OrderedDict[Any, Any], key: object, value: object) -> None:
    kept[key] = value
    if len(kept) > MOST_OPERATIONS:
        kept.popitem(last=False)
