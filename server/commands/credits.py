"""`creditgraph credits`: grants."""

from functools import partial
from typing import Annotated

import typer

from metering.credits import (
    DEFAULT_PRIORITY,
    LOWEST_PRIORITY,
    CreditsGrant,
    GrantCredits,
    GrantVoiding,
    VoidGrant,
    grant_credits,
)
from metering.credits import void_grant as void
from models.actor import COMMAND_LINE
from models.database import Database
from models.identity import IdKind, format_id
from models.writer import Command
from server.commands import store, values
from server.commands.answers import hint, plain_refusals

app = typer.Typer(
    help="Give credits to accounts, and take them back.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def grants() -> None:
    """Give credits to accounts, and take them back."""


@app.command()
def grant(
    *,
    account: Annotated[str, typer.Option(metavar="ID", help="The account that receives the credits.")],
    amount: Annotated[str, typer.Option(metavar="A", help="How many credits, e.g. 500 or 0.25.")],
    idempotency_key: Annotated[
        str, typer.Option(metavar="K", help="Names this grant; the same key never grants twice.")
    ],
    priority: Annotated[
        int, typer.Option(metavar="N", min=0, max=LOWEST_PRIORITY, help="Lower numbers are spent first.")
    ] = DEFAULT_PRIORITY,
    expires: Annotated[
        str | None, typer.Option(metavar="T", help="When what is left expires, e.g. 2027-01-31T00:00:00Z.")
    ] = None,
    effective: Annotated[
        str | None, typer.Option(metavar="T", help="From when the credits can be spent. Without it: now.")
    ] = None,
    restricted_to: Annotated[
        str | None,
        typer.Option(metavar="WHAT", help="adapter:NAME or workflow:NAME: a reserve for those only."),
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="R", help="Why, for whoever reads the books.")] = None,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Give credits to an account and print the grant's id.

    \b
    Examples:
      creditgraph credits grant --account account_0199… --amount 500 --idempotency-key invoice-17
      creditgraph credits grant --account account_0199… --amount 50 --idempotency-key reserve-1 \\
        --restricted-to adapter:emergencyservices --expires 2027-01-31T00:00:00Z
    """
    with plain_refusals():
        item = GrantCredits(
            account_id=values.account_id(account),
            amount=values.positive_amount("--amount", amount),
            idempotency_key=values.idempotency_key(idempotency_key),
            priority=priority,
            effective_at=None if effective is None else values.moment("--effective", effective),
            expires_at=None if expires is None else values.moment("--expires", expires),
            restricted_to=None
            if restricted_to is None
            else values.restriction("--restricted-to", restricted_to),
            reason=None if reason is None else values.text("--reason", reason),
        )
        given = store.on_store(database_url, lambda database: _grant(database, item))
    typer.echo(format_id(IdKind.GRANT, given.grant.id))
    hint(f"{'Granted before' if given.replayed else 'Granted'}: {given.grant.amount} credits to {account}")


@app.command("void-grant")
def void_grant(
    *,
    account: Annotated[str, typer.Option(metavar="ID", help="The account that received the credits.")],
    grant: Annotated[str, typer.Option(metavar="ID", help="The grant to take back.")],
    reason: Annotated[str, typer.Option(metavar="R", help="Why, for whoever reads the books.")],
    idempotency_key: Annotated[
        str, typer.Option(metavar="K", help="Names this request; repeating it answers the same.")
    ],
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Take back what is left of a grant and print how much that is; what was spent of it stays spent.

    \b
    Examples:
      creditgraph credits void-grant --account account_0199… --grant grant_0199… \\
        --reason "given twice" --idempotency-key correction-3
    """
    with plain_refusals():
        item = VoidGrant(
            account_id=values.account_id(account),
            grant_id=values.grant_id(grant),
            reason=values.text("--reason", reason),
            idempotency_key=values.idempotency_key(idempotency_key),
        )
        voided = store.on_store(database_url, lambda database: _void(database, item))
    typer.echo(str(voided.voided))
    hint(f"{'Voided before' if voided.replayed else 'Voided'}: {grant} of {account}")


async def _grant(database: Database, item: GrantCredits) -> CreditsGrant:
    return await database.write(Command(item.account_id, partial(grant_credits, item=item), COMMAND_LINE))


async def _void(database: Database, item: VoidGrant) -> GrantVoiding:
    return await database.write(Command(item.account_id, partial(void, item=item), COMMAND_LINE))
