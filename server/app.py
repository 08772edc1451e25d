"""The composition root: settings in, a running service out."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.registry import business_adapters
from graph.execution import compiled, stock
from metering.webhooks import PRIVATE_TARGETS, PUBLIC_TARGETS
from models.database import Database
from models.migrations import why_not_ready
from models.relay import Relay
from server.admission import Admission
from server.agents import create_agent_endpoint
from server.authentication import Authentication
from server.background.expiry import ExpiryJob
from server.background.replays import ReplayWorker
from server.background.webhooks import WebhookWorker
from server.background.webhooks_http import WebhookSender
from server.demo.history import run_demo_history
from server.examples import examples
from server.graphiql import CONTENT_SECURITY_POLICY, STATIC_FOLDER, ExampleOperation, graphiql_page
from server.graphql import GraphqlEndpoint
from server.margins import margin_terms
from server.monitoring.ledger_gauges import LedgerGauges
from server.monitoring.metrics import Meters
from server.monitoring.observations import Observer
from server.monitoring.scrapes import metrics_endpoint
from server.monitoring.traces import tracing
from server.monitoring.vitals import Vitals
from server.processes.draining import Draining, drained_when_told
from server.rate_limits import rate_limits
from server.reception import Reception
from server.settings import Settings
from server.store_secret import KnownSecret
from server.subscriptions.streams import StreamLimits, Streams
from server.subscriptions.websocket import websocket_endpoint
from server.transport.absences import not_served
from server.transport.departures import Exit
from server.transport.gate import Bounds, Gate
from server.transport.short_way import ShortWay
from server.trusted_documents import trusted_documents

Endpoint = Callable[[Request], Awaitable[Response]]


class Service(FastAPI):
    """FastAPI, with a gate of our own before all that comes by HTTP."""

    gate: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a connection or a request."""
        await (self.gate if scope["type"] == "http" else self.routed)(scope, receive, send)

    async def routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let FastAPI find out who takes it."""
        await super().__call__(scope, receive, send)


def create_app(settings: Settings | None = None) -> Service:
    """Make the service; without settings they come from the environment."""
    settings = settings or Settings.of({})
    database = Database(settings.database_url, read_connections=settings.read_connections)
    return service(settings, database)


def service(settings: Settings, database: Database) -> Service:
    """Put the service together over a store, which it starts and closes."""
    business_adapters()  # a broken plug-in must stop the start, not a request
    authentication = Authentication(database)
    targets = PRIVATE_TARGETS if settings.webhooks_allow_private else PUBLIC_TARGETS
    limits = rate_limits(settings, database)
    trusted = trusted_documents(settings)
    meters, traces = Meters(trusted.names), tracing(settings)
    admission = Admission(settings.most_in_flight, lambda: database.waited_seconds)
    reception = Reception(
        database,
        authentication,
        targets,
        margin_terms(settings),
        limits,
        settings.introspection,
        trusted,
        KnownSecret(database, "cursors"),
        Observer(meters, traces),
        compiled.execute if settings.compiled_operations else stock.execute,
        admission,
    )
    streams = Streams(authentication, _stream_limits(settings))
    draining = Draining()
    operations, bounds, way_out = GraphqlEndpoint(reception, streams), Bounds(), Exit(meters, draining)
    short_way = ShortWay(operations, bounds, admission, way_out)
    vitals = Vitals(meters, database, streams, admission)
    scrape = metrics_endpoint(meters, vitals, LedgerGauges(database), settings.metrics_token)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, object]]:
        _calm_the_collector()
        _share_the_interpreter()
        await database.start()
        jobs = (
            Relay(database),
            vitals,
            limits,
            WebhookWorker(database, WebhookSender(targets)),
            ExpiryJob(database),
            ReplayWorker(database),
        )
        for job in jobs:
            job.start()
        history = None
        if settings.demo_account is not None:
            history = asyncio.create_task(run_demo_history(database, settings.demo_account))
        with drained_when_told(draining, streams.drain, pause_seconds=settings.drain_seconds):
            yield {"admission": admission, "draining": draining, "short_way": short_way}
        await streams.close()
        if history is not None:
            history.cancel()
            await asyncio.gather(history, return_exceptions=True)
        for job in reversed(jobs):
            await job.close()
        await authentication.close()
        await database.close()
        await traces.close()

    app = Service(
        title="creditgraph",
        openapi_url=None,
        # A redirection would repeat whatever host the caller names.
        redirect_slashes=False,
        lifespan=lifespan,
        exception_handlers={HTTPException: not_served},
    )
    app.state.streams, app.state.admission = streams, admission
    app.router.routes += [
        Route("/graphql", operations, methods=["POST"]),
        WebSocketRoute("/graphql", websocket_endpoint(reception, streams, settings.allowed_origins)),
        Route("/api/v1/agent/create", create_agent_endpoint(database, authentication), methods=["POST"]),
        Route("/healthz", _healthy, methods=["GET"]),
        Route("/readyz", _ready(database, draining), methods=["GET"]),
        Route("/metrics", scrape, methods=["GET"]),
    ]
    if settings.graphiql:
        app.router.routes.append(Route("/", _graphiql(settings, examples(database.clock())), methods=["GET"]))
        app.router.routes.append(Mount("/static/graphiql", StaticFiles(directory=STATIC_FOLDER)))
    app.gate = Gate(_dispatched(operations, app.routed), bounds, admission, way_out)
    return app


def _dispatched(operations: ASGIApp, routed: ASGIApp) -> ASGIApp:
    """Send operations on at once: to find their route takes longer than all else before them."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        is_operation = scope["path"] == "/graphql" and scope["method"] == "POST"
        await (operations if is_operation else routed)(scope, receive, send)

    return dispatch


def _stream_limits(settings: Settings) -> StreamLimits:
    return StreamLimits(
        sockets_per_key=settings.sockets_per_key,
        subscriptions_per_key=settings.subscriptions_per_key,
        slow_seconds=settings.slow_consumer_seconds,
    )


def _calm_the_collector() -> None:
    # What a start makes stays for good, and a batch makes thousands of rows that live for its length only:
    # looking for cycles among them took a fifth of its time.
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _share_the_interpreter() -> None:
    # A thread that comes back from SQLite asks for the interpreter and waits as long as this for it. A loop
    # that always has something to do, be it to refuse, made each such step take five milliseconds.
    sys.setswitchinterval(0.001)


def _graphiql(settings: Settings, operations: Sequence[ExampleOperation]) -> Endpoint:
    key = settings.demo_key.get_secret_value() if settings.demo_key else None
    page = graphiql_page(demo_key=key, operations=operations)
    headers = {
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }

    async def show(_request: Request) -> Response:
        return HTMLResponse(page, headers=headers)

    return show


async def _healthy(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _ready(database: Database, draining: Draining) -> Endpoint:
    async def answer(_request: Request) -> Response:
        reason = "the service is stopping" if draining.has_begun else await why_not_ready(database)
        return JSONResponse({"status": reason or "ok"}, 503 if reason else 200)

    return answer
