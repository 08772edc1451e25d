"""What a period would have cost: at once, or by a job whose progress can be asked."""

from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry

from graph import ids, inputs
from graph.context import Info
from graph.inputs import bad_input
from graph.queries.nodes import ById
from graph.scalars import JsonValue
from graph.types.replay import Replay
from graph.types.replay_job import ReplayJob
from graph.types.run_filter import UsageFilter
from metering.replaying import (
    ALL_RUNS,
    LONGEST_PERIOD,
    InvalidReplay,
    ReplayRequest,
    ReplayTerms,
    configuration_from_settings,
    count_usages,
    rate_card_from_json,
    replay_apart,
    replay_terms,
)
from models.identity import IdKind

MOST_USAGES_AT_ONCE = 20_000


@strawberry.input(
    description=(
        "A period, and what is to be otherwise in it: `preset` or `configuration`, `rateCardVersion` or "
        "`rateCard`, or one of each."
    )
)
class ReplayInput:
    """A period, and what is to be otherwise in it."""

    start: datetime = strawberry.field(
        name="from", description="Usages from this moment on: runs count with their usages in the period."
    )
    end: datetime = strawberry.field(
        name="to", description=f"Usages before this moment, at most {LONGEST_PERIOD.days} days later."
    )
    preset: str | None = strawberry.field(default=None, description="Every run as this preset chooses.")
    configuration: JsonValue | None = strawberry.field(
        default=None,
        description=(
            "Every run as this configuration chooses, its fields as agents store them, such as "
            "`primary_ai_model`."
        ),
    )
    rate_card_version: str | None = strawberry.field(
        default=None,
        description=(
            "Every usage by this published card. A card of the account's own stands in place of everybody's "
            "card in force at the time; everybody's is taken alone, and so are two that are named together, "
            "as `rateCard` names what an account pays."
        ),
    )
    rate_card: JsonValue | None = strawberry.field(
        default=None,
        description="Every usage by this card, its fields as in a rate card's file, e.g. `effective_from`.",
    )
    filter: UsageFilter | None = strawberry.field(default=None, description="Only runs like these.")

    def read(self) -> ReplayRequest:
        """Check all that can be checked without the store; BAD_USER_INPUT names the field."""
        preset = inputs.optional_name("preset", self.preset)
        # Text, since two names together may be longer than a name.
        version = inputs.optional_text("rateCardVersion", self.rate_card_version)
        runs = ALL_RUNS if self.filter is None else self.filter.runs()
        settings, card = self.configuration, self.rate_card
        try:
            return ReplayRequest(
                start=self.start,
                end=self.end,
                preset=preset,
                configuration=None if settings is None else configuration_from_settings(settings),
                rate_card_version=version,
                rate_card=None if card is None else rate_card_from_json(card),
                runs=runs,
            )
        except InvalidReplay as error:
            raise bad_input(error.field, str(error)) from error


Given = Annotated[ReplayInput, strawberry.argument(description="The period and the rules.")]


async def replay(info: Info, input: Given) -> Replay:
    """Replay at once, in the operation's snapshot."""
    request = input.read()
    terms = await terms_of(info, request)
    past = request.past(info.context.account_id)
    ask = info.context.snapshot.ask
    found = await ask(partial(count_usages, past=past, at_most=MOST_USAGES_AT_ONCE + 1))
    if found > MOST_USAGES_AT_ONCE:
        message = (
            f"there are more than {MOST_USAGES_AT_ONCE:,} usages, the most that are replayed at once: "
            "shorten the period, or start a job by the mutation startReplay."
        )
        raise bad_input("from", message)
    return Replay.of(await replay_apart(ask, past=past, terms=terms, progress=_untold))


async def replay_job(info: Info, id: ById) -> ReplayJob | None:
    """Find a job."""
    key = (info.context.account_id, ids.read("id", IdKind.REPLAY_JOB, id))
    row = await info.context.loaders.replay_job_by_id.load(key)
    return None if row is None else ReplayJob.of(row)


async def terms_of(info: Info, request: ReplayRequest) -> ReplayTerms:
    """Make a request's terms; BAD_USER_INPUT names what the store does not know."""
    verb = partial(replay_terms, account_id=info.context.account_id, request=request, now=info.context.now())
    try:
        return await info.context.snapshot.ask(verb)
    except InvalidReplay as error:
        raise bad_input(error.field, str(error)) from error


async def _untold(_done: int) -> None:
    """Tell nobody."""
