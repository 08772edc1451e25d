"""Every case of a replay, in a history small enough to be worked out by hand, on both databases.

Under `cost_optimized` the phone is off, the model is gpt-4o-mini, speech goes to deepgram and openai-tts, and a
request may cost 50 credits. gpt-4o-mini costs 1 credit per 1,000 tokens in the morning and 2 from noon on.
"""

import re
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from metering.analytics import RunsLike
from metering.errors import AccountNotFound
from metering.replaying import (
    InvalidReplay,
    Replay,
    ReplayRefusalKind,
    ReplayRequest,
    configuration_from_settings,
    replay_request,
)
from models.identity import new_id
from models.selection import WorkflowSelection
from models.writer import Command
from pricing.credits import Credits
from pricing.rate_card import RateCard
from pricing.rate_card_file import built_in_rate_card
from tests.metering.replaying.history import (
    BUILT_IN,
    DAY,
    NEXT_DAY,
    dearer_card,
    every_case,
    in_words,
    moment,
    publish,
    recorded,
    replayed,
)
from tests.tenant import Tenant, new_tenant


def rows(replay: Replay) -> dict[str, str]:
    return {str(row.workflow_name): in_words(row.figures) for row in replay.by_workflow_name}


def services(replay: Replay) -> dict[str, str]:
    return {
        f"{row.service_type} {row.provider}": (
            f"{row.usage_count} {Credits(row.actual_micros)}; refused {row.refused_usage_count} "
            f"{Credits(row.refused_micros)}; then {row.replayed_usage_count} {Credits(row.replayed_micros)}"
        )
        for row in replay.by_service
    }


def changes(replay: Replay) -> list[str]:
    return [
        f"{row.service_type} {row.from_provider} to {row.to_provider}: {row.usage_count} usages "
        f"{Credits(row.actual_micros)} -> {Credits(row.replayed_micros)}"
        for row in replay.changed_choices
    ]


def refusals(replay: Replay) -> list[str]:
    return [
        f"{row.kind}: {row.run_count} runs {row.usage_count} usages {Credits(row.actual_micros)}"
        for row in replay.refusals
    ]


async def test_another_configuration(tenant: Tenant) -> None:
    runs = await every_case(tenant)
    replay = await replayed(tenant, preset="cost_optimized")
    assert in_words(replay.totals) == "7 runs 12 usages 398; refused 2 4 343; 55 -> 32"
    assert replay.totals.saved == Credits.whole(23)
    assert rows(replay) == {
        "long_chat": "1 runs 2 usages 240; refused 1 2 240; 0 -> 0",
        "phone_ai_call": "1 runs 2 usages 103; refused 1 2 103; 0 -> 0",
        # deepgram for 16 in place of 20, gpt-4o-mini for 3 (by the dearer card) of 15, openai-tts for 1; and the
        # part of the other run that lies in the period: 1 in place of 8.
        "voice_chat": "2 runs 4 usages 44; refused 0 0 0; 44 -> 21",
        # SMS stays with twilio, for which no configuration has a field; the usage at the end's moment is out.
        "reminder": "2 runs 3 usages 9; refused 0 0 0; 9 -> 9",
        "voided_chat": "1 runs 1 usages 2; refused 0 0 0; 2 -> 2",
    }
    assert services(replay) == {
        "GPT gpt-4o": "3 183; refused 1 160; then 0 0",
        "PHONE twilio": "1 100; refused 1 100; then 0 0",
        "VOICE_TTS elevenlabs": "2 81; refused 1 80; then 0 0",
        "VOICE_STT openai-whisper": "1 20; refused 0 0; then 0 0",
        "GPT gpt-4o-mini": "4 8; refused 1 3; then 5 9",
        "SMS twilio": "1 6; refused 0 0; then 1 6",
        "VOICE_STT deepgram": "0 0; refused 0 0; then 1 16",
        "VOICE_TTS openai-tts": "0 0; refused 0 0; then 1 1",
    }
    assert changes(replay) == [
        "GPT gpt-4o to gpt-4o-mini: 2 usages 23 -> 4",
        "VOICE_STT openai-whisper to deepgram: 1 usages 20 -> 16",
        "VOICE_TTS elevenlabs to openai-tts: 1 usages 1 -> 1",
    ]
    assert refusals(replay) == ["OVER_LIMIT: 1 runs 2 usages 240", "SERVICE_DISABLED: 1 runs 2 usages 103"]
    assert [(row.workflow_id, row.kind, row.sentence) for row in replay.refused_runs] == [
        (
            runs["over the limit"].id,
            ReplayRefusalKind.OVER_LIMIT,
            (
                "The plan costs 60 credits, 10 over the limit of 50; with the cheaper providers that the request "
                "allows, 60. This much of it fits: 16500 TOKENS of GPT by gpt-4o-mini, 33000 CHARACTERS of "
                "VOICE_TTS by openai-tts."
            ),
        ),
        (
            runs["phone"].id,
            ReplayRefusalKind.SERVICE_DISABLED,
            "PHONE is disabled: set phone_enabled to true, or leave it out of the request.",
        ),
    ]


async def test_other_prices(tenant: Tenant) -> None:
    await every_case(tenant)
    supplied = await replayed(tenant, rate_card=replace(dearer_card(), version="supplied"))
    published = await replayed(tenant, rate_card_version="dearer")
    assert supplied == published
    assert in_words(supplied.totals) == "7 runs 12 usages 398; refused 0 0 0; 398 -> 446"
    assert supplied.totals.saved == Credits.whole(-48)
    assert rows(supplied)["voice_chat"] == "2 runs 4 usages 44; refused 0 0 0; 44 -> 46"
    assert (supplied.changed_choices, supplied.refusals, supplied.refused_runs) == ((), (), ())
    assert services(supplied)["GPT gpt-4o-mini"] == "4 8; refused 0 0; then 4 14"


async def test_prices_that_lack_a_rate(tenant: Tenant) -> None:
    runs = await every_case(tenant)
    replay = await replayed(tenant, rate_card_version=BUILT_IN)
    assert in_words(replay.totals) == "7 runs 12 usages 398; refused 1 2 8; 390 -> 387"
    assert [(row.workflow_id, row.kind, row.sentence) for row in replay.refused_runs] == [
        (
            runs["sms"].id,
            ReplayRefusalKind.NO_RATE,
            "The rate card has no rate for SMS; it has GPT, PHONE, VISION, VOICE_STT, VOICE_TTS.",
        )
    ]


async def test_both(tenant: Tenant) -> None:
    await every_case(tenant)
    replay = await replayed(tenant, preset="cost_optimized", rate_card=dearer_card("supplied"))
    # gpt-4o-mini costs 2 all day, claude-3-haiku still 1: it takes the model's place only where a rule asks.
    assert in_words(replay.totals) == "7 runs 12 usages 398; refused 2 4 343; 55 -> 36"
    nothing = await replayed(tenant, preset="cost_optimized", rate_card_version=BUILT_IN)
    # The SMS has no price by the built-in card, and nobody stands in for its provider.
    assert in_words(nothing.totals) == "7 runs 12 usages 398; refused 3 6 351; 47 -> 23"
    assert refusals(nothing)[-1] == "NOTHING_SERVES: 1 runs 2 usages 8"


async def test_a_configuration_of_ones_own(tenant: Tenant) -> None:
    await every_case(tenant)
    settings = {"primary_ai_model": "gpt-4", "phone_enabled": True, "cost_optimization": False}
    replay = await replayed(tenant, configuration=configuration_from_settings(settings))
    assert rows(replay) == {
        "long_chat": "1 runs 2 usages 240; refused 0 0 0; 240 -> 540",
        "phone_ai_call": "1 runs 2 usages 103; refused 0 0 0; 103 -> 175",
        "voice_chat": "2 runs 4 usages 44; refused 0 0 0; 44 -> 80",
        "reminder": "2 runs 3 usages 9; refused 0 0 0; 9 -> 56",
        "voided_chat": "1 runs 1 usages 2; refused 0 0 0; 2 -> 50",
    }


async def test_what_a_run_was_selected_for_counts_again(tenant: Tenant) -> None:
    run = await recorded(
        tenant,
        "voice_chat",
        "9:00",
        "9:01 GPT gpt-4 1000 TOKENS",
        "9:01 VOICE_STT deepgram 2 MINUTES",
    )
    settings = {"primary_ai_model": "gpt-4o"}
    configuration = configuration_from_settings(settings)
    as_usual = await replayed(tenant, configuration=configuration)
    assert in_words(as_usual.totals) == "1 runs 2 usages 41; refused 0 0 0; 41 -> 24"
    for complexity, accuracy in (("HIGH", "LOW"), ("LOW", "HIGH")):
        await select_for(tenant, run.id, complexity=complexity, accuracy=accuracy)
    replay = await replayed(tenant, configuration=configuration)
    # The newest counts: of low complexity, and so the small model; of high accuracy, and so openai-whisper.
    assert changes(replay) == [
        "GPT gpt-4 to gpt-4o-mini: 1 usages 25 -> 1",
        "VOICE_STT deepgram to openai-whisper: 1 usages 16 -> 20",
    ]


async def test_the_accuracy_of_a_configuration_goes_with_it(tenant: Tenant) -> None:
    run = await recorded(tenant, "voice_chat", "9:00", "9:01 VOICE_STT openai-whisper 2 MINUTES")
    await select_for(tenant, run.id, complexity="NORMAL", accuracy="HIGH", requested_accuracy=None)
    replay = await replayed(tenant, configuration=configuration_from_settings({}))
    # The request asked for no accuracy: openai-whisper was the old configuration's wish.
    assert changes(replay) == ["VOICE_STT openai-whisper to deepgram: 1 usages 20 -> 16"]


async def select_for(tenant: Tenant, workflow_id: Any, **record: str | None) -> None:
    def verb(session: Any, *, now: Any) -> None:
        session.add(
            WorkflowSelection(
                account_id=tenant.account_id,
                id=new_id(),
                workflow_id=workflow_id,
                total_credits=Credits.ZERO,
                record=record,
                made_at=now,
            )
        )
        session.flush()

    await tenant.database.write(Command(tenant.account_id, verb))


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (RunsLike(workflow_name="voice_chat"), "2 runs 4 usages 44; refused 0 0 0; 44 -> 21"),
        (RunsLike(user_id="ann"), "1 runs 2 usages 103; refused 1 2 103; 0 -> 0"),
        (RunsLike(business_adapter="emergencyservices"), "1 runs 2 usages 103; refused 1 2 103; 0 -> 0"),
        (RunsLike(agent_id=new_id()), "0 runs 0 usages 0; refused 0 0 0; 0 -> 0"),
        (RunsLike(workflow_name="voice_chat", user_id="ann"), "0 runs 0 usages 0; refused 0 0 0; 0 -> 0"),
    ],
)
async def test_filters(tenant: Tenant, runs: RunsLike, expected: str) -> None:
    await every_case(tenant)
    assert in_words((await replayed(tenant, preset="cost_optimized", runs=runs)).totals) == expected


async def test_runs_of_a_key(tenant: Tenant) -> None:
    await every_case(tenant)
    other = await tenant.with_another_key()
    await recorded(other, "voice_chat", "9:00", "9:01 GPT gpt-4o 1000 TOKENS")
    only = RunsLike(api_key_id=other.api_key_id)
    replay = await replayed(tenant, preset="cost_optimized", runs=only)
    assert in_words(replay.totals) == "1 runs 1 usages 8; refused 0 0 0; 8 -> 1"


async def test_an_account_without_usages(tenant: Tenant) -> None:
    assert await replayed(tenant, preset="balanced") == Replay.of_nothing()
    await tenant.start()
    assert await replayed(tenant, preset="balanced") == Replay.of_nothing()


async def test_a_supplied_card_prices_whatever_its_date(tenant: Tenant) -> None:
    early = replace(built_in_rate_card(), version="later", effective_from=moment("10:00"))
    await recorded(tenant, "voice_chat", "9:00", "11:00 GPT gpt-4o 1000 TOKENS")
    settings = configuration_from_settings({})
    assert in_words((await replayed(tenant, configuration=settings)).totals) == (
        "1 runs 1 usages 8; refused 0 0 0; 8 -> 1"
    )
    supplied = await replayed(tenant, configuration=settings, rate_card=early)
    assert in_words(supplied.totals) == "1 runs 1 usages 8; refused 0 0 0; 8 -> 1"


async def test_an_accounts_own_card(tenant: Tenant) -> None:
    stranger = await new_tenant(tenant.database, "Stranger")
    await publish(tenant.database, only_gpt_4o("mine"), tenant.account_id)
    await publish(tenant.database, only_gpt_4o("theirs"), stranger.account_id)
    await recorded(tenant, "voice_chat", "9:00", "9:01 GPT gpt-4o 1000 TOKENS", "9:01 GPT gpt-4 1000 TOKENS")
    # Published for noon, it did not price the morning; everybody's card prices what it leaves out.
    own = await replayed(tenant, rate_card_version="mine")
    assert in_words(own.totals) == "1 runs 2 usages 33; refused 0 0 0; 33 -> 28"
    # Both parts named, as the account reads them from its usages.
    assert await replayed(tenant, rate_card_version=f"{BUILT_IN} + mine") == own
    for unseen in ("theirs", f"{BUILT_IN} + theirs"):
        with pytest.raises(InvalidReplay, match=re.escape(f"there is no version {unseen!r}")) as refused:
            await replayed(tenant, rate_card_version=unseen)
        assert refused.value.field == "rateCardVersion"


def only_gpt_4o(version: str) -> RateCard:
    [rate] = [
        rate for rate in built_in_rate_card().rates if (rate.service_type, rate.provider) == ("GPT", "gpt-4o")
    ]
    cheap = replace(rate, price_micros=3_000_000)
    return replace(built_in_rate_card(), version=version, effective_from=moment("12:00"), rates=(cheap,))


async def test_no_such_account(tenant: Tenant) -> None:
    request = ReplayRequest(DAY, NEXT_DAY, preset="balanced")
    nobody = partial(
        replay_request,
        account_id=new_id(),
        request=request,
        progress=lambda _done, _total: None,
        now=NEXT_DAY,
    )
    with pytest.raises(AccountNotFound):
        await tenant.database.ask(nobody)
