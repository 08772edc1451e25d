"""Rotation: another secret for the same key, the old ones for a while, and none of a key that has ended."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from metering.api_keys import hash_secret, live_secrets, rotate_api_key
from metering.errors import ApiKeyEnded, ApiKeyNotFound, ScopeNotHeld
from models.api_key import ApiKey, OldSecret, Scope
from models.database import Database
from models.writer import Command
from tests.clock import NOON, SettableClock
from tests.databases.statements import recognitions
from tests.keys import DAY, opened_by, revoke, rotate
from tests.metering.conftest import NothingWritten
from tests.tenant import Tenant, issue, new_tenant

HOUR = timedelta(hours=1)


async def test_the_old_secret_works_until_the_overlap_ends(tenant: Tenant, clock: SettableClock) -> None:
    rotated = await rotate(tenant, tenant.api_key_id)
    key = rotated.api_key
    assert (key.id, key.rotated_at, key.old_secrets_until) == (tenant.api_key_id, NOON, NOON + DAY)
    assert (key.prefix, key.secret_hash) == (rotated.secret[:12], hash_secret(rotated.secret))
    assert rotated.secret not in repr(rotated)
    clock.now = NOON + DAY - timedelta(microseconds=1)
    for secret in (tenant.secret, rotated.secret):
        assert await opened_by(tenant.database, secret) == key.id
    clock.now = NOON + DAY
    assert await opened_by(tenant.database, tenant.secret) is None
    assert await opened_by(tenant.database, rotated.secret) == key.id


async def test_rotating_twice_keeps_what_was_promised_of_both(tenant: Tenant, clock: SettableClock) -> None:
    second = (await rotate(tenant, tenant.api_key_id)).secret
    clock.forward(hours=23)
    third = (await rotate(tenant, tenant.api_key_id)).secret
    clock.forward(minutes=59)
    assert [await opened_by(tenant.database, each) for each in (tenant.secret, second, third)] == [
        tenant.api_key_id
    ] * 3
    clock.forward(minutes=1)
    assert [await opened_by(tenant.database, each) for each in (tenant.secret, second, third)] == [
        None,
        tenant.api_key_id,
        tenant.api_key_id,
    ]


@pytest.mark.parametrize(("overlap", "left"), [(timedelta(0), 0), (HOUR, 3)])
async def test_a_shorter_overlap_is_meant_for_all_old_secrets(
    tenant: Tenant, clock: SettableClock, overlap: timedelta, left: int
) -> None:
    secrets = [tenant.secret, *[(await rotate(tenant, tenant.api_key_id)).secret for _ in range(2)]]
    last = await rotate(tenant, tenant.api_key_id, overlap)
    living = [each for each in secrets if await opened_by(tenant.database, each)]
    assert len(living) == left
    clock.now += overlap
    assert [each for each in secrets if await opened_by(tenant.database, each)] == []
    assert await opened_by(tenant.database, last.secret) == tenant.api_key_id
    assert last.api_key.old_secrets_until == (NOON + overlap if overlap else None)


async def test_what_has_ended_is_forgotten_at_the_next_rotation(tenant: Tenant, clock: SettableClock) -> None:
    for _ in range(5):
        await rotate(tenant, tenant.api_key_id, HOUR)
        clock.forward(hours=2)
    async with tenant.database.read() as session:
        assert (await session.scalars(select(func.count()).select_from(OldSecret))).one() == 1


async def test_a_revoked_key_is_nobody_by_any_of_its_secrets(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    rotated = await rotate(tenant, tenant.api_key_id)
    await revoke(tenant, tenant.api_key_id)
    assert [await opened_by(tenant.database, each) for each in (tenant.secret, rotated.secret)] == [None] * 2
    async with nothing_written():
        with pytest.raises(ApiKeyEnded, match=r"revoked or expired at 2026-03-04T12:00:00\+00:00"):
            await rotate(tenant, tenant.api_key_id)


async def test_an_expired_key_gets_no_new_secret(
    tenant: Tenant, clock: SettableClock, nothing_written: NothingWritten
) -> None:
    key, secret = await issue(tenant.database, tenant.account_id, "short", expires_at=NOON + HOUR)
    rotated = await rotate(tenant, key.id)
    clock.now = NOON + HOUR
    assert [await opened_by(tenant.database, each) for each in (secret, rotated.secret)] == [None] * 2
    async with nothing_written():
        with pytest.raises(ApiKeyEnded) as refused:
            await rotate(tenant, key.id)
    assert refused.value.ended_at == NOON + HOUR


async def test_another_account_s_key_is_not_found(
    tenant: Tenant, database: Database, nothing_written: NothingWritten
) -> None:
    stranger = await new_tenant(database, "Stranger")
    async with nothing_written():
        with pytest.raises(ApiKeyNotFound):
            await rotate(tenant, stranger.api_key_id)
    assert await opened_by(database, stranger.secret) == stranger.api_key_id


def rotation_by(key: ApiKey, of: ApiKey) -> Command[object]:
    verb = partial(
        rotate_api_key,
        account_id=key.account_id,
        api_key_id=of.id,
        overlap=DAY,
        rotator_scopes=key.scopes,
    )
    return Command(key.account_id, verb)


async def test_nobody_rotates_their_way_to_more_than_they_have(
    tenant: Tenant, database: Database, nothing_written: NothingWritten
) -> None:
    manages, _ = await issue(database, tenant.account_id, "manages", [Scope.MANAGE])
    tracks, _ = await issue(database, tenant.account_id, "tracks", [Scope.TRACK])
    operates, _ = await issue(database, None, "operates", [Scope.MANAGE, Scope.OPERATE])
    everything, _ = await issue(database, None, "everything", tuple(Scope))
    async with nothing_written():
        for by, of in ((manages, tracks), (operates, everything)):
            with pytest.raises(ScopeNotHeld, match="TRACK"):
                await database.write(rotation_by(by, of))
    for by, of in ((manages, manages), (operates, tracks), (operates, operates), (everything, operates)):
        await database.write(rotation_by(by, of))


async def test_which_of_many_secrets_live_is_told_in_one_statement(
    tenant: Tenant, database: Database, clock: SettableClock
) -> None:
    rotated = (await rotate(tenant, tenant.api_key_id, HOUR)).secret
    gone, gone_secret = await issue(database, tenant.account_id, "gone")
    _, short_secret = await issue(database, tenant.account_id, "short", expires_at=NOON + 2 * HOUR)
    await revoke(tenant, gone.id)
    asked = [tenant.secret, rotated, gone_secret, short_secret, "nonsense"]

    async def living() -> frozenset[str]:
        with recognitions(database) as looks:
            found = await database.ask(lambda session: live_secrets(session, asked, now=clock.now))
        assert len(looks) == 1
        return found

    assert await living() == {tenant.secret, rotated, short_secret}
    clock.now = NOON + HOUR
    assert await living() == {rotated, short_secret}
    clock.now = NOON + 2 * HOUR
    assert await living() == {rotated}
