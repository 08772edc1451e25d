"""The executor: the stock one, which asks compiled code first.

Whatever compiled code does not expect, it leaves to the stock engine: one object, one list or one value,
never more. So answers, errors and their paths are those of the stock engine.
"""

from collections.abc import Awaitable, Sequence
from inspect import isawaitable
from typing import Any
from weakref import proxy

from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, GraphQLResolveInfo, OperationType
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, GroupedFieldSet
from graphql.execution.executor import CollectedErrors
from graphql.execution.values import VariableValues
from graphql.pyutils import AwaitableOrValue, Path, gather_with_cancel
from graphql.type import GraphQLResolveInfoHelpers
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.execution.calls import Begin
from graph.execution.levels import Resolved
from graph.execution.nests import NestOfField
from graph.execution.plans import Plan, Step
from graph.execution.selections import Asked, TooManyFields
from graph.execution.surprises import settled


class CompiledExecutor(StrawberryGraphQLCoreExecutionContext):
    """Runs an operation by its plan."""

    plan: Plan

    def begun(
        self,
        plan: Plan,
        values: VariableValues,
        context: object,
        root_value: object,
    ) -> "CompiledExecutor":
        """Give an executor for one run; this one is the model, which costs less to copy than to make."""
        executor = CompiledExecutor.__new__(CompiledExecutor)
        executor.__dict__ = {**vars(self), "_relevant_sub_fields": {}}
        executor.plan = plan
        executor.variable_values = values
        executor.context_value = context
        executor.root_value = root_value
        executor.collected_errors = CollectedErrors()
        executor.background_futures = set()
        executor.async_helpers = _helpers_of(executor)
        return executor

    def run(self) -> AwaitableOrValue[ExecutionResult]:
        """Run the operation; what fails is told in the result."""
        root, lone = self.plan.root, self.plan.lone
        if lone is not None:
            return self._run_alone(lone)
        is_serial = self.operation.operation is OperationType.MUTATION
        execute = self.execute_fields_serially if is_serial else self.execute_fields
        try:
            data = execute(root.type, self.root_value, None, root.collected.grouped_field_set, None)
        except GraphQLError as error:
            return self._failed(error)
        return self._finished(data) if self.is_awaitable(data) else self._result(data)

    def _run_alone(self, step: Step) -> AwaitableOrValue[ExecutionResult]:
        """Run an operation that is one field: there is nothing to gather, and nothing that waits its turn."""
        asked = step.asked
        if step.begin is not None:
            return self._resolved_alone(step, step.begin)
        try:
            value = self._called(step, self.root_value, Path(None, asked.name, asked.parent_type.name))
        except GraphQLError as error:
            return self._failed(error)
        if self.is_awaitable(value):
            return self._finished(_awaited({asked.name: value}, [asked.name]))
        return self._result({asked.name: value})

    async def _resolved_alone(self, step: Step, begin: Begin) -> ExecutionResult:
        """Run the only field of an operation: whatever it waits for, only this waits with it."""
        asked = step.asked
        path = Path(None, asked.name, asked.parent_type.name)
        try:
            try:
                info = self.build_resolve_info(asked.definition, list(asked.nodes), asked.parent_type, path)
                arguments = {} if step.arguments is None else step.arguments(self.variable_values)
                found = begin(self.root_value, info, arguments)
                value = await found if isawaitable(found) else found
                completed = _attempted(step, value)
                if completed is _SURPRISED:
                    completed = await self._completed(step, info, path, value)
            except Exception as error:  # noqa: BLE001 - any error of a resolver is told at its field
                self.handle_field_error(error, asked.return_type, asked.details, path)
                completed = None
        except GraphQLError as error:
            return self._failed(error)
        return self._result({asked.name: completed})

    async def _finished(self, data: Awaitable[Any]) -> ExecutionResult:
        try:
            return self._result(await data)
        except GraphQLError as error:
            return self._failed(error)

    def _failed(self, error: GraphQLError) -> ExecutionResult:
        self.collected_errors.add(error, None)
        return self._result(None)

    def _result(self, data: Any) -> ExecutionResult:  # noqa: ANN401 - an answer of any shape
        return ExecutionResult(data, self.collected_errors.errors or None)

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        """Give the fields that are asked of a type; they were collected when the plan was made."""
        try:
            return self.plan.collected(return_type, field_details_list)
        except (TooManyFields, RecursionError, GraphQLError):
            # Perhaps because of what lies deeper and is never reached.
            return super().collect_subfields(return_type, field_details_list)

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,  # noqa: ANN401 - the stock signature
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,  # noqa: ANN401 - the stock signature
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Give an object's answer: what is plain at once, then field by field what is not."""
        compiled = self.plan.compiled(grouped_field_set)
        if compiled is None:
            return super().execute_fields(
                parent_type, source_value, path, grouped_field_set, position_context
            )
        try:
            results: dict[str, Any] = compiled.write(source_value)
        except Exception:  # noqa: BLE001 - whatever it is, the stock engine meets it again and says so
            return super().execute_fields(
                parent_type, source_value, path, grouped_field_set, position_context
            )
        awaited: list[str] = []
        try:
            for step in compiled.steps:
                name = step.asked.name
                result = self._resolved(step, source_value, Path(path, name, parent_type.name))
                results[name] = result
                if self.is_awaitable(result):
                    awaited.append(name)
        except Exception:
            if awaited:
                self.settle_in_background([results[name] for name in awaited])
            raise
        return _awaited(results, awaited) if awaited else results

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,  # noqa: ANN401 - the stock signature
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,  # noqa: ANN401 - the stock signature
    ) -> Any:  # noqa: ANN401 - the stock signature
        """Resolve one field by its step, where it has one."""
        step = self.plan.step(field_details_list)
        if step is None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        return self._resolved(step, source, path)

    def _resolved(self, step: Step, source: Any, path: Path) -> Any:  # noqa: ANN401 - any value
        if step.nest is None or _is_in_list(path):
            # In a list, resolvers can ask for many objects at once; a nest is of one.
            return self._called(step, source, path)
        return self._nested(step, step.nest, source, path)

    async def _nested(self, step: Step, nest: NestOfField, source: Any, path: Path) -> Any:  # noqa: ANN401 - any value
        """Have a field written with all below it; where that cannot be, call its resolver."""

        def make_info(asked: Asked) -> Any:  # noqa: ANN401 - graphql-core's info
            return self.build_resolve_info(asked.definition, list(asked.nodes), asked.parent_type, path)

        try:
            written = await nest.written(source, make_info, self.variable_values)
        except Exception:  # noqa: BLE001 - the resolver meets it again and says so
            written = None
        if written is not None:
            return written
        result = self._called(step, source, path)
        return await result if self.is_awaitable(result) else result

    def _called(self, step: Step, source: Any, path: Path) -> Any:  # noqa: ANN401 - any value
        asked = step.asked
        info = self.build_resolve_info(asked.definition, list(asked.nodes), asked.parent_type, path)
        try:
            arguments = {} if step.arguments is None else step.arguments(self.variable_values)
            value = step.call(source, info, arguments)
            if type(value) not in settled and self.is_awaitable(value):
                return self._resolved_later(step, info, path, value)
            completed = _attempted(step, value)
            if completed is _SURPRISED:
                completed = self.complete_value(asked.return_type, asked.details, info, path, value, None)
            if self.is_awaitable(completed):
                return self._completed_later(step, path, completed)
        except Exception as error:  # noqa: BLE001 - any error of a resolver is told at its field
            self.handle_field_error(error, asked.return_type, asked.details, path)
            return None
        return completed

    async def _resolved_later(
        self,
        step: Step,
        info: GraphQLResolveInfo[Any],
        path: Path,
        awaitable: Awaitable[Any],
    ) -> Any:  # noqa: ANN401 - any value
        asked = step.asked
        try:
            value = await awaitable
            completed = _attempted(step, value)
            if completed is _SURPRISED:
                completed = await self._completed(step, info, path, value)
        except Exception as error:  # noqa: BLE001 - as above
            self.handle_field_error(error, asked.return_type, asked.details, path)
            return None
        return completed

    async def _completed(self, step: Step, info: GraphQLResolveInfo[Any], path: Path, value: Any) -> Any:  # noqa: ANN401 - any value
        """Give the answer for a value that is not plain all the way down."""
        asked = step.asked
        completed = _SURPRISED if step.write is not None else await self._levelled(step, path, value)
        if completed is _SURPRISED:
            completed = self.complete_value(asked.return_type, asked.details, info, path, value, None)
        return await completed if self.is_awaitable(completed) else completed

    async def _levelled(self, step: Step, path: Path, value: Any) -> Any:  # noqa: ANN401 - any value
        """Write a value level by level, where that can be; whatever is not as expected is a surprise."""
        level = self.plan.level(step.asked)
        if level is None:
            return _SURPRISED

        def resolve(field: Resolved, objects: Sequence[Any]) -> Awaitable[Sequence[Any]]:
            asked = field.asked
            info = self.build_resolve_info(asked.definition, list(asked.nodes), asked.parent_type, path)
            arguments = {} if field.arguments is None else field.arguments(self.variable_values)
            return field.call(objects, info, arguments)

        try:
            [written] = await level.written([value], resolve)
        except Exception:  # noqa: BLE001 - the objects are resolved one by one then, and the error told
            return _SURPRISED
        return written

    async def _completed_later(self, step: Step, path: Path, completed: Awaitable[Any]) -> Any:  # noqa: ANN401 - any value
        try:
            return await completed
        except Exception as error:  # noqa: BLE001 - as above
            self.handle_field_error(error, step.asked.return_type, step.asked.details, path)
            return None


def _is_in_list(path: Path | None) -> bool:
    while path is not None:
        if type(path.key) is int:
            return True
        path = path.prev
    return False


def _attempted(step: Step, value: Any) -> Any:  # noqa: ANN401 - any value
    """Write a value that is plain all the way down; what the stock engine must look at is a surprise."""
    if step.write is None:
        return _SURPRISED
    try:
        return step.write(value)
    except Exception:  # noqa: BLE001 - the stock engine meets it again and says so
        return _SURPRISED


async def _awaited(results: dict[str, Any], names: list[str]) -> dict[str, Any]:
    if len(names) == 1:
        [name] = names
        results[name] = await results[name]
        return results
    found = await gather_with_cancel(*(results[name] for name in names))
    results.update(zip(names, found, strict=True))
    return results


_SURPRISED = object()


def _helpers_of(executor: CompiledExecutor) -> GraphQLResolveInfoHelpers:
    # An executor that its own helpers keep alive, with all variables of the operation, would stay until
    # somebody looks for garbage: a kilobyte for each usage of a batch.
    weak = proxy(executor)
    return GraphQLResolveInfoHelpers(
        gather=lambda awaitables: weak.gather_async_work(awaitables),  # noqa: PLW0108 - a bound method is a reference
        track=lambda values: weak.track_async_work(values),  # noqa: PLW0108 - likewise
    )
