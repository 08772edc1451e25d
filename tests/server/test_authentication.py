"""Recognising keys: one look for all who ask at the same time, and none for who is known."""

import asyncio
from types import SimpleNamespace

import pytest

from graph.context import Snapshot
from metering.api_keys import new_secret
from models.api_key import ApiKey
from models.database import Database
from models.statement_count import counted_statements
from server.authentication import Authentication, Secret, Unauthenticated
from tests.clock import SettableClock
from tests.keys import revoke
from tests.streams import elsewhere
from tests.tenant import Tenant, issue


class Seconds:
    """The clock that says how long a key is known; it stands unless it is moved."""

    def __init__(self) -> None:
        self._now = 0.0

    def forward(self, seconds: float) -> None:
        """Let so much time go by."""
        self._now += seconds

    def monotonic(self) -> float:
        """Tell the time."""
        return self._now


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    """Let the time of known keys pass when it is told to, however slow the machine is."""
    given = Seconds()
    monkeypatch.setattr("server.authentication.time", SimpleNamespace(monotonic=given.monotonic))
    return given


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
    # Both connections are open then: one that is opened for somebody who leaves is lost on SQLite.
    strangers = (look(authentication, database, new_secret()) for _ in range(2))
    await asyncio.gather(*strangers, return_exceptions=True)
    first, second = (asyncio.create_task(look(authentication, database, tenant.secret)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await asyncio.wait_for(second, 10)).id == tenant.api_key_id
    assert first.cancelled()
    await authentication.close()


async def test_who_looks_takes_along_the_keys_that_are_at_work(
    database: Database, tenant: Tenant, seconds: Seconds
) -> None:
    authentication = Authentication(database)
    (busy, secret), (revoked, revoked_secret) = [
        await issue(database, tenant.account_id, name) for name in ("busy", "revoked")
    ]
    idle = await tenant.with_another_key("idle")
    for _ in range(2):
        for each in (secret, revoked_secret, idle.secret):
            await look(authentication, database, each)
        await authentication.close()  # by then their use is noted, and they are looked up again
    seconds.forward(0.6)
    for each in (secret, revoked_secret):  # which are known still, and brought again
        await look(authentication, database, each)
    async with elsewhere(tenant) as another:
        await revoke(another, revoked.id)
    await look(authentication, database, tenant.secret)
    seconds.forward(0.5)
    with counted_statements() as reads:
        assert (await look(authentication, database, secret)).id == busy.id
        assert reads.count == 0
        with pytest.raises(Unauthenticated):
            await look(authentication, database, revoked_secret)
        assert (await look(authentication, database, idle.secret)).id == idle.api_key_id
        assert reads.count == 2
    await authentication.close()


async def test_a_key_that_was_taken_along_was_used_when_it_was_brought(
    database: Database, tenant: Tenant, clock: SettableClock, seconds: Seconds
) -> None:
    authentication, other = Authentication(database), await tenant.with_another_key()
    await look(authentication, database, tenant.secret)
    await authentication.close()  # by then its use is noted
    clock.forward(seconds=59.5)
    await look(authentication, database, tenant.secret)
    seconds.forward(0.6)
    brought_at = clock.forward(seconds=0.6)
    await look(authentication, database, tenant.secret)
    clock.forward(seconds=0.1)
    await look(authentication, database, other.secret)
    await authentication.close()
    async with database.read() as session:
        row = await session.get_one(ApiKey, tenant.api_key_id)
    assert row.last_used_at == brought_at


async def test_of_keys_whose_second_ends_together_one_look_is_for_all(
    database: Database, tenant: Tenant, seconds: Seconds
) -> None:
    authentication, other = Authentication(database), await tenant.with_another_key()
    for _ in range(3):
        for each in (tenant, other):
            await look(authentication, database, each.secret)
        await authentication.close()
    seconds.forward(1.1)
    with counted_statements() as reads:
        found = await asyncio.gather(
            *(look(authentication, database, each.secret) for each in (tenant, other, tenant, other))
        )
    assert [key.id for key in found] == [tenant.api_key_id, other.api_key_id] * 2
    assert reads.count == 1
