"""`creditgraph account`: the tenants."""

import json
from typing import Annotated

import typer

from metering.accounts import all_accounts, create_account
from models.account import Account
from models.identity import IdKind, format_id
from server.commands import store, values
from server.commands.answers import hint, plain_refusals
from server.commands.tables import print_table

app = typer.Typer(help="Create and list accounts.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    overdraft_limit: Annotated[
        str | None,
        typer.Option(
            metavar="A", help="Credit line in credits; 0 is strictly prepaid. Without it: postpaid."
        ),
    ] = None,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Create an account and print its id.

    \b
    Examples:
      creditgraph account create "Acme Voice"
      creditgraph account create "Acme Voice" --overdraft-limit 500
    """
    with plain_refusals():
        limit = None if overdraft_limit is None else values.amount("--overdraft-limit", overdraft_limit)
        account_name = values.name("NAME", name)
        account = store.write_once(
            database_url,
            lambda session, *, now: create_account(
                session, name=account_name, overdraft_limit=limit, now=now
            ),
        )
    account_id = format_id(IdKind.ACCOUNT, account.id)
    typer.echo(account_id)
    hint(f"Next: creditgraph key issue --account {account_id}")


@app.command("list")
def list_accounts(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """List the accounts with their balances, in credits.

    \b
    Examples:
      creditgraph account list
      creditgraph account list --json
    """
    with plain_refusals():
        accounts = [_fields(account) for account in store.ask(database_url, all_accounts)]
    if as_json:
        typer.echo(json.dumps(accounts, ensure_ascii=False, indent=2))
        return
    print_table(
        ["id", "name", "granted", "spent", "expired", "overdraft", "overdraft limit", "created"],
        [[value or "none: postpaid" for value in account.values()] for account in accounts],
    )


def _fields(account: Account) -> dict[str, str | None]:
    return {
        "id": format_id(IdKind.ACCOUNT, account.id),
        "name": account.name,
        "granted": str(account.granted),
        "spent": str(account.spent),
        "expired": str(account.expired),
        "overdraft": str(account.overdraft),
        "overdraftLimit": None if account.overdraft_limit is None else str(account.overdraft_limit),
        "createdAt": account.created_at.isoformat(timespec="seconds"),
    }
