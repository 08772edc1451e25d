"""`creditgraph rate-card`: the prices."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from graph.context import Snapshot
from metering.prices import PriceBook, price_book
from metering.rate_cards import (
    Preview,
    PublishRateCard,
    UnknownVersion,
    card_named,
    preview_rate_card,
    publish_rate_cards,
)
from models.actor import COMMAND_LINE
from models.database import Database
from models.rate_card import PublishedRateCard
from models.writer import SetCommand
from pricing.rate_card import RateCard
from pricing.rate_card_diff import RateCardDiff, diff
from pricing.rate_card_draft import RateCardDraft
from server.commands import store, values
from server.commands.answers import plain_refusals, refuse
from server.commands.rate_card_answer import show_card, show_diff, show_preview

app = typer.Typer(
    help="Publish, show, compare and try rate cards.", no_args_is_help=True, rich_markup_mode=None
)
File = Annotated[Path, typer.Argument(help="The rate card, as TOML.")]
OfAccount = Annotated[
    str | None, typer.Option(metavar="ID", help="An account's own rates. Without it: everybody's card.")
]


@app.command()
def publish(
    file: File, *, account: OfAccount = None, database_url: store.DatabaseUrl = store.DEFAULT
) -> None:
    """Publish a version of the prices; usages from its date on are priced by it.

    \b
    Examples:
      creditgraph rate-card publish prices-2027.toml
      creditgraph rate-card publish acme-2027.toml --account account_…
    """
    with plain_refusals():
        item = PublishRateCard(*_read(file, account))
        published = store.on_store(database_url, lambda database: _publish(database, item))
    typer.echo(
        f"Published: version {published.version}, in force from {published.effective_from.isoformat()}."
    )


@app.command()
def preview(
    file: File, *, account: OfAccount = None, database_url: store.DatabaseUrl = store.DEFAULT
) -> None:
    """Say what publishing a card would mean: problems, changes, and what the last 30 days would have cost.

    \b
    Example:
      creditgraph rate-card preview prices-2027.toml
    """
    with plain_refusals():
        draft, account_id = _read(file, account)
        found = store.on_store(database_url, lambda database: _preview(database, draft, account_id))
    show_preview(found)
    if found.problems:
        raise typer.Exit(1)


@app.command("diff")
def compare(
    before: Annotated[str, typer.Argument(help="A published version.", metavar="A")],
    after: Annotated[str, typer.Argument(help="The version that it is compared with.", metavar="B")],
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Show what two versions have different prices for.

    \b
    Example:
      creditgraph rate-card diff 2025-01-01 prices-2027
    """
    with plain_refusals():
        found = store.on_store(database_url, lambda database: _compared(database, before, after))
    show_diff(found)


@app.command()
def show(
    *,
    at: Annotated[
        str | None, typer.Option(metavar="T", help="The moment, with an offset. Without it: now.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="What this account pays. Without it: everybody's card.")
    ] = None,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Show the prices in force, in credits.

    \b
    Examples:
      creditgraph rate-card show
      creditgraph rate-card show --at 2027-01-01T00:00:00Z --account account_…
    """
    with plain_refusals():
        account_id = None if account is None else values.account_id(account)
        moment = None if at is None else values.moment("--at", at)
        card = store.on_store(database_url, lambda database: _in_force(database, moment, account_id))
    show_card(card)


def _read(file: Path, account: str | None) -> tuple[RateCardDraft, UUID | None]:
    if account is None:
        return values.rate_card_draft("FILE", file), None
    return values.override("FILE", file), values.account_id(account)


async def _publish(database: Database, item: PublishRateCard) -> PublishedRateCard:
    [answer] = await database.write(SetCommand(None, publish_rate_cards, (item,), COMMAND_LINE))
    if isinstance(answer, Exception):
        raise answer
    return answer


async def _preview(database: Database, draft: RateCardDraft, account_id: UUID | None) -> Preview:
    snapshot = Snapshot(database)
    try:
        return await preview_rate_card(snapshot.ask, draft=draft, account_id=account_id, now=database.clock())
    finally:
        await snapshot.close()


async def _compared(database: Database, before: str, after: str) -> RateCardDiff:
    book = await database.ask(price_book)
    return diff(_named(book, "A", before), _named(book, "B", after))


def _named(book: PriceBook, argument: str, version: str) -> RateCard:
    try:
        return card_named(book, version, overrides_of=book.overrides)
    except UnknownVersion as error:
        refuse(f"{argument}: {error}")


async def _in_force(database: Database, at: datetime | None, account_id: UUID | None) -> RateCard:
    book = await database.ask(price_book)
    return book.in_force(at or database.clock(), account_id=account_id)
