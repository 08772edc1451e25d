"""Observations: each operation leaves one line in the log, its counts and, where wanted, a span.

None of them holds variables, the document or a secret; what a caller chooses is cut to what a name may be.
"""

import asyncio
import logging
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from graph.errors import ErrorCode
from models.availability import is_unavailable
from models.identity import IdKind, format_id
from models.statement_count import StatementCount, counted_statements
from server.authentication import Unauthenticated
from server.logs import log_all, named_on_behalf_of, without_secrets
from server.metrics import ERRORS, KINDS, LEFT, OK, OUTCOMES, Kind, Meters
from server.traces import NO_TRACES, Tracing
from server.transport.afterwards import Afterwards
from server.transport.refusals import Refused

LONGEST_NAME_CHARACTERS = 64


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
        self.traces = traces
        self._ended = Afterwards(self._tell)

    def observed(
        self,
        *,
        kind: Kind = "unknown",
        name: str | None = None,
        api_key_id: UUID | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "Observing":
        """Observe an operation for the length of a `with` block; `headers` may name the caller's trace.

        Whatever is not known yet is set on the observation as it becomes known. Exceptions pass, and are its
        outcome.
        """
        return Observing(self, Observation(kind, name, api_key_id), headers or {})

    def ended(self, operation: "Ended") -> None:
        """Tell of an operation that is over, soon."""
        self._ended.add(operation)

    def _tell(self, operations: "Sequence[Ended]") -> None:
        self._count(operations)
        _log(operations)

    def _count(self, operations: "Sequence[Ended]") -> None:
        meters = self.meters
        outcomes: Counter[tuple[str, Kind, str]] = Counter()
        statements: Counter[Kind] = Counter()
        cost: Counter[Kind] = Counter()
        for observation, seconds, _, _ in operations:
            kind, name = observation.kind, meters.operation_name(observation.name)
            outcomes[name, kind, observation.outcome] += 1
            statements[kind] += observation.reads.count
            cost[kind] += observation.cost or 0
            if kind == "subscription":
                meters.events.inc(observation.events)
            else:
                meters.seconds_by(name, kind).observe(seconds)
        for (name, kind, outcome), times in outcomes.items():
            meters.operations_by(name, kind, outcome).inc(times)
            if outcome == ErrorCode.RATE_LIMITED:
                meters.rate_limit_refusals.inc(times)
        for series, sums in ((meters.statements_by, statements), (meters.cost_by, cost)):
            for kind, amount in sums.items():
                if amount:
                    series(kind).inc(amount)


class Ended(NamedTuple):
    """An operation that is over, the time that it took, its trace and its request."""

    observation: Observation
    seconds: float
    trace_id: str | None
    request_id: str | None


class Observing:
    """The time in which an operation is observed."""

    __slots__ = ("_observation", "_observer", "_reading", "_span", "_started", "_told")

    def __init__(self, observer: Observer, observation: Observation, headers: Mapping[str, str]) -> None:
        self._observer = observer
        self._observation = observation
        self._span = observer.traces.span(headers)
        self._reading = counted_statements()

    def __enter__(self) -> Observation:
        self._started = time.perf_counter()
        self._told = self._span.__enter__()
        self._observation.reads = self._reading.__enter__()
        return self._observation

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        observation, observer = self._observation, self._observer
        self._reading.__exit__(None, None, None)
        if error is not None:
            observation.outcome = _outcome_of_error(error)
        _tidy(observation)
        self._told.tell(observation, observer.meters.operation_name(observation.name))
        self._span.__exit__(None, None, None)
        seconds = time.perf_counter() - self._started
        observer.ended(Ended(observation, seconds, self._told.trace_id, named_on_behalf_of()))


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


def _log(operations: Sequence[Ended]) -> None:
    if _LOGGER.isEnabledFor(logging.INFO):
        log_all(__name__, "operation", [(each.request_id, _fields(*each)) for each in operations])


def _fields(observation: Observation, seconds: float, trace_id: str | None, _: str | None) -> dict[str, Any]:
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
    return fields


_NOT_OF_A_NAME = re.compile(r"[^_0-9A-Za-z]")
_LOGGER = logging.getLogger(__name__)
