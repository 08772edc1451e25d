"""Answers: an operation is paid for in points and run, once or as a stream; nothing internal is told."""

from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType

from graph.audits import turn_for_audit
from graph.context import Context
from graph.documents import Document, DocumentRefused, PricedOperation
from graph.errors import formatted
from graph.execution import stock
from graph.introspection import Introspection, introspection_refused, may_introspect
from graph.limits.cost import points_taken
from graph.schema import documents
from models.api_key import ApiKey
from server.monitoring.observations import Observation, outcome_of
from server.operations import Operation
from server.rate_limits import Standing
from server.reception import Reception
from server.transport.refusals import Refused

CHARACTERS_OF_A_POINT = 4
"""Reading a document that was not sent lately costs a point for so many of its characters."""
POINTS_OF_A_REFUSAL = 1_000
"""What a document that cannot be run counts as: reading one takes longer than answering many that can."""


async def answer_to(
    operation: Operation, context: Context, reception: Reception, observation: Observation
) -> dict[str, Any]:
    """Run a query or a mutation, and give its answer as JSON; one without `data` was refused before it ran.

    Raises Refused for a subscription, and where the key has used up its points.
    """
    try:
        paid = await _paid(operation, context, reception, observation)
    except DocumentRefused as error:
        answer: dict[str, Any] = {"errors": formatted(error.errors)}
    else:
        if paid.operation.kind is OperationType.SUBSCRIPTION:
            raise Refused(400, "query: a subscription needs a WebSocket, or 'accept: text/event-stream'.")
        answer = await _answer(paid, operation, context)
    observation.outcome = outcome_of(answer)
    return answer


async def answers_to(
    operation: Operation, context: Context, reception: Reception, observation: Observation
) -> AsyncGenerator[dict[str, Any]]:
    """Run an operation of any kind and give its answers: one, or those of a subscription as they come.

    Each is computed in a snapshot of its own, which nobody keeps while the answer is sent.
    Raises Refused where the key has used up its points.
    """
    async with aclosing(_answers(operation, context, reception, observation)) as told:
        async for answer in told:
            observation.outcome = outcome_of(answer)
            observation.events += 1
            yield answer


async def _answers(
    operation: Operation, context: Context, reception: Reception, observation: Observation
) -> AsyncGenerator[dict[str, Any]]:
    try:
        paid = await _paid(operation, context, reception, observation)
    except DocumentRefused as error:
        yield {"errors": formatted(error.errors)}
        return
    if paid.operation.kind is not OperationType.SUBSCRIPTION:
        answer = await _answer(paid, operation, context)
        await context.let_go()
        yield answer
        return
    opened = await stock.subscribe(paid.document.node, operation.name, operation.variables, context)
    if isinstance(opened, ExecutionResult):  # nothing has begun
        yield {"errors": formatted(opened.errors or ())}
        return
    async with aclosing(_told(opened, paid, context)) as told:
        async for answer in told:
            yield answer


@dataclass(slots=True)
class _Paid:
    """An operation whose points were taken, and which may be run."""

    document: Document
    operation: PricedOperation
    requested: int
    work: int
    standing: Standing
    reception: Reception
    context: Context

    def taken(self, data: object) -> int:
        """Give what an answer has taken: its fields, and what had to be worked out."""
        return self.work + points_taken(data)

    def settle(self, actual: int) -> dict[str, Any]:
        """Give back what was not needed, and tell the cost."""
        limits, key_id = self.reception.rate_limits, self.context.api_key.id
        if actual < self.requested:
            limits.give_back(key_id, self.requested - actual)
        elif actual > self.requested:
            limits.charge(key_id, actual - self.requested)
        return {"cost": _cost(self.requested, actual, self.standing)}


async def _paid(
    operation: Operation, context: Context, reception: Reception, observation: Observation
) -> _Paid:
    limits, key_id = reception.rate_limits, context.api_key.id
    observation.api_key_id = key_id
    if documents.know(operation.query):
        document, priced, points = _priced(operation, context, reception, observation)
        standing = await limits.take(key_id, points)
    else:
        # Who has used up all points has nothing read either. What is told of the operation leaves the reading
        # out: it is for once.
        reading = len(operation.query) // CHARACTERS_OF_A_POINT
        await limits.take(key_id, reading)
        was_read_meanwhile = documents.know(operation.query)
        document, priced, points = _priced(operation, context, reception, observation)
        limits.give_back(key_id, reading)
        try:
            standing = await limits.take(key_id, points)
        finally:
            limits.charge(key_id, 0 if was_read_meanwhile else reading)
    work = priced.work.points(operation.variables)
    return _Paid(document, priced, points, work, standing, reception, context)


def _priced(
    operation: Operation, context: Context, reception: Reception, observation: Observation
) -> tuple[Document, PricedOperation, int]:
    try:
        document = documents.prepare(operation.query)
        if document.asks_introspection:
            _require_introspection(reception.introspection, context.api_key)
        priced = document.operation(operation.name)
        observation.kind, observation.name = priced.kind.value, priced.name
        observation.cost = points = priced.points(operation.variables)
    except DocumentRefused:
        reception.rate_limits.charge(context.api_key.id, POINTS_OF_A_REFUSAL)
        raise
    return document, priced, points


def _require_introspection(introspection: Introspection, api_key: ApiKey) -> None:
    if not may_introspect(introspection, api_key):
        raise DocumentRefused([introspection_refused(introspection)])


def _answer(paid: _Paid, operation: Operation, context: Context) -> Coroutine[Any, Any, dict[str, Any]]:
    run = _run_in_turn if paid.operation.asks_audit else _run
    return run(paid, operation, context)


async def _run_in_turn(paid: _Paid, operation: Operation, context: Context) -> dict[str, Any]:
    try:
        async with turn_for_audit(context):
            return await _run(paid, operation, context)
    except GraphQLError as error:
        return {"data": None, "errors": formatted([error]), "extensions": paid.settle(0)}


async def _run(paid: _Paid, operation: Operation, context: Context) -> dict[str, Any]:
    result = paid.reception.execute(paid.document.node, operation.name, operation.variables, context)
    if not isinstance(result, ExecutionResult):
        result = await result
    answer = _written(result)
    answer["extensions"] = paid.settle(paid.taken(result.data))
    return answer


async def _told(
    stream: AsyncIterator[ExecutionResult], paid: _Paid, context: Context
) -> AsyncGenerator[dict[str, Any]]:
    limits, key_id = paid.reception.rate_limits, context.api_key.id
    async for result in stream:
        await context.let_go()
        # Who listens is not cut off for what happens; but it counts against what the key asks next.
        limits.charge(key_id, paid.taken(result.data))
        yield _written(result)


def _written(result: ExecutionResult) -> dict[str, Any]:
    errors = result.errors
    if not errors:
        return {"data": result.data}
    is_before = result.data is None and all(error.path is None for error in errors)
    return {"errors": formatted(errors)} if is_before else {"data": result.data, "errors": formatted(errors)}


def _cost(requested: int, actual: int, standing: Standing) -> dict[str, int | None]:
    is_limited = standing.limit > 0
    remaining = min(standing.limit, max(0, standing.remaining + requested - actual))
    return {
        "requested": requested,
        "actual": actual,
        "limit": standing.limit if is_limited else None,
        "remaining": remaining if is_limited else None,
        "restoreRate": standing.restore_rate if is_limited else None,
    }
