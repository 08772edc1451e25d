"""Rate cards, comparisons and previews as a person reads them."""

from fractions import Fraction

import typer

from metering.rate_cards import Preview, ServiceCost
from pricing.credits import Credits
from pricing.rate_card import Rate, RateCard
from pricing.rate_card_diff import RateCardDiff, RateDifference
from server.commands.tables import print_table


def show_card(card: RateCard) -> None:
    """Print a card with its prices."""
    typer.echo(f"Version {card.version}, in force from {card.effective_from.isoformat()}; {_rounding(card)}")
    print_table(["service type", "provider", "credits"], map(_cells, card.rates))


def show_diff(diff: RateCardDiff) -> None:
    """Print what two cards have different prices for."""
    typer.echo(f"From {diff.before.version} to {diff.after.version}: {diff.unchanged_count} rates unchanged")
    if diff.changes_rounding:
        typer.echo(f"{_rounding(diff.before)} becomes {_rounding(diff.after)}")
    differences = [*diff.added, *diff.removed, *diff.changed]
    if differences:
        columns = ["service type", "provider", "unit", "before", "after", "change"]
        print_table(columns, map(_difference, differences))


def show_preview(preview: Preview) -> None:
    """Print what publishing a draft would mean."""
    for problem in preview.problems:
        typer.echo(f"Problem: {problem.field}: {problem.message}")
    typer.echo(f"In force from {preview.effective_from.isoformat()}")
    if preview.diff is not None:
        show_diff(preview.diff)
    cost = preview.cost
    typer.echo(f"Usages from {cost.start.isoformat()} to {cost.end.isoformat()}, in credits:")
    columns = [
        "service type",
        "provider",
        "usages",
        "before",
        "after",
        "change",
        "not priced",
        "their credits",
    ]
    totals = ["all", "", *_figures(cost.totals)]
    rows = [[each.service_type, each.provider, *_figures(each)] for each in cost.services]
    print_table(columns, [*rows, totals])


def _rounding(card: RateCard) -> str:
    return f"rounding {card.rounding} to {card.precision} places"


def _cells(rate: Rate) -> list[str]:
    return [rate.service_type, rate.provider, _terms(rate)]


def _terms(rate: Rate) -> str:
    return "free" if rate.free else _price(rate)


def _price(rate: Rate) -> str:
    unit = f"{rate.per:,} {rate.unit_type}" if rate.per > 1 else rate.unit_type
    if not rate.tiers:
        return f"{Credits(rate.price_micros)} per {unit}"
    prices = ", then ".join(str(Credits(tier.price_micros)) for tier in rate.tiers)
    return f"{prices} per {unit}, by tiers"


def _difference(each: RateDifference) -> list[str]:
    before, after = ("none" if rate is None else _terms(rate) for rate in (each.before, each.after))
    return [each.service_type, each.provider, each.unit_type, before, after, _percent(each.price_change)]


def _percent(change: Fraction | None) -> str:
    if change is None:
        return ""
    hundredths = round(change * 10_000)
    sign = "-" if hundredths < 0 else "+"
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02} %"


def _figures(cost: ServiceCost) -> list[str]:
    return [
        f"{cost.usage_count:,}",
        str(Credits(cost.before_micros)),
        str(Credits(cost.after_micros)),
        str(Credits(cost.after_micros - cost.before_micros)),
        f"{cost.unpriced_count:,}",
        str(Credits(cost.unpriced_micros)),
    ]
