"""Time series, rankings and the period before, as a frontend asks for them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.clock import NOON, SettableClock
from tests.door import Door
from tests.graph.agents import new_agent
from tests.tenant import Tenant

SERIES = """query($from: DateTime, $to: DateTime, $by: Granularity!, $zone: String! = "UTC") { viewer { account {
  usage(from: $from, to: $to) { timeSeries(granularity: $by, timeZone: $zone) {
    start end usageCount totalCredits } } } } }"""
RANKING = """query($by: Dimension!, $first: Int! = 5) { viewer { account { usage {
  ranking(by: $by, first: $first) { totalCredits rows { name usageCount totalCredits agent { name } apiKey { name } }
    other { rowCount usageCount totalCredits } } } } } }"""
BEFORE = """query($from: DateTime, $to: DateTime) { viewer { account { usage(from: $from, to: $to) {
  totalCredits previousPeriod { totalCredits usageCount workflowBreakdown { workflowName count totalCredits }
    previousPeriod { totalCredits } } } } } }"""


@pytest.fixture
async def used(tenant: Tenant, clock: SettableClock) -> Tenant:
    """100 credits two days ago, 3 and 103 today, in runs of two agents and of none."""
    first, second = [await new_agent(tenant, name) for name in ("Ada", "Bea")]
    early = await tenant.start("calls", agent_id=first.id, user_id="ann", started_at=NOON - timedelta(days=2))
    await tenant.add(early, "PHONE twilio 5 MINUTES", used_at=NOON - timedelta(days=2))
    await tenant.add(
        await tenant.start("chats", agent_id=second.id, user_id="bob"), "GPT gpt-4o-mini 3000 TOKENS"
    )
    await tenant.add(await tenant.start("chats"), "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS")
    clock.forward(minutes=30)
    return tenant


async def asked(ask: Door, tenant: Tenant, query: str, **variables: Any) -> Any:
    return (await ask.data(tenant.secret, query, variables))["viewer"]["account"]["usage"]


async def test_a_series_has_no_gaps_and_is_cut_to_its_period(ask: Door, used: Tenant) -> None:
    start = "2026-03-02T18:00:00+01:00"
    usage = await asked(ask, used, SERIES, **{"from": start, "by": "DAY", "zone": "Europe/Vienna"})
    days = [
        (point["start"], point["end"], point["usageCount"], point["totalCredits"])
        for point in usage["timeSeries"]
    ]
    assert days == [
        ("2026-03-02T17:00:00Z", "2026-03-02T23:00:00Z", 0, "0"),
        ("2026-03-02T23:00:00Z", "2026-03-03T23:00:00Z", 0, "0"),
        ("2026-03-03T23:00:00Z", "2026-03-04T12:30:00Z", 3, "106"),
    ]
    usage = await asked(
        ask, used, SERIES, **{"from": "2026-02-28T00:00:00Z", "to": NOON.isoformat(), "by": "MONTH"}
    )
    months = [(point["start"], point["totalCredits"]) for point in usage["timeSeries"]]
    assert months == [("2026-02-28T00:00:00Z", "0"), ("2026-03-01T00:00:00Z", "100")]


@pytest.mark.parametrize(
    ("variables", "field", "message"),
    [
        ({"by": "DAY"}, "from", "from: a time series needs the first moment of its period."),
        (
            {"from": "2026-03-03T00:00:00Z", "by": "MINUTE"},
            "granularity",
            "granularity: it has more than 1,000 points: choose longer ones, or a shorter period.",
        ),
        (
            {"from": "1969-03-03T00:00:00Z", "by": "MONTH"},
            "granularity",
            "granularity: a time series lies between 1970 and 9000.",
        ),
        (
            {"from": "2026-03-03T00:00:00Z", "by": "DAY", "zone": "Europe/Wien"},
            "timeZone",
            "timeZone: There is no time zone 'Europe/Wien'. Did you mean 'Europe/Vienna'?",
        ),
    ],
)
async def test_what_a_series_cannot_be(
    ask: Door, tenant: Tenant, variables: dict[str, Any], field: str, message: str
) -> None:
    error = await ask.error(tenant.secret, SERIES, variables)
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("BAD_USER_INPUT", field)
    assert error["message"] == message


async def test_the_longest_series(ask: Door, tenant: Tenant) -> None:
    start = NOON - timedelta(hours=1_000)
    usage = await asked(
        ask, tenant, SERIES, **{"from": start.isoformat(), "to": NOON.isoformat(), "by": "HOUR"}
    )
    assert len(usage["timeSeries"]) == 1_000
    usage = await asked(
        ask, tenant, SERIES, **{"from": NOON.isoformat(), "to": NOON.isoformat(), "by": "HOUR"}
    )
    assert usage["timeSeries"] == []


async def test_a_ranking_and_all_the_others(ask: Door, used: Tenant) -> None:
    ranking = (await asked(ask, used, RANKING, by="SERVICE", first=1))["ranking"]
    assert ranking == {
        "totalCredits": "206",
        "rows": [row("phone_twilio", 2, "200")],
        "other": {"rowCount": 1, "usageCount": 2, "totalCredits": "6"},
    }
    ranking = (await asked(ask, used, RANKING, by="WORKFLOW_NAME"))["ranking"]
    assert ranking["rows"] == [row("chats", 3, "106"), row("calls", 1, "100")]
    assert ranking["other"] is None
    ranking = (await asked(ask, used, RANKING, by="USER"))["ranking"]
    assert [(each["name"], each["totalCredits"]) for each in ranking["rows"]] == [
        (None, "103"),
        ("ann", "100"),
        ("bob", "3"),
    ]
    ranking = (await asked(ask, used, RANKING, by="AGENT", first=2))["ranking"]
    assert [(each["agent"], each["totalCredits"]) for each in ranking["rows"]] == [
        (None, "103"),
        ({"name": "Ada"}, "100"),
    ]
    assert ranking["other"] == {"rowCount": 1, "usageCount": 1, "totalCredits": "3"}
    ranking = (await asked(ask, used, RANKING, by="API_KEY"))["ranking"]
    assert [(each["name"], each["apiKey"]) for each in ranking["rows"]] == [
        (f"key_{used.api_key_id.hex}", {"name": "first"})
    ]


def row(name: str, count: int, total: str) -> dict[str, object]:
    return {"name": name, "usageCount": count, "totalCredits": total, "agent": None, "apiKey": None}


async def test_a_ranking_of_nothing(ask: Door, tenant: Tenant) -> None:
    assert (await asked(ask, tenant, RANKING, by="USER"))["ranking"] == {
        "totalCredits": "0",
        "rows": [],
        "other": None,
    }


async def test_the_period_before(ask: Door, used: Tenant) -> None:
    day = {"from": "2026-03-04T00:00:00Z", "to": "2026-03-05T00:00:00Z"}
    assert await asked(ask, used, BEFORE, **day) == {
        "totalCredits": "106",
        "previousPeriod": {
            "totalCredits": "0",
            "usageCount": 0,
            "workflowBreakdown": [],
            "previousPeriod": {"totalCredits": "100"},
        },
    }
    assert await asked(ask, used, BEFORE, **{"from": day["from"]}) == {
        "totalCredits": "106",
        "previousPeriod": None,
    }


async def test_a_series_without_an_end_has_what_is_dated_ahead(
    ask: Door, tenant: Tenant, clock: SettableClock
) -> None:
    await tenant.add(await tenant.start(), "PHONE twilio 5 MINUTES", used_at=NOON + timedelta(minutes=4))
    for by in ("MINUTE", "HOUR", "DAY"):
        start = (NOON - timedelta(hours=2)).isoformat()
        usage = await asked(ask, tenant, SERIES, **{"from": start, "by": by})
        assert [point["totalCredits"] for point in usage["timeSeries"]][-1] == "100"
        assert sum(point["usageCount"] for point in usage["timeSeries"]) == 1
    ahead = (NOON + timedelta(minutes=2)).isoformat()
    assert (await asked(ask, tenant, SERIES, **{"from": ahead, "by": "MINUTE"}))["timeSeries"] == []
    assert clock.now == NOON


@pytest.mark.parametrize("start", ["0001-01-01T00:30:00Z", "9999-12-31T00:30:00Z"])
async def test_the_ends_of_time(ask: Door, used: Tenant, start: str) -> None:
    end = max(start, "2026-03-05T00:00:00Z")
    found = await asked(ask, used, BEFORE, **{"from": start, "to": end})
    assert found["totalCredits"] == ("206" if start < "2026" else "0")
    assert (found["previousPeriod"] is None) == (start < "2026")
    found = await asked(ask, used, BEFORE, **{"from": start})
    assert found["previousPeriod"] is None
