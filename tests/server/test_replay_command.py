"""`creditgraph replay`: 100,000 usages of the demo's history equal to SQL's own sums, and what a person sees.

What SQL adds up knows nothing of the engine: the prices of the presets stand in the statements themselves.
"""

import asyncio
import json
import os
import pty
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from models.database import Database
from models.identity import IdKind, format_id
from server.demo.account import DemoAccount
from tests.clock import SettableClock
from tests.databases.opened import opened, opened_with_prices
from tests.door import opened_door
from tests.metering.replaying.history import every_case
from tests.server.histories import demo_with_history
from tests.server.test_cli import CREDITGRAPH, ProcessShell, Shell
from tests.tenant import Tenant, issue, new_tenant

PREMIUM = """
SELECT count(*), sum(credits), sum(CASE service_type
  WHEN 'PHONE' THEN credits
  WHEN 'GPT' THEN (micro_units * 25 + 999999999) / 1000000000 * 1000000
  WHEN 'VOICE_STT' THEN (micro_units * CASE unit_type WHEN 'MINUTES' THEN 60 ELSE 1 END * 10 + 59999999) / 60000000 * 1000000
  WHEN 'VOICE_TTS' THEN (micro_units * 2 + 999999999) / 1000000000 * 1000000 END)
FROM service_usage JOIN workflow ON workflow.account_id = service_usage.account_id AND workflow.id = workflow_id
WHERE workflow_name = 'voice_chat'"""
"""voice_chat by premium_quality: gpt-4 at 25 per 1,000 tokens, openai-whisper at 10 a minute, elevenlabs at 0.002 a character."""
CHEAP = """
SELECT workflow_id, count(*) AS usages, sum(credits) AS actual, max(CASE service_type WHEN 'PHONE' THEN 1 ELSE 0 END) AS phone,
  sum(CASE service_type
    WHEN 'GPT' THEN (micro_units + 999999999) / 1000000000 * 1000000
    WHEN 'VOICE_STT' THEN (micro_units * CASE unit_type WHEN 'MINUTES' THEN 60 ELSE 1 END * 8 + 59999999) / 60000000 * 1000000
    WHEN 'VOICE_TTS' THEN (micro_units + 999999999) / 1000000000 * 1000000 ELSE 0 END) AS replayed
FROM service_usage GROUP BY workflow_id"""
"""By cost_optimized: gpt-4o-mini at 1 per 1,000 tokens, deepgram at 8 a minute, openai-tts at 0.001 a character."""
COST_OPTIMIZED = f"""
SELECT count(*), sum(usages), sum(actual),
  sum(CASE WHEN phone = 1 OR replayed > 50000000 THEN 1 ELSE 0 END),
  sum(CASE WHEN phone = 1 OR replayed > 50000000 THEN usages ELSE 0 END),
  sum(CASE WHEN phone = 1 OR replayed > 50000000 THEN actual ELSE 0 END),
  sum(CASE WHEN phone = 1 OR replayed > 50000000 THEN 0 ELSE replayed END),
  sum(CASE WHEN phone = 0 AND replayed > 50000000 THEN 1 ELSE 0 END)
FROM ({CHEAP}) AS runs"""


async def sums(database: Database, statement: str) -> list[int]:
    async with database.read() as session:
        return [int(value) for value in (await session.execute(text(statement))).one()]


def micros(credits_: str) -> int:
    whole, _, rest = credits_.partition(".")
    return int(whole) * 10**6 + int(rest.ljust(6, "0") or 0)


async def prepared(
    database_url: str, clock: SettableClock, extent: dict[str, int]
) -> tuple[DemoAccount, list[int], list[int]]:
    async with opened(database_url, clock) as database:
        demo = await demo_with_history(database, **extent)
        return demo, await sums(database, PREMIUM), await sums(database, COST_OPTIMIZED)


@pytest.mark.parametrize(
    ("database", "extent", "fewest"),
    [
        ("sqlite", {"copies": 3}, 100_000),
        # Both stores are read by the same statements: the rest is soaked, and measured by benchmarks/replay.py.
        ("postgresql", {"most_runs": 500, "copies": 1}, 7_500),
        pytest.param("postgresql", {"copies": 3}, 100_000, marks=pytest.mark.soak),
    ],
)
def test_100_000_usages_equal_sqls_own_sums(
    database: str,
    extent: dict[str, int],
    fewest: int,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: SettableClock,
) -> None:
    database_url = request.getfixturevalue(f"{database}_database_url")
    demo, premium, cheap = asyncio.run(prepared(database_url, clock, extent))
    assert cheap[1] > fewest
    shell = Shell(database_url, tmp_path)
    command = (
        *("replay", "--account", format_id(IdKind.ACCOUNT, demo.account_id), "--json"),
        *("--from", (clock.now - timedelta(days=36)).isoformat(), "--to", clock.now.isoformat()),
    )
    done = shell.run(*command, "--preset", "cost_optimized", "--progress")
    answer = json.loads(done.stdout)
    totals = answer["totals"]
    counts = [totals["runCount"], totals["usageCount"], micros(totals["actualCredits"])]
    refused = [totals["refusedRunCount"], totals["refusedUsageCount"], micros(totals["refusedCredits"])]
    over_limit = [row["runCount"] for row in answer["refusals"] if row["kind"] == "OVER_LIMIT"]
    assert [*counts, *refused, micros(totals["replayedCredits"]), *(over_limit or [0])] == cheap
    assert_adds_up(answer)
    lines = done.stderr.splitlines()
    assert len(lines) == 11
    assert lines[-1] == f"{totals['runCount']:,} of {totals['runCount']:,} runs"
    narrowed = (*command, "--preset", "premium_quality", "--workflow-name", "voice_chat")
    answer = json.loads(shell.answer(*narrowed))
    totals = answer["totals"]
    paid = [micros(totals[each]) for each in ("actualCredits", "replayedCredits")]
    assert [totals["usageCount"], *paid] == premium
    assert (totals["refusedRunCount"], totals["savedCredits"]) == (0, credits_text(premium[1] - premium[2]))
    assert_adds_up(answer)


async def test_more_than_are_replayed_at_once(database_url: str, clock: SettableClock) -> None:
    query = "query($in: ReplayInput!) { replay(input: $in) { totals { usageCount } } }"
    given = {"to": clock.now.isoformat(), "preset": "balanced"}
    async with opened(database_url, clock) as database, opened_door(database) as ask:
        demo = await demo_with_history(database, copies=60, most_runs=50)
        secret = (await issue(database, demo.account_id, "reader"))[1]
        error = await ask.error(
            secret, query, {"in": {**given, "from": (clock.now - timedelta(days=36)).isoformat()}}
        )
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "from"}
        assert error["message"] == (
            "from: there are more than 20,000 usages, the most that are replayed at once: shorten the period, or "
            "start a job by the mutation startReplay."
        )


def credits_text(micros_: int) -> str:
    assert micros_ % 10**6 == 0
    return str(micros_ // 10**6)


def assert_adds_up(answer: dict[str, Any]) -> None:
    counted = ("runCount", "usageCount", "refusedRunCount", "refusedUsageCount")
    paid = ("actualCredits", "refusedCredits", "comparedCredits", "replayedCredits", "savedCredits")
    for rows in (answer["byWorkflowName"], answer["byAgent"]):
        for each in counted:
            assert sum(row[each] for row in rows) == answer["totals"][each]
        for each in paid:
            assert sum(int(row[each]) for row in rows) == int(answer["totals"][each])
    for each in ("usageCount", "refusedUsageCount"):
        assert sum(row[each] for row in answer["byService"]) == answer["totals"][each]
    for each in ("actualCredits", "refusedCredits", "replayedCredits"):
        assert sum(int(row[each]) for row in answer["byService"]) == int(answer["totals"][each])


async def small_history(database_url: str, clock: SettableClock) -> Tenant:
    async with opened_with_prices(database_url, clock) as database:
        tenant = await new_tenant(database)
        await every_case(tenant)
        return tenant


PERIOD = ("--from", "2026-03-03T00:00:00Z", "--to", "2026-03-04T00:00:00Z")


@pytest.fixture
def account(database_url: str, clock: SettableClock) -> str:
    tenant = asyncio.run(small_history(database_url, clock))
    return format_id(IdKind.ACCOUNT, tenant.account_id)


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    return Shell(database_url, tmp_path)


def test_a_table_for_a_person(shell: Shell, account: str) -> None:
    printed = shell.answer("replay", "--account", account, *PERIOD, "--preset", "cost_optimized")
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert lines[0] == (
        "7 runs with 12 usages were charged 398 credits. 5 of them would have run, at 32 in place of 55: 23 saved."
    )
    for line in (
        "workflow name runs usages actual refused runs refused compared replayed saved",
        "voice_chat 2 4 44 0 0 44 21 23",
        "total 7 12 398 2 343 55 32 23",
        "GPT gpt-4o-mini 4 8 3 5 9",
        "GPT gpt-4o gpt-4o-mini 2 23 4",
        "OVER_LIMIT 1 2 240",
    ):
        assert line in lines
    assert lines[-1].endswith("PHONE is disabled: set phone_enabled to true, or leave it out of the request.")


def test_files(shell: Shell, account: str, tmp_path: Path) -> None:
    (tmp_path / "configuration.json").write_text('{"primary_ai_model": "gpt-4", "phone_enabled": true}')
    (tmp_path / "prices.toml").write_text(
        (Path(__file__).parents[2] / "pricing/rate_card.toml")
        .read_text()
        .replace('"gpt-4o-mini"', '"gpt-4o-nano"')
    )
    replay = ("replay", "--account", account, *PERIOD, "--json")
    configured = json.loads(shell.answer(*replay, "--configuration", "configuration.json"))
    assert configured["totals"]["refusedRunCount"] == 0
    repriced = json.loads(
        shell.answer(*replay, "--rate-card", "prices.toml", "--workflow-name", "voice_chat")
    )
    assert (repriced["totals"]["actualCredits"], repriced["totals"]["replayedCredits"]) == ("44", "41")


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        (
            ("--preset", "cheap"),
            "--preset: There is no preset 'cheap'. Known: cost_optimized, balanced, premium_quality, emergency_services.",
        ),
        (
            (),
            "--preset: give preset or configuration, rateCardVersion or rateCard, or one of each: they say what is to be otherwise.",
        ),
        (("--rate-card-version", "v9"), "--rate-card-version: there is no version 'v9'."),
        (
            ("--configuration", "missing.json"),
            "--configuration: cannot read missing.json: No such file or directory.",
        ),
        (("--configuration", "list.json"), "--configuration: list.json must hold a JSON object."),
        (("--configuration", "broken.json"), "--configuration: broken.json is not JSON: "),
        (
            ("--configuration", "unknown.json"),
            "--configuration: primary_model: there is no such field. Did you mean 'primary_ai_model'?",
        ),
        (("--rate-card", "list.json"), "list.json:1: not valid TOML: "),
        (("--preset", "balanced", "--agent", "agent_1"), "--agent: This is not an id"),
        (("--preset", "balanced", "--to", "2026-03-04"), "--to: write a date and a time with an offset"),
        (("--preset", "balanced", "--account", f"account_{'0' * 32}"), "There is no such account."),
    ],
)
def test_refusals_name_the_option(
    shell: Shell, account: str, tmp_path: Path, options: tuple[str, ...], refusal: str
) -> None:
    (tmp_path / "list.json").write_text("[1, 2")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "unknown.json").write_text('{"primary_model": "gpt-4"}')
    given = shell.refusal("replay", "--account", account, *PERIOD, *options)
    assert given.startswith(f"Error: {refusal}")


def test_a_bar_at_a_terminal(account: str, database_url: str, tmp_path: Path) -> None:
    shell = ProcessShell(database_url, tmp_path)
    terminal, its_end = pty.openpty()
    done = subprocess.run(
        [CREDITGRAPH, "replay", "--account", account, *PERIOD, "--preset", "cost_optimized", "--json"],
        check=True,
        stdout=subprocess.PIPE,
        stderr=its_end,
        timeout=60,
        env={**shell.environment, "TERM": "xterm"},
        cwd=tmp_path,
    )
    os.close(its_end)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert json.loads(done.stdout)["totals"]["runCount"] == 7
    assert "7/7" in shown
    # Piped, the answer is all there is.
    assert shell.run("replay", "--account", account, *PERIOD, "--preset", "balanced").stderr == ""
