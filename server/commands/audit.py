"""`creditgraph audit`: are the books right?"""

from typing import Annotated

import typer

from metering.audit import audit as recompute
from models.identity import IdKind, format_id
from server.commands import store, values
from server.commands.answers import plain_refusals, refuse
from server.commands.tables import print_table


def audit(
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="Look at one account only. Without it: at all.")
    ] = None,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Recompute every balance from its transfers; exit code 1 and the differences where there are any.

    \b
    Examples:
      creditgraph audit
      creditgraph audit --account account_0199…
    """
    with plain_refusals():
        account_id = None if account is None else values.account_id(account)
        found = store.ask(database_url, lambda session: recompute(session, account_id=account_id))
    counted = (
        f"accounts: {found.account_count:,}, transfers: {found.transfer_count:,}, "
        f"usages: {found.usage_count:,}"
    )
    if found.ok:
        typer.echo(f"Every balance equals its transfers ({counted}).")
        return
    print_table(
        ["account", "what", "recorded", "recomputed"],
        [
            [format_id(IdKind.ACCOUNT, one.account_id), one.what, str(one.recorded), str(one.recomputed)]
            for one in found.differences
        ],
    )
    refuse(f"{len(found.differences):,} differences ({counted}).")
