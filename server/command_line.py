"""The command line: `creditgraph` with all its commands."""

from importlib.metadata import version
from typing import Annotated

import typer

from server.commands import account, analytics, documents, key, provider, rate_card
from server.commands.audit import audit
from server.commands.credits import app as credits_app
from server.commands.replay import replay
from server.commands.schema import schema
from server.commands.serve import serve

app = typer.Typer(
    name="creditgraph",
    help="Credits and usage for AI-agent platforms: one rate card, exact records, a GraphQL door.",
    epilog="Start here:  creditgraph serve --demo",
    no_args_is_help=True,
    add_completion=False,
    # Plain text wraps well in any terminal and reads well in a log; a traceback shows no local secrets.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
# Where a summary takes more than a line, `--help` of all commands would cut it off.
app.command(short_help="Serve GraphQL, and GraphiQL for demos.")(serve)
app.command()(schema)
app.add_typer(account.app, name="account")
app.add_typer(key.app, name="key")
app.add_typer(credits_app, name="credits")
app.add_typer(rate_card.app, name="rate-card")
app.add_typer(provider.app, name="provider")
app.add_typer(documents.app, name="documents", short_help="Check and write manifests of trusted documents.")
app.add_typer(analytics.app, name="analytics")
app.command(short_help="Prove that every balance follows from its transfers.")(audit)
app.command(short_help="Work out a past period by other rules or prices.")(replay)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"creditgraph {version('creditgraph')}")
        raise typer.Exit


@app.callback()
def creditgraph(
    *,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop."),
    ] = False,
) -> None:
    """Serve creditgraph, and look after its store."""
