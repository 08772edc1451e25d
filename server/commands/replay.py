"""`creditgraph replay`: what would a period have cost?"""

import json
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from metering.analytics import RunsLike
from metering.auditing import unhurried
from metering.replaying import (
    LONGEST_PERIOD,
    InvalidReplay,
    Replay,
    ReplayRequest,
    configuration_from_settings,
    replay_request,
)
from models.database import Database, Question
from models.identity import IdKind, parse_id
from pricing.configuration import ServiceConfiguration
from server.commands import store, values
from server.commands.answers import plain_refusals
from server.commands.replay_answer import print_replay, replay_fields
from server.files import text_of
from server.progress import told_progress
from server.settings import InvalidSettings

From = Annotated[
    str,
    typer.Option("--from", metavar="T", help="Usages from this moment on, e.g. 2027-01-01T00:00:00Z."),
]
To = Annotated[
    str,
    typer.Option(
        "--to", metavar="T", help=f"Usages before this moment, at most {LONGEST_PERIOD.days} days later."
    ),
]
ConfigurationFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Every run as this configuration chooses: a JSON object with fields as agents store them.",
    ),
]
Lines = Annotated[
    bool,
    typer.Option("--progress", help="Tell the progress in lines where standard error is no terminal."),
]


def replay(
    *,
    account: Annotated[str, typer.Option(metavar="ID", help="Whose runs.")],
    start: From,
    end: To,
    preset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Every run as this preset chooses.")
    ] = None,
    configuration: ConfigurationFile = None,
    rate_card_version: Annotated[
        str | None, typer.Option(metavar="V", help="Every usage by this published rate card.")
    ] = None,
    rate_card: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Every usage by the rate card in this TOML file.")
    ] = None,
    workflow_name: Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of this name.")] = None,
    adapter: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only runs of this business adapter.")
    ] = None,
    agent: Annotated[str | None, typer.Option(metavar="ID", help="Only runs of this agent.")] = None,
    user: Annotated[str | None, typer.Option(metavar="ID", help="Only runs for this user.")] = None,
    api_key: Annotated[str | None, typer.Option(metavar="ID", help="Only runs of this API key.")] = None,
    progress: Lines = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
    database_url: store.DatabaseUrl = store.DEFAULT,
) -> None:
    """Work out what a period would have cost under another configuration, other prices, or both.

    Give --preset or --configuration, --rate-card-version or --rate-card, or one of each.

    \b
    Examples:
      creditgraph replay --account account_0199… --from 2027-01-01T00:00:00Z \\
        --to 2027-02-01T00:00:00Z --preset cost_optimized
      creditgraph replay --account account_0199… --from 2027-01-01T00:00:00Z \\
        --to 2027-02-01T00:00:00Z --rate-card prices-2028.toml --json
    """
    with plain_refusals(), told_progress("runs", in_lines=progress) as tell:
        account_id = values.account_id(account)
        runs = RunsLike(
            workflow_name=None if workflow_name is None else values.name("--workflow-name", workflow_name),
            business_adapter=None if adapter is None else values.name("--adapter", adapter),
            agent_id=None if agent is None else _id("--agent", IdKind.AGENT, agent),
            user_id=None if user is None else values.text("--user", user),
            api_key_id=None if api_key is None else _id("--api-key", IdKind.API_KEY, api_key),
        )
        card = None if rate_card is None else values.rate_card("--rate-card", rate_card)
        try:
            request = ReplayRequest(
                start=values.moment("--from", start),
                end=values.moment("--to", end),
                preset=preset,
                configuration=None if configuration is None else _configuration(configuration),
                rate_card_version=rate_card_version,
                rate_card=card,
                runs=runs,
            )
            question = partial(replay_request, account_id=account_id, request=request, progress=tell)
            answer = store.on_store(database_url, partial(_asked, question))
        except InvalidReplay as error:
            raise InvalidSettings(f"{_option(error.field)}: {error}") from None
    if as_json:
        typer.echo(json.dumps(replay_fields(answer), ensure_ascii=False, indent=2))
    else:
        print_replay(answer)


async def _asked(question: "partial[Replay]", database: Database) -> Replay:
    at_this_time: Question[Replay] = partial(question, now=database.clock())
    return await database.ask(unhurried(at_this_time))


def _id(option: str, kind: IdKind, text: str) -> UUID:
    try:
        return parse_id(text, kind)
    except ValueError as error:
        raise InvalidSettings(f"{option}: {error}") from None


def _configuration(path: Path) -> ServiceConfiguration:
    text = text_of("--configuration", path)
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidSettings(f"--configuration: {path} is not JSON: {error}.") from None
    if not isinstance(settings, dict):
        raise InvalidSettings(f"--configuration: {path} must hold a JSON object.")
    return configuration_from_settings(settings)


def _option(field: str) -> str:
    """Name the option that a field of the request comes from, and where in it the trouble is."""
    root, dot, rest = field.partition(".")
    return f"{_OPTIONS[root]}{dot and ': '}{rest}"


_OPTIONS = {
    "from": "--from",
    "to": "--to",
    "preset": "--preset",
    "configuration": "--configuration",
    "rateCardVersion": "--rate-card-version",
    "rateCard": "--rate-card",
}
