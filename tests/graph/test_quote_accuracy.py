"""How quotes came out: what was promised against what was charged, exactly, by workflow name and by service."""

from datetime import timedelta
from typing import Any

import pytest

from metering.credits import HoldCredits, HoldPlan
from models.workflow import Workflow, WorkflowStatus
from models.writer import Command
from tests.clock import NOON
from tests.databases.statements import statements
from tests.door import Door
from tests.quotes import plan_of, promised
from tests.tenant import Tenant, given, new_tenant, next_key

FIGURES = "quotedCredits chargedCredits differenceCredits"
RUNS = f"runs {FIGURES} runsWithinTenPercent shareWithinTenPercent"
ACCURACY = (
    f"{{ {RUNS} byWorkflowName {{ workflowName {RUNS} }} byService {{ serviceType provider {FIGURES} }} }}"
)
ASK = f"""query($from: DateTime, $to: DateTime, $workflowName: String) {{
  quoteAccuracy(from: $from, to: $to, workflowName: $workflowName) {ACCURACY} }}"""
CALL, CHAT = "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS"
"""100 and 3 credits."""


async def quoted_run(tenant: Tenant, *services: str, name: str = "phone_ai_call", **fields: Any) -> Workflow:
    """Start a run whose hold takes a quote of these services."""
    made = await promised(tenant, plan_of(tenant, *services), workflow_name=name)
    [answer] = await tenant.start_all(tenant.run(name, hold=HoldPlan(quote_id=made.quote.id), **fields))
    run: Workflow = given(answer).workflow
    return run


async def accuracy(ask: Door, tenant: Tenant, **variables: Any) -> Any:
    """Ask how the quotes came out."""
    return (await ask.data(tenant.secret, ASK, variables))["quoteAccuracy"]


def figures(row: Any) -> tuple[Any, ...]:
    """The figures of a row in their order."""
    return tuple(row[name] for name in FIGURES.split())


async def test_runs_are_compared_by_name_and_by_service(ask: Door, tenant: Tenant) -> None:
    exact = await quoted_run(tenant, CALL, CHAT)
    await tenant.add(exact, CALL, CHAT)
    cheaper = await quoted_run(tenant, CALL, CHAT)
    await tenant.add(cheaper, "PHONE twilio 2 MINUTES", "GPT gpt-4o 1000 TOKENS")
    dearer = await quoted_run(tenant, CHAT, name="chat")
    await tenant.add(dearer, "GPT gpt-4o-mini 9000 TOKENS", CHAT)
    for run in (exact, cheaper, dearer):
        await tenant.end(run)
    answer = await accuracy(ask, tenant)
    assert (answer["runs"], figures(answer)) == (3, ("209", "163", "-46"))
    assert (answer["runsWithinTenPercent"], answer["shareWithinTenPercent"]) == (1, "0.333333")
    assert [
        (row["workflowName"], row["runs"], *figures(row), row["shareWithinTenPercent"])
        for row in answer["byWorkflowName"]
    ] == [("phone_ai_call", 2, "206", "151", "-55", "0.5"), ("chat", 1, "3", "12", "9", "0")]
    assert [(row["serviceType"], row["provider"], *figures(row)) for row in answer["byService"]] == [
        ("PHONE", "twilio", "200", "140", "-60"),
        ("GPT", "gpt-4o-mini", "9", "15", "6"),
        ("GPT", "gpt-4o", "0", "8", "8"),
    ]
    for column, name in enumerate(FIGURES.split()):
        for rows in (answer["byWorkflowName"], answer["byService"]):
            assert sum(int(figures(row)[column]) for row in rows) == int(answer[name])


@pytest.mark.parametrize(
    ("minutes", "within"), [("4.5", "1"), ("4.45", "0"), ("5.5", "1"), ("5.55", "0"), ("5", "1")]
)
async def test_a_tenth_more_or_less_is_within(ask: Door, tenant: Tenant, minutes: str, within: str) -> None:
    run = await quoted_run(tenant, CALL)
    await tenant.add(run, f"PHONE twilio {minutes} MINUTES")
    await tenant.end(run)
    assert (await accuracy(ask, tenant))["shareWithinTenPercent"] == within


async def test_only_ended_runs_whose_holds_took_quotes_count(ask: Door, tenant: Tenant) -> None:
    empty = await accuracy(ask, tenant)
    assert (empty["runs"], figures(empty), empty["shareWithinTenPercent"]) == (0, ("0", "0", "0"), None)
    await promised(tenant, plan_of(tenant, CALL))
    running = await quoted_run(tenant, CALL)
    await tenant.add(running, CALL)
    unquoted = await tenant.start()
    await tenant.add(unquoted, CALL)
    await tenant.end(unquoted)
    other = await new_tenant(tenant.database, "Other")
    await other.end(await quoted_run(other, CALL))
    assert await accuracy(ask, tenant) == empty
    await tenant.end(running, WorkflowStatus.FAILED)
    assert figures(await accuracy(ask, tenant)) == ("100", "100", "0")


async def test_all_quotes_of_a_run_and_what_is_not_voided_count(ask: Door, tenant: Tenant) -> None:
    run = await quoted_run(tenant, CALL)
    more = await promised(tenant, plan_of(tenant, CHAT))
    plan = HoldPlan(quote_id=more.quote.id)
    [held] = await tenant.hold_all(HoldCredits(tenant.account_id, run.id, plan, next_key()))
    assert str(given(held).hold.amount) == "3"
    call, _ = await tenant.add(run, CALL, CHAT)
    await tenant.void(call)
    await tenant.end(run)
    await tenant.add(run, "PHONE twilio 1 MINUTES")
    answer = await accuracy(ask, tenant)
    assert (answer["runs"], figures(answer)) == (1, ("103", "23", "-80"))
    assert [(row["provider"], *figures(row)) for row in answer["byService"]] == [
        ("twilio", "100", "20", "-80"),
        ("gpt-4o-mini", "3", "3", "0"),
    ]


async def test_a_period_and_a_name_narrow_it(ask: Door, tenant: Tenant) -> None:
    for days, name in ((3, "a"), (2, "b"), (1, "b")):
        run = await quoted_run(tenant, CALL, name=name, started_at=NOON - timedelta(days=days))
        await tenant.add(run, f"PHONE twilio {days} MINUTES")
        await tenant.end(run)
    since, until = ((NOON - timedelta(days=days)).isoformat() for days in (2, 1))
    for narrowed, charged in (
        ({}, "120"),
        ({"from": since}, "60"),
        ({"from": since, "to": until}, "40"),
        ({"to": since}, "60"),
        ({"workflowName": "b"}, "60"),
        ({"workflowName": "b", "to": until}, "40"),
        ({"workflowName": "c"}, "0"),
    ):
        answer = await accuracy(ask, tenant, **narrowed)
        assert answer["chargedCredits"] == charged, narrowed
        assert sum(int(row["chargedCredits"]) for row in answer["byService"]) == int(charged)
    error = await ask.error(tenant.secret, ASK, {"from": until, "to": since})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "to"}


async def test_three_statements_answer_for_any_number_of_accounts(
    ask: Door, tenant: Tenant, operator: str
) -> None:
    for number in range(3):
        another = await new_tenant(tenant.database, f"Tenant {number}")
        await another.end(await quoted_run(another, CALL))
    query = f"{{ accounts(first: 10) {{ nodes {{ name quoteAccuracy {ACCURACY} }} }} }}"
    await ask.data(operator, "{ viewer { scopes } }")
    # That the key was used is noted behind the answer.
    await tenant.database.write(Command(None, lambda session, *, now: None))  # noqa: ARG005 - a verb
    with statements(tenant.database) as sent:
        nodes = (await ask.data(operator, query))["accounts"]["nodes"]
    assert [(node["name"], node["quoteAccuracy"]["quotedCredits"]) for node in nodes] == [
        ("Tenant 2", "100"),
        ("Tenant 1", "100"),
        ("Tenant 0", "100"),
        ("Acme", "0"),
    ]
    # The key and the accounts come before.
    assert len([text for text in sent if not text.startswith("BEGIN")]) == 4
