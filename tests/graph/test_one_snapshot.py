"""One operation reads one moment: what is committed between two of its statements it does not see."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.util import await_only

from models.database import Database
from tests.databases.statements import statements
from tests.door import Door
from tests.graph.agents import new_agent
from tests.graph.test_statement_counts import settled
from tests.tenant import Tenant

# Exact credits and metadata are not written by the store, so that each level is a statement.
USAGES = "servicesUsed { totalCount nodes { creditsUsed exactCredits } }"
OPERATIONS = {
    "a query": "{ viewer { account { balance { spent available held } workflows { totalCount nodes { metadata } } grants { totalCount } } } }",
    "nested lists": f"{{ viewer {{ account {{ agents {{ totalCount nodes {{ workflows {{ totalCount nodes {{ totalCreditsUsed {USAGES} }} }} }} }} }} }} }}",
    "a nest": "{ viewer { account { agents { totalCount nodes { workflows { totalCount nodes { totalCreditsUsed } } } } } } }",
    "a node": f'{{ node(id: "ID") {{ ... on Workflow {{ totalCreditsUsed usageCount {USAGES} holds {{ totalCount }} }} }} }}',
    "analytics": "{ viewer { account { usage { totalCredits usageCount workflowBreakdown { count totalCredits } serviceBreakdown { totalCredits } userBreakdown { userId totalCredits } } } } }",
}


@contextmanager
def meddling(database: Database, number: int, write: Any) -> Iterator[None]:
    """Commit a write before the given one of the statements that are read; the reader waits for it."""
    seen = 0

    def look(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            await_only(write())

    event.listen(database.reader.sync_engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(database.reader.sync_engine, "before_cursor_execute", look)
    assert seen >= number


@pytest.mark.parametrize("name", OPERATIONS)
async def test_what_is_committed_meanwhile_is_not_seen(ask: Door, tenant: Tenant, name: str) -> None:
    database = tenant.database
    agent = await new_agent(tenant)
    await tenant.grant("500")
    run = await tenant.start(agent_id=agent.id, user_id="ann")
    query = OPERATIONS[name].replace("ID", f"workflow_{run.id.hex}")

    async def write() -> None:
        other = await tenant.start(agent_id=agent.id, user_id="ann")
        await tenant.hold(run, "7")
        for each in (run, other):
            await tenant.add(each, "PHONE twilio 1 MINUTES")

    await settled(ask, tenant)
    await ask.data(tenant.secret, query)  # what is asked again is compiled
    with statements(database) as sent:
        before = await ask.data(tenant.secret, query)
    # The first of a snapshot fixes its moment: on SQLite it is the second, since beginning reads nothing.
    first = 3 if database.is_sqlite else 2
    reading = [text for text in sent if "secret_hash" not in text]  # the key is known for a while
    assert len(reading) >= first
    for number in range(first, len(reading) + 1):
        with meddling(database, number, write):
            assert await ask.data(tenant.secret, query) == before, number
        after = await ask.data(tenant.secret, query)
        assert after != before
        before = after
