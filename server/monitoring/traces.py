"""Traces: a span for each operation, by OpenTelemetry, where its packages are installed and it is asked for.

Where spans go, and how many, is said by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`,
`OTEL_TRACES_SAMPLER` …).
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from server.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from server.monitoring.observations import Observation


class Told(Protocol):
    """A span that is told of its operation at the end."""

    @property
    def trace_id(self) -> str | None:
        """The trace that it belongs to, as hexadecimal digits."""

    def tell(self, observation: "Observation", counted_name: str) -> None:
        """Say what is known of the operation, whose name is counted as this one."""


class Tracing(Protocol):
    """Makes spans, or seems to."""

    def span(self, headers: Mapping[str, str]) -> AbstractContextManager[Told]:
        """Have a span for the length of the block, in the trace that the headers name."""

    async def close(self) -> None:
        """Send what is still to be sent."""


def tracing(settings: Settings) -> Tracing:
    """Make what the settings ask for, which they have found possible."""
    if not settings.traces:
        return NO_TRACES
    return Traces(_exporting())


class Traces:
    """A span for each operation."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("creditgraph")

    @contextmanager
    def span(self, headers: Mapping[str, str]) -> Iterator[Told]:
        """Have a span for the length of the block, in the trace that the headers name."""
        parent = _PROPAGATOR.extract({name: headers[name] for name in _TRACE_HEADERS if name in headers})
        span = self._tracer.start_span("operation", context=parent, kind=SpanKind.SERVER)
        try:
            yield _Told(span)
        finally:
            span.end()

    async def close(self) -> None:
        """Send what is still to be sent."""
        await asyncio.to_thread(self._provider.shutdown)


class _Told:
    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def trace_id(self) -> str | None:
        return format_trace_id(self._span.get_span_context().trace_id)

    def tell(self, observation: "Observation", counted_name: str) -> None:
        known = {
            "graphql.operation.type": observation.kind,
            "graphql.operation.name": observation.name,
            "creditgraph.cost": observation.cost,
            "creditgraph.outcome": observation.outcome,
            "creditgraph.statements": observation.reads.count,
        }
        self._span.set_attributes({name: value for name, value in known.items() if value is not None})
        # Spans are found by their names, of which there must not be too many.
        is_known = counted_name == observation.name
        self._span.update_name(f"{observation.kind} {observation.name}" if is_known else observation.kind)
        if observation.outcome in _OUR_FAULT:
            self._span.set_status(Status(StatusCode.ERROR))


class _NoTraces:
    trace_id = None

    def span(self, _headers: Mapping[str, str]) -> AbstractContextManager[Told]:
        return _NO_SPAN

    def tell(self, observation: "Observation", counted_name: str) -> None:
        pass

    async def close(self) -> None:
        pass


def _exporting() -> "TracerProvider":
    # Imported where it is wanted: the packages may not be there, and take a while to load.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    named = Resource({"service.name": "creditgraph"}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=named)
    # A collector that is away holds up the end of the process for so long.
    timeout = None if _TIMEOUT_VARIABLES & os.environ.keys() else _TIMEOUT_SECONDS
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=timeout)))
    return provider


NO_TRACES: Tracing = (_NO_TRACES := _NoTraces())
_NO_SPAN = nullcontext[Told](_NO_TRACES)
_PROPAGATOR = TraceContextTextMapPropagator()
_TRACE_HEADERS = ("traceparent", "tracestate")
_TIMEOUT_VARIABLES = {"OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"}
_TIMEOUT_SECONDS = 3.0
_OUR_FAULT = frozenset({"INTERNAL", "UNAVAILABLE"})
