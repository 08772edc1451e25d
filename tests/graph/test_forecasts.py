"""What a month and a budget's window will come to: against forecasts from days that are added up one by one."""

import random
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metering.forecasting import DailyTotals, forecast, last_days, seconds_to_exhaustion
from metering.windows import window_of
from models.budget import Budget, BudgetWindow
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.credits import Credits
from tests.budgets import limit, unlimit
from tests.clock import NOON
from tests.databases.statements import statements
from tests.door import Door
from tests.graph.agents import new_agent
from tests.graph.test_statement_counts import settled
from tests.tenant import Tenant

FIELDS = """{ from to spentCredits estimatedCredits lowCredits highCredits burnRatePerDay dayCount basis
  secondsToExhaustion exhaustsAt }"""
ACCOUNT = f"query($zone: String!) {{ viewer {{ account {{ forecast(timeZone: $zone) {FIELDS} }} }} }}"
KEYS = f"query($zone: String!) {{ viewer {{ account {{ apiKeys {{ nodes {{ id forecast(timeZone: $zone) {FIELDS} }} }} }} }} }}"
BUDGETS = f"query($subject: String) {{ viewer {{ account {{ budgets {{ nodes {{ id forecast(subject: $subject) {FIELDS} }} }} }} }} }}"
DAY = timedelta(days=1)
ZONES = ("UTC", "Asia/Kathmandu", "America/New_York")
Used = list[tuple[Workflow, ServiceUsage]]


async def use(tenant: Tenant, *days: int, run: Workflow | None = None) -> None:
    """Spend so many credits on each of the last days, today last."""
    run = run or await tenant.start()
    for ago, credits_ in enumerate(reversed(days)):
        if credits_:
            await tenant.add(run, f"GPT gpt-4o-mini {credits_}000 TOKENS", used_at=NOON - ago * DAY)


@pytest.fixture
async def history(tenant: Tenant) -> Used:
    """Random usages of five weeks by agents, keys and users or none, without those that were voided."""
    chance = random.Random(20260306)
    agents = [(await new_agent(tenant, f"agent {number}")).id for number in range(2)]
    keys = [tenant.api_key_id, (await tenant.with_another_key()).api_key_id]
    items = [
        tenant.run(
            chance.choice(["phone_ai_call", "café"]),
            agent_id=chance.choice([*agents, None]),
            attributed_key_id=chance.choice(keys),
            user_id=chance.choice(["ann", "bob", None]),
            started_at=NOON - timedelta(days=34),
        )
        for _ in range(30)
    ]
    runs = [answer.workflow for answer in await tenant.start_all(*items)]
    used: Used = []
    for run in chance.choices(runs, k=150):
        at = NOON - timedelta(seconds=chance.randrange(34 * 86_400))
        [usage] = await tenant.add(run, f"GPT gpt-4o-mini {chance.randrange(1, 90)}000 TOKENS", used_at=at)
        if chance.random() < 0.1:
            await tenant.void(usage)
        else:
            used.append((run, usage))
    return used


def added_up(used: Used, time_zone: str) -> DailyTotals:
    """Add up usages by the dates that a clock shows."""
    days = last_days(time_zone, NOON)
    dates = [edge.astimezone(ZoneInfo(time_zone)).date() for edge in days.edges[:-1]]
    totals = dict.fromkeys(dates, Credits.ZERO)
    for _, usage in used:
        totals[usage.used_at.astimezone(ZoneInfo(time_zone)).date()] += usage.credits
    return DailyTotals(days, tuple(totals.values()))


def shown(
    daily: DailyTotals, window: BudgetWindow, spent: Credits | None = None, seconds: int | None = None
) -> Any:
    """The forecast as the graph shows it."""
    of = window_of(window, daily.days.time_zone, NOON)
    told = forecast(daily, of, spent=daily.since(of.start) if spent is None else spent)
    return {
        "from": written(of.start),
        "to": None if of.end is None else written(of.end),
        "spentCredits": str(told.spent),
        "estimatedCredits": text(told.estimate),
        "lowCredits": text(told.low),
        "highCredits": text(told.high),
        "burnRatePerDay": text(told.per_day),
        "dayCount": told.day_count,
        "basis": told.basis,
        "secondsToExhaustion": seconds,
        "exhaustsAt": None if seconds is None else written(NOON + timedelta(seconds=seconds)),
    }


def text(credits_: Credits | None) -> str | None:
    return None if credits_ is None else str(credits_)


def written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def of_account(ask: Door, tenant: Tenant, zone: str = "UTC") -> Any:
    return (await ask.data(tenant.secret, ACCOUNT, {"zone": zone}))["viewer"]["account"]["forecast"]


async def of_keys(ask: Door, tenant: Tenant, zone: str = "UTC") -> dict[str, Any]:
    account = (await ask.data(tenant.secret, KEYS, {"zone": zone}))["viewer"]["account"]
    return {node["id"]: node["forecast"] for node in account["apiKeys"]["nodes"]}


async def of_budget(ask: Door, tenant: Tenant, budget: Budget, subject: str | None = None) -> Any:
    account = (await ask.data(tenant.secret, BUDGETS, {"subject": subject}))["viewer"]["account"]
    [told] = [
        node["forecast"] for node in account["budgets"]["nodes"] if node["id"] == f"budget_{budget.id.hex}"
    ]
    return told


async def test_a_month_goes_on_as_the_last_days_went(ask: Door, tenant: Tenant) -> None:
    await use(tenant, *[10] * 7, 4)
    assert await of_account(ask, tenant) == {
        "from": "2026-03-01T00:00:00Z",
        "to": "2026-04-01T00:00:00Z",
        "spentCredits": "34",
        "estimatedCredits": "309",
        "lowCredits": "309",
        "highCredits": "309",
        "burnRatePerDay": "10",
        "dayCount": 7,
        "basis": "The mean of all days alike over 7 days. The band holds 8 of 10 outcomes where days go on to "
        "differ as these did, one independent of another.",
        "secondsToExhaustion": None,
        "exhaustsAt": None,
    }


async def test_accounts_and_keys_equal_a_recomputation(ask: Door, tenant: Tenant, history: Used) -> None:
    for zone in ZONES:
        assert await of_account(ask, tenant, zone) == shown(added_up(history, zone), BudgetWindow.MONTH)
        keys = await of_keys(ask, tenant, zone)
        assert len(keys) == 2
        for key, told in keys.items():
            own = [pair for pair in history if f"key_{pair[0].api_key_id.hex}" == key]
            assert told == shown(added_up(own, zone), BudgetWindow.MONTH)


async def test_budgets_of_every_scope_equal_a_recomputation(ask: Door, tenant: Tenant, history: Used) -> None:
    agent_id = next(run.agent_id for run, _ in history if run.agent_id)
    agent, key = f"agent_{agent_id.hex}", f"key_{tenant.api_key_id.hex}"
    amount = Credits.whole(300)
    for scope, subject, own in (
        ("ACCOUNT", None, history),
        ("AGENT", agent, [pair for pair in history if pair[0].agent_id == agent_id]),
        ("API_KEY", key, [pair for pair in history if pair[0].api_key_id == tenant.api_key_id]),
        ("USER", "ann", [pair for pair in history if pair[0].user_id == "ann"]),
        ("WORKFLOW_NAME", "café", [pair for pair in history if pair[0].workflow_name == "café"]),
    ):
        for window, zone in (
            ("MONTH", "Asia/Kathmandu"),
            ("DAY", "UTC"),
            ("HOUR", "UTC"),
            ("LIFETIME", "UTC"),
        ):
            budget = await limit(tenant, scope, window, amount, subject=subject, time_zone=zone)
            daily, of = added_up(own, zone), window_of(BudgetWindow(window), zone, NOON)
            spent = Credits.total(usage.credits for _, usage in own if of.start <= usage.used_at)
            seconds = seconds_to_exhaustion(daily, max(amount - spent, Credits.ZERO), of)
            told = await of_budget(ask, tenant, budget)
            assert told == shown(daily, BudgetWindow(window), spent, seconds), (scope, window)


async def test_a_prepaid_account_is_told_when_its_credits_are_used_up(ask: Door, prepaid: Tenant) -> None:
    await prepaid.grant("100")
    await use(prepaid, 12, 12, 0)
    told = await of_account(ask, prepaid)
    # Of 100 credits 76 are left, which is six days and a third.
    assert (told["secondsToExhaustion"], told["exhaustsAt"]) == (547_200, "2026-03-10T20:00:00Z")
    run = await prepaid.start()
    await prepaid.hold(run, "76")
    told = await of_account(ask, prepaid)
    assert (told["secondsToExhaustion"], told["exhaustsAt"]) == (0, "2026-03-04T12:00:00Z")


async def test_a_key_lasts_as_long_as_the_first_of_its_own_budgets(ask: Door, tenant: Tenant) -> None:
    other = await tenant.with_another_key()
    key, another = f"key_{tenant.api_key_id.hex}", f"key_{other.api_key_id.hex}"
    await use(tenant, 24, 24, 3)
    assert (await of_keys(ask, tenant))[key]["secondsToExhaustion"] is None
    await limit(tenant, "API_KEY", "MONTH", "100")
    await limit(tenant, "API_KEY", "REQUEST", "1")
    await limit(tenant, "ACCOUNT", "MONTH", "52")
    keys = await of_keys(ask, tenant)
    # Of 100 credits the month has used 51.
    assert (keys[key]["secondsToExhaustion"], keys[another]["secondsToExhaustion"]) == (176_400, None)
    await limit(tenant, "API_KEY", "DAY", "9", subject=key)
    await limit(tenant, "API_KEY", "DAY", "1", subject=another)
    keys = await of_keys(ask, tenant)
    assert (keys[key]["exhaustsAt"], keys[another]["exhaustsAt"]) == ("2026-03-04T18:00:00Z", None)


async def test_a_budget_counts_what_is_held(ask: Door, tenant: Tenant) -> None:
    await use(tenant, 24, 24, 3)
    budget = await limit(tenant, "ACCOUNT", "DAY", "10")
    await tenant.hold(await tenant.start(), "6")
    told = await of_budget(ask, tenant, budget)
    assert (told["spentCredits"], told["estimatedCredits"], told["secondsToExhaustion"]) == ("3", "15", 3_600)


async def test_where_nothing_can_be_foretold(ask: Door, tenant: Tenant) -> None:
    await use(tenant, 24, 24, 3, run=await tenant.start(user_id="ann"))
    users = await limit(tenant, "USER", "DAY", "10")
    runs = await limit(tenant, "ACCOUNT", "REQUEST", "10")
    agents = await limit(tenant, "AGENT", "DAY", "10")
    for budget, subject in ((users, None), (runs, None), (agents, "ann")):
        assert await of_budget(ask, tenant, budget, subject) is None
    assert (await of_budget(ask, tenant, users, "ann"))["estimatedCredits"] == "15"
    assert (await of_budget(ask, tenant, users, "bob"))["estimatedCredits"] is None
    nobody = f"agent_{32 * '0'}"
    assert (await of_budget(ask, tenant, agents, nobody))["secondsToExhaustion"] is None
    await unlimit(tenant, users.id)
    query = f'query($id: ID!) {{ node(id: $id) {{ ... on Budget {{ forecast(subject: "ann") {FIELDS} }} }} }}'
    removed = await ask.data(tenant.secret, query, {"id": f"budget_{users.id.hex}"})
    assert removed["node"] == {"forecast": None}


async def test_a_time_zone_that_there_is_not_is_refused(ask: Door, tenant: Tenant) -> None:
    for query in (ACCOUNT, KEYS):
        error = await ask.error(tenant.secret, query, {"zone": "Europe/Wien"})
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "timeZone"}
        assert "Did you mean" in error["message"]


async def test_an_operator_s_key_spends_nothing(ask: Door, operator: str) -> None:
    query = f"{{ viewer {{ apiKey {{ forecast {FIELDS} unitEconomics {{ byWorkflowName {{ workflowName }} }} }} }} }}"
    answer = (await ask.data(operator, query))["viewer"]["apiKey"]
    assert answer["unitEconomics"] == {"byWorkflowName": []}
    assert (answer["forecast"]["spentCredits"], answer["forecast"]["estimatedCredits"]) == ("0", None)


async def test_statements_do_not_grow_with_keys_or_budgets(ask: Door, tenant: Tenant) -> None:
    query = """{ viewer { account { forecast { estimatedCredits } apiKeys(first: 50) { nodes { forecast { exhaustsAt } } }
      budgets(first: 50) { nodes { forecast { estimatedCredits } } } } } }"""
    counts = []
    for number in (1, 9):
        for _ in range(number):
            other = await tenant.with_another_key()
            await limit(tenant, "API_KEY", "DAY", "9", subject=f"key_{other.api_key_id.hex}")
            await use(other, 1, 2)
        await settled(ask, tenant)
        with statements(tenant.database) as sent:
            await ask.data(tenant.secret, query)
        counts.append(len([text for text in sent if not text.startswith("BEGIN")]))
    assert counts == [9, 9]
