"""Runs are selected for as they start and as credits are held; what is refused leaves nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from metering.agents import archive_agent
from metering.availability import set_availability
from metering.credits import CreditsHold, HoldCredits, HoldPlan
from metering.errors import (
    AgentNotFound,
    AmountTooLarge,
    BudgetExceeded,
    CreditsExhausted,
    IdempotencyConflict,
    InvalidAgent,
    NothingServes,
    NothingToHold,
    PlanOverLimit,
    ProviderUnnamed,
    ServiceDisabled,
)
from metering.idempotency import fingerprint
from metering.plans import InvalidPlan, Plan
from metering.rate_cards import publish_rate_card
from models.agent import Agent
from models.database import Database
from models.workflow import Workflow
from models.writer import Command
from pricing.catalogue import RequestComplexity
from pricing.configuration import AccuracyRequirement
from pricing.credits import Credits
from pricing.rate import Rate
from pricing.selection import ServiceRequest
from pricing.units import ServiceType, UnitType
from tests.budgets import limit
from tests.clock import NOON, SettableClock
from tests.graph.agents import new_agent
from tests.metering.conftest import NothingWritten
from tests.metering.selections.kept import lines, served, stored
from tests.metering.test_rate_cards import card, phone
from tests.pricing.selections import PHONE, PRESETS, STT, TOKENS, TTS, VISION, need
from tests.tenant import Tenant, given, next_key

# With the preset balanced and LOW complexity: deepgram 40, gpt-4o-mini 3 in place of gpt-4o 24, cartesia 3.
VOICE = (STT, TOKENS, TTS)
PREMIUM = PRESETS["premium_quality"].to_mapping()


def wanted(*needs: str, complexity: str = "LOW", accuracy: str | None = None, **chooser: Any) -> Plan:
    """A plan of needs such as "VOICE_STT 5 MINUTES"."""
    request = ServiceRequest(
        tuple(map(need, needs)),
        RequestComplexity(complexity),
        None if accuracy is None else AccuracyRequirement(accuracy),
    )
    return Plan(request, **chooser)


async def started(tenant: Tenant, plan: Plan, **fields: Any) -> Any:
    """Start a run with a selection, or raise the refusal."""
    [answer] = await tenant.start_all(tenant.run(selection=plan, **fields))
    return given(answer)


def holding(tenant: Tenant, run: Workflow, plan: Plan, **fields: Any) -> HoldCredits:
    """Write down a hold of what is selected for a run."""
    fields.setdefault("idempotency_key", next_key())
    return HoldCredits(tenant.account_id, run.id, HoldPlan(selection=plan), **fields)


async def held(tenant: Tenant, run: Workflow, plan: Plan, **fields: Any) -> CreditsHold:
    """Hold what is selected for a run, or raise the refusal."""
    [answer] = await tenant.hold_all(holding(tenant, run, plan, **fields))
    return cast("CreditsHold", given(answer))


async def switch(tenant: Tenant, service: str, provider: str, *, available: bool) -> None:
    verb = partial(
        set_availability,
        service_type=ServiceType(service),
        provider=provider,
        available=available,
        reason="a test",
    )
    await tenant.database.write(Command(None, verb))


@pytest.fixture
async def agent(tenant: Tenant) -> Agent:
    """An agent with the preset balanced."""
    return await new_agent(tenant, business_adapter="languagelearning", preset="balanced")


async def test_a_run_keeps_what_its_agent_selected_for_it(tenant: Tenant, agent: Agent) -> None:
    start = await started(tenant, wanted(*VOICE), agent_id=agent.id)
    assert served(start.selection.selection) == "deepgram 40, gpt-4o-mini 3, cartesia 3"
    assert (start.hold, start.replayed) == (None, False)
    [kept] = await stored(tenant, start.workflow)
    assert kept.selection == start.selection.selection
    row = kept.row
    assert (row.id, row.agent_version, row.preset) == (start.selection.row.id, 1, "balanced")
    assert (str(row.total_credits), row.made_at, row.shadow_policy_id) == ("46", NOON, None)
    assert kept.selection.card_version == "2025-01-01"


async def test_what_was_selected_is_held_line_by_line(tenant: Tenant, agent: Agent) -> None:
    start = await started(tenant, wanted(*VOICE), agent_id=agent.id, hold=HoldPlan())
    assert str(start.hold.amount) == "46"
    assert await lines(tenant, start.hold) == "deepgram 40, gpt-4o-mini 3, cartesia 3"
    hold = await tenant.hold_now(start.hold)
    assert hold.rate_card_id is not None
    # An extension is priced as the first slice was.
    extension = await tenant.extend(start.hold, "VOICE_STT deepgram 1 MINUTES")
    assert (str(extension.added), str(extension.hold.amount)) == ("8", "54")


async def test_a_running_run_is_selected_for_again(
    tenant: Tenant, agent: Agent, clock: SettableClock
) -> None:
    start = await started(tenant, wanted(*VOICE), agent_id=agent.id)
    clock.forward(minutes=1)
    again = await held(tenant, start.workflow, wanted(STT, accuracy="HIGH"))
    assert (str(again.hold.amount), await lines(tenant, again.hold)) == ("50", "openai-whisper 50")
    assert again.selection is not None
    assert again.selection.row.agent_version == 1
    made = [(kept.row.made_at, served(kept.selection)) for kept in await stored(tenant, start.workflow)]
    assert made == [
        (NOON, "deepgram 40, gpt-4o-mini 3, cartesia 3"),
        (NOON + timedelta(minutes=1), "openai-whisper 50"),
    ]


@pytest.mark.parametrize(
    ("chooser", "expected", "preset"),
    [
        ({"preset": "premium_quality"}, "openai-whisper 50, gpt-4 75, elevenlabs 4", "premium_quality"),
        (
            {"configuration": {"stt_provider": "openai-whisper", "tts_provider": "elevenlabs"}},
            "deepgram 40, gpt-4o-mini 3, elevenlabs 4",
            None,
        ),
    ],
)
async def test_a_plan_brings_its_own_chooser(
    tenant: Tenant, agent: Agent, chooser: dict[str, Any], expected: str, preset: str | None
) -> None:
    start = await started(tenant, wanted(*VOICE, **chooser), agent_id=agent.id, hold=HoldPlan())
    assert await lines(tenant, start.hold) == expected
    [kept] = await stored(tenant, start.workflow)
    assert (kept.row.agent_version, kept.row.preset) == (None, preset)


async def test_another_agent_chooses_for_a_run_without_one(tenant: Tenant, agent: Agent) -> None:
    start = await started(tenant, wanted(*VOICE, agent_id=agent.id))
    assert served(start.selection.selection) == "deepgram 40, gpt-4o-mini 3, cartesia 3"
    assert (start.workflow.agent_id, start.selection.row.agent_version) == (None, 1)


async def test_a_provider_that_is_down_is_not_selected(tenant: Tenant, agent: Agent) -> None:
    await switch(tenant, "VOICE_STT", "deepgram", available=False)
    start = await started(tenant, wanted(STT), agent_id=agent.id)
    [decision] = start.selection.selection.decisions
    assert (decision.requested_provider, decision.provider, decision.rule) == (
        "deepgram",
        "openai-whisper",
        "UNAVAILABLE",
    )
    await switch(tenant, "VOICE_STT", "deepgram", available=True)
    assert (
        served((await started(tenant, wanted(STT), agent_id=agent.id)).selection.selection) == "deepgram 40"
    )


async def test_an_account_is_selected_for_by_its_own_prices(tenant: Tenant) -> None:
    own = card("Acme's", NOON, phone(7))
    await tenant.database.write(
        Command(None, partial(publish_rate_card, card=own, account_id=tenant.account_id))
    )
    start = await started(tenant, wanted(PHONE, STT, preset="premium_quality"), hold=HoldPlan())
    assert await lines(tenant, start.hold) == "twilio 35, openai-whisper 50"
    assert start.hold.override_card_id is not None
    [kept] = await stored(tenant, start.workflow)
    assert kept.selection.card_version == "2025-01-01 + Acme's"


@pytest.mark.parametrize(
    ("plan", "kind", "message"),
    [
        (wanted(PHONE, VISION), ServiceDisabled, "PHONE is disabled: set phone_enabled to true"),
        (wanted("SMS 1 MESSAGES"), ProviderUnnamed, "No configuration chooses a provider of SMS"),
        (wanted("GPT 1 TOKENS gpt-9"), NothingServes, "Nothing serves GPT in place of gpt-9."),
        (
            wanted("VOICE_STT 20 MINUTES"),
            PlanOverLimit,
            "The plan costs 160 credits, 85 over the limit of 75",
        ),
        (
            wanted("PHONE 40000000000 MINUTES", "VISION 90000000000 IMAGES", preset="emergency_services"),
            AmountTooLarge,
            "cost too much|costs too much",
        ),
        (wanted(STT, preset="ballanced"), InvalidPlan, "balanced"),
        (wanted(STT, configuration={"stt_provider": "dpgram"}), InvalidPlan, "deepgram"),
    ],
)
async def test_a_refused_selection_starts_and_holds_nothing(
    tenant: Tenant,
    agent: Agent,
    nothing_written: NothingWritten,
    plan: Plan,
    kind: type[Exception],
    message: str,
) -> None:
    run = await tenant.start(agent_id=agent.id)
    async with nothing_written():
        for hold in (None, HoldPlan()):
            with pytest.raises(kind, match=message):
                await started(tenant, plan, agent_id=agent.id, hold=hold)
        with pytest.raises(kind, match=message):
            await held(tenant, run, plan)


async def test_a_refusal_over_the_limit_says_what_would_fit(tenant: Tenant, agent: Agent) -> None:
    plan = wanted(*VOICE, configuration={**PREMIUM, "max_credits_per_request": "60"}, accuracy="HIGH")
    with pytest.raises(PlanOverLimit) as raised:
        await started(tenant, plan, agent_id=agent.id)
    over = raised.value
    assert (str(over.estimate), str(over.limit)) == ("129", "60")
    assert over.would_fit.offer is not None
    assert str(over.would_fit.offer.total) == "45"


async def test_without_anybody_who_chooses(tenant: Tenant, nothing_written: NothingWritten) -> None:
    run = await tenant.start()
    async with nothing_written():
        for act in (started(tenant, wanted(STT)), held(tenant, run, wanted(STT))):
            with pytest.raises(InvalidPlan, match="the run has no agent that chooses") as raised:
                await act
            assert raised.value.field == "selection.agentId"


async def test_an_archived_agent_chooses_no_more(
    tenant: Tenant, agent: Agent, nothing_written: NothingWritten
) -> None:
    run = await tenant.start(agent_id=agent.id)
    verb = partial(archive_agent, account_id=tenant.account_id, agent_id=agent.id)
    await tenant.database.write(Command(tenant.account_id, verb))
    async with nothing_written():
        for act in (started(tenant, wanted(STT), agent_id=agent.id), held(tenant, run, wanted(STT))):
            with pytest.raises(AgentNotFound):
                await act


async def test_an_agent_whose_configuration_no_longer_holds_together(
    tenant: Tenant, agent: Agent, nothing_written: NothingWritten
) -> None:
    def lose_its_adapter(session: Session, *, now: datetime) -> None:  # noqa: ARG001 - a verb
        session.execute(update(Agent).where(Agent.id == agent.id).values(business_adapter="gone"))

    await tenant.database.write(Command(tenant.account_id, lose_its_adapter))
    async with nothing_written():
        with pytest.raises(InvalidAgent, match="gone"):
            await started(tenant, wanted(STT), agent_id=agent.id)


async def test_what_is_selected_must_be_covered_whether_it_is_held_or_not(
    prepaid: Tenant, nothing_written: NothingWritten
) -> None:
    await prepaid.grant("45")
    plan = wanted(*VOICE, preset="balanced")
    async with nothing_written():
        for hold in (None, HoldPlan(), HoldPlan(amount=Credits.whole(1))):
            with pytest.raises(CreditsExhausted) as raised:
                await started(prepaid, plan, hold=hold)
            assert (str(raised.value.needed), str(raised.value.available)) == ("46", "45")
            assert Credits.total(line.credits for line in raised.value.fitting) <= Credits.whole(45)
            assert raised.value.fitting[0].provider == "deepgram"
    await prepaid.grant("1")
    assert str((await started(prepaid, plan, hold=HoldPlan())).hold.amount) == "46"


async def test_budgets_are_asked_about_what_is_selected(
    tenant: Tenant, agent: Agent, nothing_written: NothingWritten
) -> None:
    await limit(tenant, "ACCOUNT", "DAY", "45")
    async with nothing_written():
        for hold in (None, HoldPlan()):
            with pytest.raises(BudgetExceeded) as raised:
                await started(tenant, wanted(*VOICE), agent_id=agent.id, hold=hold)
            assert (str(raised.value.needed), str(raised.value.left)) == ("46", "45")
            assert raised.value.fitting
    # What runs is the cheaper plan: with gpt-4o it would have cost 67.
    await limit(tenant, "ACCOUNT", "DAY", "46")
    assert (await started(tenant, wanted(*VOICE), agent_id=agent.id)).selection is not None


async def test_a_free_selection_starts_and_cannot_be_held(tenant: Tenant) -> None:
    free = Rate(ServiceType.VOICE_STT, "deepgram", UnitType.MINUTES, 0, free=True)
    await tenant.database.write(Command(None, partial(publish_rate_card, card=card("free", NOON, free))))
    plan = wanted(STT, preset="cost_optimized")
    with pytest.raises(NothingToHold):
        await started(tenant, plan, hold=HoldPlan())
    assert str((await started(tenant, plan)).selection.row.total_credits) == "0"


async def test_the_same_start_answers_the_same(
    tenant: Tenant, agent: Agent, nothing_written: NothingWritten, clock: SettableClock
) -> None:
    item = tenant.run(selection=wanted(*VOICE), agent_id=agent.id, hold=HoldPlan())
    first, in_the_same_batch = await tenant.start_all(item, item)
    await switch(tenant, "VOICE_STT", "deepgram", available=False)
    clock.forward(minutes=5)
    async with nothing_written():
        [again] = await tenant.start_all(item)
        for replay in (in_the_same_batch, again):
            assert replay.replayed
            assert (replay.workflow.id, replay.hold.id) == (first.workflow.id, first.hold.id)
            assert replay.selection.row.id == first.selection.row.id
            assert replay.selection.selection == first.selection.selection
        for other in (
            wanted(*VOICE, complexity="NORMAL"),
            wanted(STT),
            wanted(*VOICE, preset="balanced"),
            None,
        ):
            [answer] = await tenant.start_all(replace(item, selection=other))
            assert isinstance(answer, IdempotencyConflict)


async def test_the_same_hold_answers_the_same(
    tenant: Tenant, agent: Agent, nothing_written: NothingWritten
) -> None:
    run = await tenant.start(agent_id=agent.id)
    item = holding(tenant, run, wanted(*VOICE))
    first, in_the_same_batch = map(given, await tenant.hold_all(item, item))
    async with nothing_written():
        [again] = map(given, await tenant.hold_all(item))
        for replay in (in_the_same_batch, again):
            assert (replay.replayed, replay.hold.id) == (True, first.hold.id)
            assert replay.selection.selection == first.selection.selection
        for other in (wanted(STT), wanted(*VOICE, accuracy="HIGH")):
            [answer] = await tenant.hold_all(replace(item, plan=HoldPlan(selection=other)))
            assert isinstance(answer, IdempotencyConflict)


async def test_one_refused_selection_harms_no_neighbour(tenant: Tenant, agent: Agent) -> None:
    plans = (wanted(*VOICE), wanted(PHONE), wanted(STT, preset="no such"), wanted(STT))
    answers = await tenant.start_all(
        *(tenant.run(selection=plan, agent_id=agent.id, hold=HoldPlan()) for plan in plans)
    )
    assert [type(answer).__name__ for answer in answers] == [
        "WorkflowStart",
        "ServiceDisabled",
        "InvalidPlan",
        "WorkflowStart",
    ]
    assert str((await tenant.account()).held) == "86"


def test_inputs_without_a_selection_keep_the_digests_that_they_had(tenant_ids: Tenant) -> None:
    hold = HoldPlan(amount=Credits.whole(5))
    run = tenant_ids.run("a call", idempotency_key="k", hold=hold)
    said = ["a call", None, None, None, None, None, None, None]
    assert run.fingerprint == fingerprint("start_workflow", *said, [[5_000_000, []], 3600])
    assert replace(run, hold=None).fingerprint == fingerprint("start_workflow", *said)
    item = HoldCredits(tenant_ids.account_id, tenant_ids.account_id, hold, "k")
    assert item.fingerprint == fingerprint("hold_credits", tenant_ids.account_id, [5_000_000, []], 3600)


@pytest.fixture
def tenant_ids() -> Tenant:
    """Ids of a tenant that is in no store."""
    return Tenant(cast("Database", None), UUID(int=1), UUID(int=2), "")
