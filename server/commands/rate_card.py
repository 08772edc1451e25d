"""`creditgraph rate-card`: the prices."""

from pathlib import Path
from typing import Annotated

import typer

from metering.errors import NoRateCardInForce
from metering.prices import price_book
from metering.rate_cards import publish_rate_card
from models.database import Database
from pricing.credits import Credits
from pricing.rate_card import NoRateCard, Rate, RateCard
from server.commands import store, values
from server.commands.answers import plain_refusals
from server.commands.tables import print_table

app = typer.Typer(help="Publish and show rate cards.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(help="The rate card, as TOML.")],
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Publish a version of the prices; usages from its date on are priced by it.

    \b
    Example:
      creditgraph rate-card publish prices-2027.toml
    """
    with plain_refusals():
        card = values.rate_card("FILE", file)
        store.write_once(database_url, lambda session, *, now: publish_rate_card(session, card=card, now=now))
    typer.echo(f"Published: version {card.version}, in force from {card.effective_from.isoformat()}.")


@app.command()
def show(database_url: store.DatabaseUrl = store.DEFAULT) -> None:
    """Show the prices in force now, in credits.

    \b
    Example:
      creditgraph rate-card show
    """
    with plain_refusals():
        card = store.on_store(database_url, _card_in_force)
    typer.echo(
        f"Version {card.version}, in force from {card.effective_from.isoformat()}; "
        f"rounding {card.rounding} to {card.precision} places"
    )
    print_table(["service type", "provider", "credits"], map(_cells, card.rates))


async def _card_in_force(database: Database) -> RateCard:
    now = database.clock()
    book = await database.ask(price_book)
    try:
        return book.cards.in_force(now)
    except NoRateCard:
        raise NoRateCardInForce(now) from None


def _cells(rate: Rate) -> list[str]:
    return [rate.service_type, rate.provider, "free" if rate.free else _price(rate)]


def _price(rate: Rate) -> str:
    unit = f"{rate.per:,} {rate.unit_type}" if rate.per > 1 else rate.unit_type
    if not rate.tiers:
        return f"{Credits(rate.price_micros)} per {unit}"
    prices = ", then ".join(str(Credits(tier.price_micros)) for tier in rate.tiers)
    return f"{prices} per {unit}, by tiers"
