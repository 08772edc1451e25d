"""Metrics: what Prometheus is told of the process, by names that no caller chooses.

With several processes each keeps its counts in a file of a common folder, and whoever is asked adds them up.
"""

import os
from collections import Counter
from collections.abc import Collection
from functools import cache
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Gauge, Histogram, disable_created_metrics
from prometheus_client import Counter as Meter
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from graph.errors import ErrorCode
from server.monitoring.metric_files import FOLDER_VARIABLE
from server.transport.afterwards import Afterwards

OTHER = "other"
SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

Kind = Literal["query", "mutation", "subscription", "unknown"]
KINDS: frozenset[str] = frozenset(get_args(Kind))
OK, ERRORS, LEFT = "ok", "errors", "left"
OUTCOMES: frozenset[str] = frozenset({OK, ERRORS, LEFT, *ErrorCode})


class Meters:
    """The metrics of one process."""

    def __init__(self, known_operations: Collection[str] = ()) -> None:
        """Count operations of the known names by name, all others as one."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # when a series began is of no use here
        self.registry = CollectorRegistry(auto_describe=False)
        self._known = frozenset(known_operations)
        self._count_operations()
        self._count_requests()
        self._gauge_process()
        # To find a series by its labels takes longer than to count in it.
        self.requests_by, self.operations_by = cache(self.requests.labels), cache(self.operations.labels)
        self._answers = Afterwards(self._count_answers)
        self.seconds_by = cache(self.operation_seconds.labels)
        self.cost_by, self.statements_by = (
            cache(self.operation_cost.labels),
            cache(self.operation_statements.labels),
        )

    def count_answer(self, path: str, status: int) -> None:
        """Count an answer by its route and status."""
        self._answers.add((path, status))

    def _count_answers(self, answers: list[tuple[str, int]]) -> None:
        for (path, status), times in Counter(answers).items():
            self.requests_by(_ROUTES.get(path, OTHER), str(status)).inc(times)

    def operation_name(self, name: str | None) -> str:
        """Give the name that an operation is counted by."""
        return name if name in self._known else OTHER

    def collected(self, *others: Collector) -> CollectorRegistry:
        """Give all that there is to tell, of every process, with what others add."""
        self._answers.tell_now()
        registry = CollectorRegistry(auto_describe=False)
        if folder := os.environ.get(FOLDER_VARIABLE):
            MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]  # it registers itself
        else:
            registry.register(self.registry)
        for other in others:
            registry.register(other)
        return registry

    def _count_operations(self) -> None:
        self.operations = Meter(
            "creditgraph_operations_total",
            "GraphQL operations, by name where the name is known, by kind and by outcome.",
            ("operation", "kind", "outcome"),
            registry=self.registry,
        )
        self.operation_seconds = Histogram(
            "creditgraph_operation_seconds",
            "How long queries and mutations took.",
            ("operation", "kind"),
            buckets=SECONDS_BUCKETS,
            registry=self.registry,
        )
        self.operation_cost = Meter(
            "creditgraph_operation_cost_total",
            "The cost of operations, as extensions.cost tells it.",
            ("kind",),
            registry=self.registry,
        )
        self.operation_statements = Meter(
            "creditgraph_operation_statements_total",
            "Statements that operations read with.",
            ("kind",),
            registry=self.registry,
        )
        self.events = Meter(
            "creditgraph_subscription_events_total",
            "Events that subscriptions were sent.",
            registry=self.registry,
        )

    def _count_requests(self) -> None:
        self.requests = Meter(
            "creditgraph_http_requests_total",
            "Answers over HTTP by route and status; what the gate refuses is here and is no operation.",
            ("route", "status"),
            registry=self.registry,
        )
        self.rate_limit_refusals = Meter(
            "creditgraph_rate_limit_refusals_total",
            "Operations refused because their key asks for too much at once.",
            registry=self.registry,
        )
        self.admission_refusals = Meter(
            "creditgraph_admission_refusals_total",
            "Requests and operations refused because the process has more to do than it can.",
            registry=self.registry,
        )

    def _gauge_process(self) -> None:
        self.processes = self._gauge("creditgraph_processes", "Processes that serve.")
        self.in_flight = self._gauge(
            "creditgraph_requests_in_flight", "Requests that run or wait for their turn."
        )
        self.places = self._gauge(
            "creditgraph_request_places", "How many requests may run at a time, as it is at the moment."
        )
        self.waiting_items = self._gauge(
            "creditgraph_writer_waiting_items", "Items that wait for their transaction, by lane.", "lane"
        )
        self.reads_in_use = self._gauge(
            "creditgraph_read_connections_in_use", "Connections that snapshots are read over."
        )
        self.streams = self._gauge("creditgraph_open_streams", "Open sockets and event streams.")
        self.subscriptions = self._gauge(
            "creditgraph_open_subscriptions", "Operations that run over streams."
        )
        self.loop_lag = Gauge(
            "creditgraph_event_loop_lag_seconds",
            "How late the slowest process came to its last look at the clock.",
            multiprocess_mode="livemax",
            registry=self.registry,
        )
        self.cpu_seconds = Meter(
            "process_cpu_seconds_total", "Processor time that was used.", registry=self.registry
        )
        self.resident_bytes = self._gauge("process_resident_memory_bytes", "Memory that is in use.")
        self.open_files = self._gauge("process_open_fds", "Open files and connections.")

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, multiprocess_mode="livesum", registry=self.registry)


_ROUTES = {
    "/graphql": "graphql",
    "/api/v1/agent/create": "create_agent",
    "/healthz": "healthz",
    "/readyz": "readyz",
    "/metrics": "metrics",
}
