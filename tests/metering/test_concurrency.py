"""Many at once, from two Database objects and from another process: every usage once, totals exact, no error."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest

from metering.errors import CreditsExhausted
from metering.tracking import IfUncovered, UsageAddition
from models.database import Database
from tests.databases.opened import opened
from tests.metering.adding_process import add_one
from tests.tenant import Tenant

USAGES = 200
SENT_TWICE = 100
TOTAL = sum(range(1, USAGES + 1))


@pytest.fixture
async def second(database: Database) -> AsyncIterator[Database]:
    """Another Database on the same store, as a second process has it."""
    async with opened(database.url.render_as_string(hide_password=False), database.clock) as second:
        yield second


async def test_two_at_once_record_every_usage_once(tenant: Tenant, second: Database) -> None:
    workflow = await tenant.start()
    elsewhere = replace(tenant, database=second)
    firsts = [add_one((tenant, elsewhere)[n % 2], workflow.id, n) for n in range(1, USAGES + 1)]
    again = [add_one((elsewhere, tenant)[n % 2], workflow.id, n) for n in range(1, SENT_TWICE + 1)]
    replayed = await asyncio.gather(*firsts, *again)
    assert (replayed.count(False), replayed.count(True)) == (USAGES, SENT_TWICE)
    stored = await tenant.workflow(workflow.id)
    assert (str(stored.total_credits), stored.usage_count) == (str(TOTAL), USAGES)
    assert str((await tenant.account()).overdraft) == str(TOTAL)


async def test_a_race_for_the_last_credits_is_won_exactly_as_often_as_they_last(
    prepaid: Tenant, second: Database
) -> None:
    await prepaid.grant("25")
    await prepaid.grant("15")
    workflow = await prepaid.start()
    elsewhere = replace(prepaid, database=second)
    answers = await asyncio.gather(*(take_one((prepaid, elsewhere)[n % 2], workflow.id) for n in range(200)))
    assert sum(isinstance(answer, UsageAddition) for answer in answers) == 40
    refusals = [answer for answer in answers if isinstance(answer, CreditsExhausted)]
    assert len(refusals) == 160
    assert {str(refusal.available) for refusal in refusals} == {"0"}
    account = await prepaid.account()
    assert [str(account.granted), str(account.spent), str(account.overdraft)] == ["40", "40", "0"]


async def test_runs_start_and_end_while_usages_are_added(tenant: Tenant, second: Database) -> None:
    elsewhere = replace(tenant, database=second)

    async def whole_run(owner: Tenant, other: Tenant) -> str:
        workflow = await owner.start()
        await asyncio.gather(
            *(each.add(workflow, "GPT gpt-4o-mini 1000 TOKENS") for each in (owner, other) * 3)
        )
        return str((await other.end(workflow)).total_credits)

    totals = await asyncio.gather(
        *(whole_run(*pair) for pair in ((tenant, elsewhere), (elsewhere, tenant)) for _ in range(8))
    )
    assert totals == ["6"] * 16


async def test_another_process_adds_to_the_same_run(tenant: Tenant) -> None:
    workflow = await tenant.start()
    url = tenant.database.url.render_as_string(hide_password=False)
    # Numbers 51 to 100 come from both.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "tests.metering.adding_process", url),
        *(str(each) for each in (tenant.account_id, tenant.api_key_id, workflow.id, 51, 151)),
        stdout=subprocess.PIPE,
    )
    ours: list[bool] = []
    for number in range(1, 101):
        ours.append(await add_one(tenant, workflow.id, number))
        await asyncio.sleep(0.01)
    output, _ = await process.communicate()
    assert process.returncode == 0
    recorded, replayed = map(int, output.split())
    assert (recorded + ours.count(False), replayed + ours.count(True)) == (150, 50)
    stored = await tenant.workflow(workflow.id)
    assert (str(stored.total_credits), stored.usage_count) == (str(sum(range(1, 151))), 150)


async def take_one(tenant: Tenant, workflow_id: UUID) -> object:
    item = tenant.usage(workflow_id, "GPT gpt-4o-mini 1000 TOKENS", if_uncovered=IfUncovered.REFUSE)
    [answer] = await tenant.add_all(item)
    return answer
