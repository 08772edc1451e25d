"""Keys of a tenant: rotated, revoked, and looked for by their secrets."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import select

from metering.api_keys import IssuedKey, hash_secret, keys_with_secrets, revoke_api_key, rotate_api_key
from models.api_key import ApiKey
from models.audit_entry import AuditEntry
from models.database import Database
from models.writer import Command
from tests.tenant import Tenant

DAY = timedelta(days=1)


async def rotate(tenant: Tenant, api_key_id: UUID, overlap: timedelta = DAY) -> IssuedKey:
    """Give one of the tenant's keys a new secret."""
    verb = partial(rotate_api_key, account_id=tenant.account_id, api_key_id=api_key_id, overlap=overlap)
    return await tenant.database.write(Command(tenant.account_id, verb))


async def revoke(tenant: Tenant, api_key_id: UUID) -> ApiKey:
    """End one of the tenant's keys."""
    verb = partial(revoke_api_key, account_id=tenant.account_id, api_key_id=api_key_id)
    return await tenant.database.write(Command(tenant.account_id, verb))


async def opened_by(database: Database, secret: str) -> UUID | None:
    """Give the id of the living key that a secret opens now."""
    hashed, now = hash_secret(secret), database.clock()
    found = await database.ask(lambda session: keys_with_secrets(session, [hashed], now=now))
    return found[hashed].id if hashed in found else None


async def entries(database: Database) -> list[AuditEntry]:
    """Give the whole audit log, oldest first."""
    async with database.read() as session:
        return list(await session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
