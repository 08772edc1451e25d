"""Observations: each operation leaves one line in the log, its counts and, where wanted, a span.

None of them holds variables, the document or a secret; what a caller chooses is cut to what a name may be.
"""

import asyncio
import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog

from graph.errors import ErrorCode
from models.availability import is_unavailable
from models.identity import IdKind, format_id
from models.statement_count import StatementCount, counted_statements
from server.authentication import Unauthenticated
from server.logs import without_secrets
from server.metrics import ERRORS, KINDS, LEFT, OK, OUTCOMES, Kind, Meters
from server.refusals import Refused
from server.traces import NO_TRACES, Tracing

LONGEST_NAME_CHARACTERS = 64

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Observation:
    """What is known of one operation, filled in while it runs.

    `outcome` is "ok", "errors" (beside data), "left" (the caller went away, or a
    subscription was ended) or the code that refused all.
    """

    kind: Kind = "unknown"
    name: str | None = None
    api_key_id: UUID | None = None
    cost: int | None = None
    outcome: str = OK
    events: int = 0
    reads: StatementCount = field(default_factory=StatementCount)


class Observer:
    """Observes the operations of a process."""

    def __init__(self, meters: Meters, traces: Tracing = NO_TRACES) -> None:
        self.meters = meters
        self._traces = traces

    @contextmanager
    def observed(
        self,
        *,
        kind: Kind = "unknown",
        name: str | None = None,
        api_key_id: UUID | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Observation]:
        """Observe an operation for the length of the block; `headers` may name the caller's trace.

        Whatever is not known yet is set on the observation as it becomes known. Exceptions pass, and are its
        outcome.
        """
        started = time.perf_counter()
        observation = Observation(kind, name, api_key_id)
        with self._traces.span(headers or {}) as span, counted_statements() as observation.reads:
            try:
                yield observation
            except BaseException as error:
                observation.outcome = _outcome_of_error(error)
                raise
            finally:
                _tidy(observation)
                seconds = time.perf_counter() - started
                self._count(observation, seconds)
                span.tell(observation, self.meters.operation_name(observation.name))
                _log(observation, seconds, span.trace_id)

    def _count(self, observation: Observation, seconds: float) -> None:
        meters, kind = self.meters, observation.kind
        name = meters.operation_name(observation.name)
        meters.operations.labels(name, kind, observation.outcome).inc()
        meters.operation_statements.labels(kind).inc(observation.reads.count)
        if observation.cost is not None:
            meters.operation_cost.labels(kind).inc(observation.cost)
        if observation.outcome == ErrorCode.RATE_LIMITED:
            meters.rate_limit_refusals.inc()
        if kind == "subscription":
            meters.events.inc(observation.events)
        else:
            meters.operation_seconds.labels(name, kind).observe(seconds)


def outcome_of(answer: Mapping[str, Any]) -> str:
    """Give the outcome that an answer tells of: the first error's code where it has no data."""
    errors = answer.get("errors")
    if not errors:
        return OK
    if answer.get("data") is not None:
        return ERRORS
    return str(errors[0].get("extensions", {}).get("code", ERRORS))


def _outcome_of_error(error: BaseException) -> str:
    if isinstance(error, Refused):
        return error.code.value
    if isinstance(error, Unauthenticated):
        return ErrorCode.UNAUTHENTICATED.value
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return LEFT
    return ErrorCode.UNAVAILABLE.value if is_unavailable(error) else ErrorCode.INTERNAL.value


def _tidy(observation: Observation) -> None:
    """Leave nothing that a caller could fill the log or the metrics with."""
    if observation.kind not in KINDS:
        observation.kind = "unknown"
    if observation.outcome not in OUTCOMES:
        observation.outcome = ERRORS
    if observation.name is not None:
        named = _NOT_OF_A_NAME.sub("", observation.name[:LONGEST_NAME_CHARACTERS])
        # A secret, too, has only characters of a name.
        observation.name = without_secrets(named) or None


def _log(observation: Observation, seconds: float, trace_id: str | None) -> None:
    if not _LOGGER.isEnabledFor(logging.INFO):
        return
    fields: dict[str, Any] = {
        "name": observation.name,
        "kind": observation.kind,
        "cost": observation.cost,
        "statements": observation.reads.count,
        "milliseconds": round(seconds * 1_000, 2),
        "outcome": observation.outcome,
        "api_key": None
        if observation.api_key_id is None
        else format_id(IdKind.API_KEY, observation.api_key_id),
    }
    if observation.kind == "subscription":
        fields["events"] = observation.events
    if trace_id is not None:
        fields["trace_id"] = trace_id
    log.info("operation", **fields)


_NOT_OF_A_NAME = re.compile(r"[^_0-9A-Za-z]")
_LOGGER = logging.getLogger(__name__)
