"""`creditgraph provider`: who may be selected."""

import json
from functools import partial
from typing import Annotated

import typer

from metering.availability import KnownProvider, known_providers, set_availability
from models.database import Database
from pricing.catalogue import RequestComplexity
from pricing.units import ServiceType
from server.commands import store, values
from server.commands.answers import plain_refusals
from server.commands.tables import print_table

app = typer.Typer(
    help="Take providers out of selections, put them back, list them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
OfType = Annotated[ServiceType, typer.Argument(help="The kind of service, e.g. VOICE_STT.", metavar="TYPE")]
Named = Annotated[str, typer.Argument(help="The provider or model.")]


@app.command()
def down(
    service_type: OfType,
    provider: Named,
    reason: Annotated[str | None, typer.Option(help="Why, for those who ask.")] = None,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Take a provider out of selections at once; its fallbacks stand in for it.

    \b
    Example:
      creditgraph provider down VOICE_STT deepgram --reason "its API answers 503"
    """
    with plain_refusals():
        verb = partial(
            set_availability,
            service_type=service_type,
            provider=values.name("PROVIDER", provider),
            available=False,
            reason=None if reason is None else values.text("--reason", reason),
        )
        outage = store.write_once(database_url, verb)
    since = "" if outage is None else f" since {outage.began_at.isoformat(timespec='seconds')}"
    typer.echo(f"Unavailable: {service_type} {provider}{since}.")


@app.command()
def up(
    service_type: OfType,
    provider: Named,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Put a provider back.

    \b
    Example:
      creditgraph provider up VOICE_STT deepgram
    """
    with plain_refusals():
        verb = partial(
            set_availability,
            service_type=service_type,
            provider=values.name("PROVIDER", provider),
            available=True,
            reason=None,
        )
        store.write_once(database_url, verb)
    typer.echo(f"Available: {service_type} {provider}.")


@app.command("list")
def list_providers(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """List who could serve, how good they are, and who is unavailable.

    \b
    Example:
      creditgraph provider list
    """
    with plain_refusals():
        known = store.on_store(database_url, _known)
    if as_json:
        typer.echo(json.dumps([_fields(each) for each in known], ensure_ascii=False, indent=2))
        return
    columns = ["service type", "provider", "accuracy", "quality", "speed", "adequate for", "available"]
    print_table(columns, map(_cells, known))


async def _known(database: Database) -> list[KnownProvider]:
    return await database.ask(partial(known_providers, account_id=None, now=database.clock()))


def _fields(known: KnownProvider) -> dict[str, object]:
    entry, outage = known.entry, known.outage
    return {
        "serviceType": known.service_type,
        "provider": known.provider,
        "accuracy": None if entry is None else entry.accuracy,
        "quality": None if entry is None else entry.quality,
        "speed": None if entry is None else entry.speed,
        "adequateFor": _adequate_for(known),
        "fallbacks": [] if entry is None else entry.fallbacks,
        "available": known.available,
        "unavailableSince": None if outage is None else outage.began_at.isoformat(timespec="seconds"),
        "reason": None if outage is None else outage.reason,
    }


def _cells(known: KnownProvider) -> list[str]:
    entry, outage = known.entry, known.outage
    tiers = ["unknown"] * 3 if entry is None else [entry.accuracy, entry.quality, entry.speed]
    available = "yes"
    if outage is not None:
        since = f"no, since {outage.began_at.isoformat(timespec='seconds')}"
        available = since if outage.reason is None else f"{since}: {outage.reason}"
    return [known.service_type, known.provider, *tiers, ", ".join(_adequate_for(known)), available]


def _adequate_for(known: KnownProvider) -> list[str]:
    return (
        []
        if known.entry is None
        else [each for each in RequestComplexity if each in known.entry.adequate_for]
    )
