"""Spans of operations, as OpenTelemetry's own packages see them."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_trace_id

from server import settings as settings_module
from server.monitoring.metrics import Meters
from server.monitoring.observations import Observer
from server.monitoring.traces import NO_TRACES, Traces, tracing
from server.settings import InvalidSettings, Settings

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SECRET = "nexus_0123456789abcdefghijABCDEFGHIJ01234567"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def observer(exporter: InMemorySpanExporter) -> Observer:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Observer(Meters({"AddUsage"}), Traces(provider))


def only(exporter: InMemorySpanExporter) -> ReadableSpan:
    [span] = exporter.get_finished_spans()
    return span


def test_an_operation_is_a_span_in_the_trace_of_its_caller(
    observer: Observer, exporter: InMemorySpanExporter
) -> None:
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "authorization": f"Bearer {SECRET}"}
    with observer.observed(kind="mutation", name="AddUsage", headers=headers) as observation:
        observation.cost = 12
    span = only(exporter)
    assert (span.name, span.kind) == ("mutation AddUsage", SpanKind.SERVER)
    assert dict(span.attributes or {}) == {
        "graphql.operation.type": "mutation",
        "graphql.operation.name": "AddUsage",
        "creditgraph.cost": 12,
        "creditgraph.outcome": "ok",
        "creditgraph.statements": 0,
    }
    assert span.context is not None
    assert format_trace_id(span.context.trace_id) == TRACE
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == PARENT
    assert SECRET not in span.to_json()


@pytest.mark.parametrize("traceparent", [None, "", "00-0-0-00", f"00-{'0' * 32}-{PARENT}-01", "x" * 10_000])
def test_without_a_trace_of_the_caller_s_it_begins_one(
    observer: Observer, exporter: InMemorySpanExporter, traceparent: str | None
) -> None:
    with observer.observed(kind="query", headers={} if traceparent is None else {"traceparent": traceparent}):
        pass
    span = only(exporter)
    assert span.parent is None
    assert span.name == "query"


def test_a_name_that_is_not_known_is_told_but_names_no_span(
    observer: Observer, exporter: InMemorySpanExporter
) -> None:
    with observer.observed(kind="query", name=SECRET):
        pass
    span = only(exporter)
    assert span.name == "query"
    assert (span.attributes or {})["graphql.operation.name"] == "nexus_…"


def test_a_failure_of_the_service_is_an_error_without_its_text(
    observer: Observer, exporter: InMemorySpanExporter
) -> None:
    with pytest.raises(ValueError, match="nexus"), observer.observed(kind="query"):
        raise ValueError(SECRET)
    span = only(exporter)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert (span.attributes or {})["creditgraph.outcome"] == "INTERNAL"
    assert span.events == ()


async def test_what_the_settings_ask_for() -> None:
    assert tracing(Settings.of({})) is NO_TRACES
    traces = tracing(Settings.of({"traces": True}))
    assert isinstance(traces, Traces)
    await traces.close()


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "_TRACING_PACKAGES", ("opentelemetry.sdk.trace", "nowhere.at.all"))
    assert Settings.of({}).traces is False
    with pytest.raises(
        InvalidSettings,
        match=r"^--traces: traces need the extra otel: pip install 'creditgraph\[otel\]'\.$",
    ):
        Settings.of({"traces": True})


def test_nothing_of_the_extra_is_loaded_unless_traces_are_wanted() -> None:
    program = "import sys, server.app; print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
