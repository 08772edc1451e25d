"""Rows that an operator lists in whole; callers of the API have connections for that."""

from uuid import UUID

from models.account import Account
from models.api_key import ApiKey
from models.database import Database


async def all_accounts(database: Database) -> list[Account]:
    """Read every account, oldest first."""
    statement = Account.__table__.select().order_by(Account.id)
    async with database.read() as session:
        return [Account(**row) for row in (await session.execute(statement)).mappings()]


async def keys_of(database: Database, account_id: UUID | None) -> list[ApiKey]:
    """Read every key of an account, or every operator's key where there is none, oldest first."""
    statement = ApiKey.__table__.select().where(ApiKey.account_id == account_id).order_by(ApiKey.id)
    async with database.read() as session:
        return [ApiKey(**row) for row in (await session.execute(statement)).mappings()]
