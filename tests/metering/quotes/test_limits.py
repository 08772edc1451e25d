"""What stands in a plan's way: told with the figures with which a hold of it is refused, or permitted."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.credits import Restriction
from metering.errors import BudgetExceeded, CreditsExhausted
from metering.plans import InvalidPlan
from metering.quotes import ObstacleKind
from models.budget import BudgetAction
from models.database import Database
from models.ledger import RestrictionKind
from pricing.credits import RoundingMode
from pricing.rate import Rate
from pricing.rate_card import RateCard
from pricing.units import ServiceType, UnitType
from tests.budgets import limit
from tests.clock import SettableClock
from tests.databases.statements import statements
from tests.graph.agents import new_agent
from tests.metering.test_rate_cards import publish
from tests.quotes import asked, plan_of
from tests.tenant import Tenant, new_tenant, plan

CALL, CHAT = "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS"
"""100 and 3 credits."""
Figures = list[tuple[str, str, str]]


async def obstacles(tenant: Tenant, *services: str, **run: Any) -> Figures:
    """What stands in the way, as kind, needed and left."""
    fields = {"agent_id": run.pop("agent_id")} if "agent_id" in run else {}
    limited = await asked(tenant, plan_of(tenant, *services, **fields), **run)
    return [(each.kind.value, str(each.needed), str(each.left)) for each in limited.obstacles]


async def refused(tenant: Tenant, *services: str, **run: Any) -> Figures:
    """What a run that holds these services at once is refused for first, in the same words."""
    run.setdefault("workflow_name", "phone_ai_call")
    [answer] = await tenant.start_all(tenant.run(hold=plan(*services), **run))
    if isinstance(answer, CreditsExhausted):
        return [("BALANCE", str(answer.needed), str(answer.available))]
    if isinstance(answer, BudgetExceeded):
        return [("BUDGET", str(answer.needed), str(answer.left))]
    assert not isinstance(answer, Exception), answer
    return []


async def test_a_postpaid_account_without_budgets_has_nothing_in_its_way(tenant: Tenant) -> None:
    assert await obstacles(tenant, CALL) == []


async def test_credits_that_do_not_cover_it_are_in_the_way(prepaid: Tenant) -> None:
    await prepaid.grant("40")
    assert await obstacles(prepaid, CALL, CHAT) == [("BALANCE", "103", "40")]
    limited = await asked(prepaid, plan_of(prepaid, CALL, CHAT))
    assert limited.obstacles[0].message == (
        "103 credits are needed and 40 are available, the credit line included: plan for less, or have 63 "
        "credits granted."
    )
    await prepaid.grant("63")
    assert await obstacles(prepaid, CALL, CHAT) == []


async def test_the_credit_line_counts_and_what_is_held_does_not(database: Database) -> None:
    tenant = await new_tenant(database, overdraft_limit="50")
    await tenant.grant("100")
    await tenant.hold(await tenant.start(), "60")
    assert await obstacles(tenant, CALL) == [("BALANCE", "100", "90")]
    assert await refused(tenant, CALL) == [("BALANCE", "100", "90")]


@pytest.mark.parametrize(
    ("restriction", "run", "left"),
    [
        (Restriction(RestrictionKind.WORKFLOW, "emergency"), {}, "40"),
        (Restriction(RestrictionKind.WORKFLOW, "emergency"), {"workflow_name": "other"}, "40"),
        (Restriction(RestrictionKind.WORKFLOW, "emergency"), {"workflow_name": "emergency"}, "90"),
        (Restriction(RestrictionKind.ADAPTER, "emergencyservices"), {}, "40"),
    ],
)
async def test_a_reserve_counts_for_those_whom_it_serves(
    prepaid: Tenant, restriction: Restriction, run: dict[str, str], left: str
) -> None:
    await prepaid.grant("40")
    await prepaid.grant("50", restricted_to=restriction)
    assert await obstacles(prepaid, CALL, **run) == [("BALANCE", "100", left)]


async def test_a_reserve_of_an_adapter_serves_its_agents(prepaid: Tenant) -> None:
    await prepaid.grant("50", restricted_to=Restriction(RestrictionKind.ADAPTER, "emergencyservices"))
    agent = await new_agent(prepaid)
    assert await obstacles(prepaid, CALL, agent_id=agent.id) == [("BALANCE", "100", "50")]
    await prepaid.grant("50")
    assert await obstacles(prepaid, CALL, agent_id=agent.id) == []
    assert await obstacles(prepaid, CALL) == [("BALANCE", "100", "50")]


@pytest.mark.parametrize("scope", ["ACCOUNT", "API_KEY", "AGENT", "USER", "WORKFLOW_NAME"])
@pytest.mark.parametrize("window", ["REQUEST", "HOUR", "DAY", "MONTH", "LIFETIME"])
async def test_every_budget_that_its_run_would_meet_is_looked_at(
    tenant: Tenant, scope: str, window: str
) -> None:
    agent = await new_agent(tenant)
    run: dict[str, Any] = {"workflow_name": "phone_ai_call", "user_id": "ann", "agent_id": agent.id}
    await limit(tenant, scope, window, "150")
    first = await tenant.start(**run)
    await tenant.add(first, "PHONE twilio 2 MINUTES")
    await tenant.hold(first, "30")
    expected: Figures = [] if window == "REQUEST" else [("BUDGET", "100", "80")]
    assert await obstacles(tenant, CALL, **run) == expected == await refused(tenant, CALL, **run)


async def test_all_budgets_in_the_way_are_told_beside_the_credits(prepaid: Tenant) -> None:
    await prepaid.grant("10")
    await limit(prepaid, "USER", "DAY", "50", subject="ann", name="Ann's")
    await limit(prepaid, "USER", "DAY", "5", subject="bob")
    await limit(prepaid, "ACCOUNT", "MONTH", "60")
    await limit(prepaid, "ACCOUNT", "DAY", "1", action=BudgetAction.ALERT)
    assert await obstacles(prepaid, CALL, user_id="ann") == [
        ("BALANCE", "100", "10"),
        ("BUDGET", "100", "50"),
        ("BUDGET", "100", "60"),
    ]


@pytest.mark.parametrize(
    ("allowed", "window", "message"),
    [
        (
            "120",
            "DAY",
            (
                "The budget 'calls' allows the account 120 credits a day (Europe/Vienna): 40 used, 0 held, 80 "
                "left, and 100 are needed: plan for less, wait until 2026-03-04T23:00:00+00:00, or raise the "
                "limit to 140."
            ),
        ),
        (
            "60",
            "DAY",
            (
                "The budget 'calls' allows the account 60 credits a day (Europe/Vienna): 40 used, 0 held, 20 "
                "left, and 100 are needed: plan for less, or raise the limit to 140."
            ),
        ),
        (
            "120",
            "LIFETIME",
            (
                "The budget 'calls' allows the account 120 credits for ever: 40 used, 0 held, 80 left, and 100 "
                "are needed: plan for less, or raise the limit to 140."
            ),
        ),
        (
            "60",
            "REQUEST",
            (
                "The budget 'calls' allows the account 60 credits for each run: 0 used, 0 held, 60 left, and "
                "100 are needed: plan for less, or raise the limit to 100."
            ),
        ),
    ],
)
async def test_a_budget_in_the_way_says_what_would_help(
    tenant: Tenant, allowed: str, window: str, message: str
) -> None:
    budget = await limit(tenant, "ACCOUNT", window, allowed, name="calls", time_zone="Europe/Vienna")
    await tenant.add(await tenant.start(), "PHONE twilio 2 MINUTES")
    [obstacle] = (await asked(tenant, plan_of(tenant, CALL))).obstacles
    assert obstacle.message == message
    assert obstacle.budget is not None
    assert obstacle.budget.id == budget.id


async def test_a_configurations_limit_stands_beside_the_others(prepaid: Tenant) -> None:
    settings_ = {"primary_ai_model": "gpt-4", "max_credits_per_request": "1"}
    limited = await asked(prepaid, plan_of(prepaid, "GPT gpt-4 1000 TOKENS", configuration=settings_))
    assert [(each.kind, str(each.needed), str(each.left)) for each in limited.obstacles] == [
        (ObstacleKind.CONFIGURATION_LIMIT, "25", "1"),
        (ObstacleKind.BALANCE, "25", "0"),
    ]
    assert limited.obstacles[0].message.startswith("The plan costs 25 credits, 24 over the limit of 1;")


async def test_what_has_expired_counts_as_given_back_though_nobody_has_moved_it(
    prepaid: Tenant, clock: SettableClock
) -> None:
    await limit(prepaid, "ACCOUNT", "DAY", "120")
    await prepaid.grant("100")
    await prepaid.grant("30", expires_at=clock.now + timedelta(minutes=30))
    parent = await prepaid.start()
    await prepaid.hold(parent, "90", expires_in=timedelta(minutes=10))
    child = await prepaid.start(parent_workflow_id=parent.id)
    await prepaid.hold(child, "20", expires_in=timedelta(minutes=5))
    assert await obstacles(prepaid, CALL) == [("BALANCE", "100", "40"), ("BUDGET", "100", "30")]
    clock.forward(minutes=5)
    assert await obstacles(prepaid, CALL) == [("BALANCE", "100", "40"), ("BUDGET", "100", "30")]
    clock.forward(minutes=5)
    assert await obstacles(prepaid, CALL) == []
    clock.forward(minutes=20)
    assert await obstacles(prepaid, CALL) == []
    assert await obstacles(prepaid, CALL, CHAT) == [("BALANCE", "103", "100")]
    # Asking has moved nothing: the books still stand as the last write left them.
    assert str((await prepaid.account()).held) == "90"
    assert await refused(prepaid, CALL, CHAT) == [("BALANCE", "103", "100")]
    assert await refused(prepaid, CALL) == []


async def test_books_that_cannot_hold_the_sum_are_bad_input(tenant: Tenant) -> None:
    await tenant.hold(await tenant.start(), "999999999900")
    assert await obstacles(tenant, CHAT) == []
    with pytest.raises(InvalidPlan, match="cannot hold so large a sum"):
        await asked(tenant, plan_of(tenant, CALL))


async def test_a_plan_that_costs_nothing_needs_nothing(prepaid: Tenant, clock: SettableClock) -> None:
    free = Rate(ServiceType.GPT, "gpt-4o-mini", UnitType.TOKENS, 0, free=True)
    await publish(prepaid.database, RateCard("free", clock.now, RoundingMode.UP, 0, (free,)))
    await limit(prepaid, "ACCOUNT", "DAY", "0")
    assert await obstacles(prepaid, CHAT) == []


async def test_asking_takes_a_fixed_number_of_statements(prepaid: Tenant, clock: SettableClock) -> None:
    counts = []
    for number in (1, 5):
        for _ in range(number):
            await prepaid.grant("500")
            await prepaid.hold(await prepaid.start(), "10", expires_in=timedelta(minutes=1))
            await limit(prepaid, "USER", "DAY", "100", subject=f"user {number} {_}")
        await limit(prepaid, "ACCOUNT", "HOUR", "1000")
        clock.forward(minutes=2)
        with statements(prepaid.database) as sent:
            assert await obstacles(prepaid, CALL, user_id="ann") == []
        counts.append(len([text for text in sent if not text.startswith("BEGIN")]))
    # The newest card, the account, its grants, its budgets, expired holds, and the counters.
    assert counts == [6, 6]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_the_quote_says_what_the_hold_will_say(database: Database, data: st.DataObject) -> None:
    amounts = st.integers(0, 300).map(str)
    tenant = await new_tenant(database, overdraft_limit=data.draw(st.none() | amounts))
    for amount in data.draw(st.lists(st.integers(1, 200).map(str), max_size=2)):
        await tenant.grant(amount)
    for scope in data.draw(
        st.lists(st.sampled_from(["ACCOUNT", "USER", "API_KEY"]), max_size=3, unique=True)
    ):
        await limit(tenant, scope, data.draw(st.sampled_from(["REQUEST", "DAY"])), data.draw(amounts))
    minutes = data.draw(st.integers(1, 12))
    services = (f"PHONE twilio {minutes} MINUTES", CHAT)[: data.draw(st.integers(1, 2))]
    run = {"workflow_name": "phone_ai_call", "user_id": "ann"}
    for _ in range(data.draw(st.integers(1, 3))):
        foreseen = await obstacles(tenant, *services, **run)
        # The hold is refused for the first of all that the quote told, and made where it told nothing.
        assert await refused(tenant, *services, **run) == foreseen[:1]
