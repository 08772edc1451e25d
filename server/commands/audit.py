"""`creditgraph audit`: are the books right?"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

import typer

from metering.auditing import (
    Audit,
    PastBalance,
    past_balance,
    past_balances,
    unhurried,
)
from metering.auditing import audit as recompute
from models.database import Question
from models.identity import IdKind, format_id
from server.commands import store, values
from server.commands.answers import plain_refusals, refuse
from server.commands.tables import print_table
from server.progress import told_progress


def audit(
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="Look at one account only. Without it: all.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="T", help="Also print the balances as they were at this time, e.g. 2027-01-31T00:00:00Z."
        ),
    ] = None,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Recompute every balance from its transfers; exit code 1 and the differences where there are any.

    \b
    Examples:
      creditgraph audit
      creditgraph audit --account account_0199…
      creditgraph audit --as-of 2027-01-31T00:00:00Z
    """
    with plain_refusals(), told_progress("transfers", in_lines=False) as progress:
        account_id = None if account is None else values.account_id(account)
        moment = None if as_of is None else values.moment("--as-of", as_of)
        question = partial(recompute, account_id=account_id, progress=progress)
        found = store.ask(database_url, unhurried(question))
        balances = () if moment is None else store.ask(database_url, _balances_at(moment, account_id))
    counted = (
        f"accounts: {found.account_count:,}, transfers: {found.transfer_count:,}, "
        f"usages: {found.usage_count:,}"
    )
    if found.ok:
        typer.echo(f"Every balance equals its transfers ({counted}).")
    else:
        _print_differences(found)
    if moment is not None:
        _print_balances(balances, moment)
    if not found.ok:
        refuse(f"{len(found.differences):,} differences ({counted}).")


def _balances_at(moment: datetime, account_id: UUID | None) -> Question[Sequence[PastBalance]]:
    if account_id is None:
        return unhurried(partial(past_balances, as_of=moment))
    return unhurried(lambda session: [past_balance(session, account_id=account_id, as_of=moment)])


def _print_differences(found: Audit) -> None:
    print_table(
        ["account", "what", "recorded", "recomputed"],
        [
            [format_id(IdKind.ACCOUNT, one.account_id), one.what, one.recorded, one.recomputed]
            for one in found.differences
        ],
    )


def _print_balances(balances: Sequence[PastBalance], moment: datetime) -> None:
    typer.echo(f"Balances as of {moment.isoformat()}:")
    print_table(
        ["account", *_BALANCES],
        [
            [format_id(IdKind.ACCOUNT, one.account_id), *(str(getattr(one, name)) for name in _BALANCES)]
            for one in balances
        ],
    )


_BALANCES = ("available", "held", "granted", "spent", "overdraft", "expired")
