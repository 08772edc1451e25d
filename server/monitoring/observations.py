"""Observations: each operation leaves one line in the log, its counts and, where wanted, a span.

None of them holds variables, the document or a secret; what a caller chooses is cut to what a name may be.
"""

import asyncio
import logging
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from graph.errors import ErrorCode
from models.availability import is_unavailable
from models.identity import IdKind, format_id
from models.statement_count import StatementCount, counted_statements
from server.authentication import Unauthenticated
from server.monitoring.logs import log_all, named_on_behalf_of, without_secrets
from server.monitoring.metrics import ERRORS, KINDS, LEFT, OK, OUTCOMES, Kind, Meters
from server.monitoring.traces import NO_TRACES, Tracing
from server.transport.afterwards import Afterwards
from server.transport.refusals import Refused

LONGEST_NAME_CHARACTERS = 64


class Observation:
    """What is known of one operation, filled in for the length of a `with` block while it runs.

    `outcome` is "ok", "errors" (beside data), "left" (the caller went away, or a
    subscription was ended) or the code that refused all.
    """

    __slots__ = (
        "_observer",
        "_reading",
        "_span",
        "_started",
        "_told",
        "api_key_id",
        "cost",
        "events",
        "kind",
        "name",
        "outcome",
        "reads",
        "request_id",
        "seconds",
        "trace_id",
    )
    reads: StatementCount
    seconds: float
    trace_id: str | None
    request_id: str | None

    def __init__(
        self,
        observer: "Observer",
        kind: Kind,
        name: str | None,
        api_key_id: UUID | None,
        headers: Mapping[str, str],
    ) -> None:
        self.kind = kind
        self.name = name
        self.api_key_id = api_key_id
        self.cost: int | None = None
        self.outcome = OK
        self.events = 0
        self._observer = observer
        self._span = observer.traces.span(headers)
        self._reading = counted_statements()

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        self._told = self._span.__enter__()
        self.reads = self._reading.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        self._reading.__exit__(None, None, None)
        if error is not None:
            self.outcome = _outcome_of_error(error)
        _tidy(self)
        observer, told = self._observer, self._told
        told.tell(self, observer.meters.operation_name(self.name))
        self._span.__exit__(None, None, None)
        self.seconds = time.perf_counter() - self._started
        self.trace_id, self.request_id = told.trace_id, named_on_behalf_of()
        observer.ended.add(self)


class Observer:
    """Observes the operations of a process."""

    def __init__(self, meters: Meters, traces: Tracing = NO_TRACES) -> None:
        self.meters = meters
        self.traces = traces
        self.ended = Afterwards(self._tell)
        """Operations that are over, to be told of soon."""

    def observed(
        self,
        *,
        kind: Kind = "unknown",
        name: str | None = None,
        api_key_id: UUID | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Observation:
        """Observe an operation for the length of a `with` block; `headers` may name the caller's trace.

        Whatever is not known yet is set on the observation as it becomes known. Exceptions pass, and are its
        outcome.
        """
        return Observation(self, kind, name, api_key_id, headers or {})

    def _tell(self, operations: Sequence[Observation]) -> None:
        self._count(operations)
        _log(operations)

    def _count(self, operations: Sequence[Observation]) -> None:
        meters = self.meters
        outcomes: Counter[tuple[str, Kind, str]] = Counter()
        statements: Counter[Kind] = Counter()
        cost: Counter[Kind] = Counter()
        for observation in operations:
            kind, name = observation.kind, meters.operation_name(observation.name)
            outcomes[name, kind, observation.outcome] += 1
            statements[kind] += observation.reads.count
            cost[kind] += observation.cost or 0
            if kind == "subscription":
                meters.events.inc(observation.events)
            else:
                meters.seconds_by(name, kind).observe(observation.seconds)
        for (name, kind, outcome), times in outcomes.items():
            meters.operations_by(name, kind, outcome).inc(times)
            if outcome == ErrorCode.RATE_LIMITED:
                meters.rate_limit_refusals.inc(times)
        for series, sums in ((meters.statements_by, statements), (meters.cost_by, cost)):
            for kind, amount in sums.items():
                if amount:
                    series(kind).inc(amount)


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
        observation.name = _tidy_name(observation.name[:LONGEST_NAME_CHARACTERS])


@lru_cache(maxsize=1_000)
def _tidy_name(name: str) -> str | None:
    # A secret, too, has only characters of a name.
    return without_secrets(_NOT_OF_A_NAME.sub("", name)) or None


def _log(operations: Sequence[Observation]) -> None:
    if _LOGGER.isEnabledFor(logging.INFO):
        log_all(__name__, "operation", [(each.request_id, _fields(each)) for each in operations])


def _fields(observation: Observation) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": observation.name,
        "kind": observation.kind,
        "cost": observation.cost,
        "statements": observation.reads.count,
        "milliseconds": round(observation.seconds * 1_000, 2),
        "outcome": observation.outcome,
        "api_key": None
        if observation.api_key_id is None
        else format_id(IdKind.API_KEY, observation.api_key_id),
    }
    if observation.kind == "subscription":
        fields["events"] = observation.events
    if observation.trace_id is not None:
        fields["trace_id"] = observation.trace_id
    return fields


_NOT_OF_A_NAME = re.compile(r"[^_0-9A-Za-z]")
_LOGGER = logging.getLogger(__name__)
