"""Recognising keys: one look for all who ask at the same time, and none for who is known."""

import asyncio

import pytest

from graph.context import Snapshot
from metering.api_keys import new_secret
from models.api_key import ApiKey
from models.database import Database
from models.statement_count import counted_statements
from server.authentication import Authentication, Secret, Unauthenticated
from tests.tenant import Tenant


async def look(authentication: Authentication, database: Database, secret: str) -> ApiKey:
    """Recognise a key as an operation does, in a snapshot of its own."""
    snapshot = Snapshot(database)
    try:
        return await authentication.api_key(Secret(secret), snapshot)
    finally:
        await snapshot.close()


async def test_of_all_who_bring_a_key_at_the_same_time_one_looks_it_up(
    database: Database, tenant: Tenant
) -> None:
    authentication = Authentication(database)
    with counted_statements() as reads:
        found = await asyncio.gather(*(look(authentication, database, tenant.secret) for _ in range(20)))
    assert {key.id for key in found} == {tenant.api_key_id}
    assert reads.count == 1
    await authentication.close()


async def test_a_key_that_nobody_has_is_looked_for_by_each(database: Database) -> None:
    authentication, secret = Authentication(database), new_secret()
    with counted_statements() as reads:
        found = await asyncio.gather(
            *(look(authentication, database, secret) for _ in range(3)), return_exceptions=True
        )
    assert [type(each) for each in found] == [Unauthenticated] * 3
    assert reads.count == 3


@pytest.mark.parametrize("read_connections", [2])
async def test_who_looks_and_leaves_keeps_nobody_waiting(database: Database, tenant: Tenant) -> None:
    authentication = Authentication(database)
    first, second = (asyncio.create_task(look(authentication, database, tenant.secret)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await asyncio.wait_for(second, 10)).id == tenant.api_key_id
    assert first.cancelled()
    await authentication.close()
