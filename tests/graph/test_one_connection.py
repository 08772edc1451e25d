"""Any operation reads over one connection: fifty at once take turns on a pool of one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event, select

from graph.context import Snapshot
from graph.loaders import rows
from models.database import Database
from models.workflow import Workflow
from tests.databases.opened import opened
from tests.door import Door, opened_door
from tests.graph.test_statement_counts import EVERYTHING, HOLDS, NESTED, fill
from tests.tenant import Tenant

AT_ONCE = 50
BRIEFLY = 0.5
USAGE = (
    "{ viewer { account { usage { totalCredits workflowBreakdown { count } userBreakdown { userId } } } } }"
)


@pytest.fixture
async def impatient(database: Database) -> AsyncIterator[Door]:
    """The service over the same store, where nobody waits long for the one connection."""
    url = database.url.render_as_string(hide_password=False)
    async with (
        opened(url, database.clock, read_wait_seconds=BRIEFLY) as other,
        opened_door(other, cost_limit=0) as door,
    ):
        yield door


async def test_deep_operations_take_turns_on_one_connection(database: Database, tenant: Tenant) -> None:
    await fill(tenant, agents=5)
    taken: list[int] = []
    pool = database.reader.sync_engine.pool
    event.listen(pool, "checkout", lambda *_: taken.append(pool.checkedout()))  # type: ignore[attr-defined]  # a queue
    async with opened_door(database, cost_limit=0) as ask:
        queries = [(NESTED, EVERYTHING, HOLDS, USAGE)[number % 4] for number in range(AT_ONCE)]
        answers = await asyncio.gather(*(ask.data(tenant.secret, query) for query in queries))
    assert len(answers) == AT_ONCE
    assert answers[:4] == answers[4:8] == answers[44:48]
    assert set(taken) == {1}


async def test_an_operation_that_asks_for_a_second_connection_is_found_out(
    impatient: Door, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await tenant.start()
    query = f'{{ viewer {{ account {{ name }} }} workflow(id: "workflow_{run.id.hex}") {{ workflowName }} }}'
    assert (await impatient.data(tenant.secret, query))["workflow"] == {"workflowName": "phone_ai_call"}
    tight = rows.owned_by_id

    def greedy(_snapshot: Snapshot, model: Any) -> Callable[[list[Any]], Awaitable[list[Any]]]:
        async def load(keys: list[Any]) -> list[Any]:
            async with impatient.database.read() as session:
                found = {row.id: row for row in await session.scalars(select(model))}
            return [found.get(row_id) for _, row_id in keys]

        return load

    monkeypatch.setattr(
        rows, "owned_by_id", lambda snapshot, model: (greedy if model is Workflow else tight)(snapshot, model)
    )
    assert await impatient.code(tenant.secret, query) == "UNAVAILABLE"
