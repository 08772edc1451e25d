"""`creditgraph serve`: prepare the store, then answer until told to stop."""

import asyncio
import socket
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from adapters.registry import business_adapters
from metering.prices import price_book
from metering.rate_cards import publish_built_in_rate_card, publish_first_rate_card
from models.database import Database
from models.migrations.apart import migrate_apart
from models.writer import Command
from pricing.rate_card import RateCard
from server.commands import store, values
from server.commands.answers import hint, plain_refusals, refuse
from server.demo.history import run_demo_history
from server.demo.opening import prepare_demo
from server.margins import margin_terms
from server.monitoring.logs import set_up_logs
from server.processes.succession import begin_again, let_signals_wait
from server.settings import InvalidSettings, Settings

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to show an address that a browser can open


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Without it: 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 takes a free one. Without it: 8000.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Processes that serve. Without it: 1.")
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(help=f"The store: sqlite:///FILE or postgresql://… Without it: {store.DEFAULT}."),
    ] = None,
    demo: Annotated[
        bool | None, typer.Option("--demo", help="Add a fresh demo account with some weeks of history.")
    ] = None,
    rate_card: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="First rate card of an empty store, in place of the built-in one."),
    ] = None,
) -> None:
    """Serve GraphQL on /graphql; every option can also come as CREDITGRAPH_… .

    GraphiQL is on / with --demo and where the host is a loopback address (or CREDITGRAPH_GRAPHIQL=true).

    \b
    Examples:
      creditgraph serve --demo
      creditgraph serve --host 0.0.0.0 --workers 4 --database-url postgresql://app@db/creditgraph
      CREDITGRAPH_PORT=9000 creditgraph serve
    """
    given = {"host": host, "port": port, "workers": workers, "database_url": database_url}
    with plain_refusals():
        settings = Settings.of({**given, "demo": demo, "rate_card": rate_card})
        set_up_logs(settings.log_format, settings.log_level)
        business_adapters()  # a broken plug-in stops the start, whatever the number of workers
        margin_terms(settings)  # and so do costs that nobody could use
        _require_trusted_documents(settings)
        first_card = (
            None if settings.rate_card is None else values.rate_card("--rate-card", settings.rate_card)
        )
        listener = _listener(settings)
        migrate_apart(settings.database_url)
        settings = asyncio.run(_prepare(settings, first_card))
    address = _address(listener)
    if settings.workers > 1:
        let_signals_wait()
    typer.echo(f"GraphiQL: {address}" if settings.graphiql else f"GraphQL: {address}graphql")
    if settings.demo_key is not None:
        typer.echo(f"Demo key: {settings.demo_key.get_secret_value()}")
    settings.to_environment()
    _answer(settings, listener)


def _require_trusted_documents(settings: Settings) -> None:
    if settings.trusted_documents is not None or settings.trusted_documents_only:
        from server.trusted_documents import trusted_documents  # noqa: PLC0415 - it builds the schema, half a second

        trusted_documents(settings)


async def _prepare(settings: Settings, first_card: RateCard | None) -> Settings:
    async with store.open_store(settings.database_url) as database:
        await _publish_first_rate_card(database, first_card)
        if not settings.demo:
            return settings
        demo = await prepare_demo(database)
        shown = settings.model_copy(update={"demo_key": SecretStr(demo.secret)})
        if settings.workers > 1:
            # Nobody knows which of them would write the history: it is written before they start.
            await run_demo_history(database, demo.account)
            return shown
        return shown.model_copy(update={"demo_account": demo.account})


async def _publish_first_rate_card(database: Database, card: RateCard | None) -> None:
    if card is None:
        await database.write(Command(None, publish_built_in_rate_card))
        return
    is_first = await database.write(Command(None, partial(publish_first_rate_card, card=card)))
    if not is_first and card not in tuple((await database.ask(price_book)).cards):
        hint("Note: the store has a rate card already; add yours by `creditgraph rate-card publish FILE`.")


def _listener(settings: Settings) -> socket.socket:
    """Take the port before anything is written, so that a second server changes nothing."""
    try:
        family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Without this two servers could both hold the port until one of them listens.
        listener.listen(_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidSettings(
            f"Cannot listen on {settings.host} port {settings.port}: {reason}. "
            "Choose others by --host and --port."
        ) from None
    listener.set_inheritable(True)
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = _EVERYWHERE.get(host, host)
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def _answer(settings: Settings, listener: socket.socket) -> None:
    from server.processes.serving import answer, configuration  # noqa: PLC0415 - only this command serves

    if settings.workers > 1:
        _look_after(listener)
        return
    config = configuration(
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_format=settings.log_format,
        log_level=settings.log_level,
    )
    if not answer(config, listener):
        refuse("the server could not start; the lines above say why.")


def _look_after(listener: socket.socket) -> None:
    if sys.platform == "win32":  # which cannot put another program into a process
        from server.processes.supervision import supervise  # noqa: PLC0415 - few need it

        supervise(listener)
    else:
        begin_again(listener)


_BACKLOG = 2_048
