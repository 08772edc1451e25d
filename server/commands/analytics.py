"""`creditgraph analytics`: rollups, added up anew."""

from functools import partial
from typing import Annotated
from uuid import UUID

import typer

from metering.rollups import rebuild_rollups, rollup_owners
from models.actor import COMMAND_LINE
from models.database import Database
from models.writer import Command
from server.commands import store, values
from server.commands.answers import plain_refusals
from server.progress import Tell, told_progress

app = typer.Typer(
    help="Look after the rollups that breakdowns are read from.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def analytics() -> None:
    """Look after the rollups that breakdowns are read from."""


@app.command()
def rebuild(
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="Rebuild one account's only. Without it: all.")
    ] = None,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Add up the rollups of usages and runs anew, one account after the other.

    `creditgraph audit` compares them; nothing but a store that was changed by other hands needs this. What
    is recorded meanwhile for the account in turn, and on SQLite for any, waits for it, and is refused as
    UNAVAILABLE after about a minute: rebuild long histories when little happens.

    \b
    Examples:
      creditgraph analytics rebuild
      creditgraph analytics rebuild --account account_0199…
    """
    with plain_refusals(), told_progress("accounts", in_lines=False) as tell:
        only = None if account is None else values.account_id(account)
        accounts, rows = store.on_store(database_url, lambda database: _rebuild(database, only, tell))
    typer.echo(f"Rebuilt {rows:,} rows of {accounts:,} account{'' if accounts == 1 else 's'}.")


async def _rebuild(database: Database, only: UUID | None, tell: Tell) -> tuple[int, int]:
    accounts = await database.ask(partial(rollup_owners, account_id=only))
    rows = 0
    for done, account_id in enumerate(accounts):
        tell(done, len(accounts))
        verb = partial(rebuild_rollups, account_id=account_id)
        rows += await database.write(Command(account_id, verb, COMMAND_LINE))
    tell(len(accounts), len(accounts))
    return len(accounts), rows
