"""What shadow policies would have done: exact figures that add up, in two statements."""

from datetime import timedelta

import pytest

from metering.analytics import Period
from metering.shadows import ShadowComparison, changed_choices, compared, compared_runs
from models.selection import ShadowPolicy
from pricing.units import ServiceType
from tests.clock import NOON, SettableClock
from tests.graph.agents import new_agent
from tests.selecting import asked, hold_selected, selections_of, set_shadow
from tests.tenant import Tenant, new_tenant


async def comparisons(
    tenant: Tenant, *policies: ShadowPolicy, period: Period | None = None
) -> list[ShadowComparison | None]:
    keys = [(policy.account_id, policy.id) for policy in policies]
    async with tenant.database.read() as session:
        runs = (await session.execute(compared_runs(keys, period or Period()))).all()
        changes = (await session.execute(changed_choices(keys, period or Period()))).all()
    found = compared(runs, changes)
    return [found.get(policy.id) for policy in policies]


@pytest.fixture
async def policy(tenant: Tenant, clock: SettableClock) -> ShadowPolicy:
    """A policy that was tried on five runs: three served, one disabled, one over its limit."""
    agent = await new_agent(tenant, preset="premium_quality")
    policy = await set_shadow(tenant, agent, preset="cost_optimized")
    text, voice = asked("GPT 3000 TOKENS"), asked("GPT 1000 TOKENS", "VOICE_STT 1 MINUTES")
    first = await tenant.start(agent_id=agent.id, selection=text)  # 75, and 3 of gpt-4o-mini
    await tenant.add(first, "GPT gpt-4 1000 TOKENS")  # 25
    await tenant.start(agent_id=agent.id, selection=voice)  # 25 + 10, and 1 + 8
    await tenant.start(agent_id=agent.id, selection=asked("PHONE 1 MINUTES"))  # 20
    clock.forward(minutes=1)
    dear = await tenant.start(agent_id=agent.id, selection=asked("VOICE_STT 10 MINUTES"))  # 100, and 80 > 50
    await tenant.add(dear, "VOICE_STT openai-whisper 2 MINUTES")  # 20
    again = await tenant.start(agent_id=agent.id, selection=voice)  # the same, but selected for again
    await hold_selected(tenant, again, text)
    return policy


async def test_every_figure_is_exact_and_adds_up(tenant: Tenant, policy: ShadowPolicy) -> None:
    [found] = await comparisons(tenant, policy)
    assert found is not None
    assert (found.run_count, found.served_run_count) == (5, 3)
    figures = (found.live, found.shadow, found.saved, found.charged)
    assert [str(it) for it in figures] == ["185", "15", "170", "25"]
    told = [(it.kind.value, it.run_count, str(it.live), str(it.charged)) for it in found.refused]
    assert told == [("OVER_LIMIT", 1, "100", "20"), ("SERVICE_DISABLED", 1, "20", "0")]
    assert found.refused[1].message.startswith("PHONE is disabled")
    changed = [
        (it.service_type, it.from_provider, it.to_provider, it.count, str(it.saved))
        for it in found.changed_choices
    ]
    assert changed == [
        (ServiceType.GPT, "gpt-4", "gpt-4o-mini", 3, "168"),
        (ServiceType.VOICE_STT, "openai-whisper", "deepgram", 1, "2"),
    ]


async def test_figures_of_adjoining_periods_add_up(tenant: Tenant, policy: ShadowPolicy) -> None:
    edge = NOON + timedelta(seconds=30)
    [before] = await comparisons(tenant, policy, period=Period(None, edge))
    [after] = await comparisons(tenant, policy, period=Period(edge, None))
    [never] = await comparisons(tenant, policy, period=Period(NOON + timedelta(hours=1), None))
    assert before is not None
    assert after is not None
    assert never is None
    assert [(it.run_count, str(it.live), str(it.saved)) for it in (before, after)] == [
        (3, "110", "98"),
        (2, "75", "72"),
    ]


async def test_the_run_counts_by_its_newest_selection(tenant: Tenant) -> None:
    agent = await new_agent(tenant, preset="premium_quality")
    policy = await set_shadow(tenant, agent, preset="cost_optimized")
    run = await tenant.start(agent_id=agent.id, selection=asked("GPT 3000 TOKENS"))
    await hold_selected(tenant, run, asked("GPT 1000 TOKENS"))
    assert [str(it.total_credits) for it in await selections_of(tenant, run)] == ["75", "25"]
    [found] = await comparisons(tenant, policy)
    assert found is not None
    assert (found.run_count, str(found.live), str(found.shadow)) == (1, "25", "1")
    # Selected for again under another policy, it is no run of the first one any more.
    other = await set_shadow(tenant, agent, preset="balanced")
    await hold_selected(tenant, run, asked("GPT 2000 TOKENS"))
    first, second = await comparisons(tenant, policy, other)
    assert first is None
    assert second is not None
    assert (second.run_count, str(second.live), str(second.shadow)) == (1, "50", "16")


async def test_another_accounts_policy_has_nothing_here(tenant: Tenant, policy: ShadowPolicy) -> None:
    stranger = await new_tenant(tenant.database, "Stranger")
    keys = [(stranger.account_id, policy.id)]
    async with tenant.database.read() as session:
        for statement in (compared_runs(keys, Period()), changed_choices(keys, Period())):
            assert (await session.execute(statement)).all() == []
