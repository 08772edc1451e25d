"""A key is rotated here and revoked there: whatever comes first, afterwards none of its secrets works."""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import func, select

from metering.api_keys import IssuedKey, live_secrets, revoke_api_key, rotate_api_key
from models.api_key import ApiKey, OldSecret
from models.audit_entry import AuditAct, AuditEntry
from models.writer import Command
from tests.metering.races.arena import Arena
from tests.tenant import Tenant, issue

OVERLAP = timedelta(days=30)


@pytest.mark.parametrize("by_operators", [False, True], ids=["an account's", "an operator's right"])
async def test_rotating_and_revoking(arena: Arena, *, by_operators: bool) -> None:
    """Without an account no lock but the key's own keeps the two apart."""
    keys = await asyncio.gather(
        *(issue(arena.databases[0], arena.owner(n).account_id, f"racer {n}") for n in range(arena.size))
    )
    secrets = [secret for _, secret in keys]

    def right_of(tenant: Tenant) -> UUID | None:
        return None if by_operators else tenant.account_id

    async def rotate(tenant: Tenant, number: int) -> IssuedKey:
        right = right_of(tenant)
        key_id = keys[number][0].id
        verb = partial(rotate_api_key, account_id=right, api_key_id=key_id, overlap=OVERLAP)
        rotated = await tenant.database.write(Command(right, verb))
        secrets.append(rotated.secret)
        return rotated

    async def revoke(tenant: Tenant, number: int) -> ApiKey:
        right = right_of(tenant)
        verb = partial(revoke_api_key, account_id=right, api_key_id=keys[number][0].id)
        return await tenant.database.write(Command(right, verb))

    heard = await arena.run(rotate, revoke)
    assert set(heard) == {("IssuedKey", "ApiKey"), ("ApiKeyEnded", "ApiKey")}
    rotations = [answer for answer, _ in heard].count("IssuedKey")
    now = arena.clocks[0].now
    async with arena.databases[0].read() as session:
        assert await session.run_sync(lambda inner: live_secrets(inner, secrets, now=now)) == frozenset()
        assert (await session.scalars(select(func.count()).select_from(OldSecret))).one() == rotations
        acts = (
            select(AuditEntry.act, func.count())
            .where(AuditEntry.act.in_([AuditAct.ROTATE_API_KEY, AuditAct.REVOKE_API_KEY]))
            .group_by(AuditEntry.act)
        )
        assert {row[0]: row[1] for row in await session.execute(acts)} == {
            AuditAct.ROTATE_API_KEY: rotations,
            AuditAct.REVOKE_API_KEY: arena.size,
        }
