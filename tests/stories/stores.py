"""The store behind a server, looked at directly: what is written, and whether the books are right."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from models.account import Account
from models.base import Base
from tests.databases.opened import opened, run_apart, verify


def verify_books(database_url: str) -> None:
    """Assert that every balance and total equals what the records add up to."""

    async def look() -> None:
        async with opened(database_url) as database:
            await verify(database)

    run_apart(look())


def written(database_url: str) -> dict[str, Any]:
    """Count the rows of every table and add up what accounts have spent: any write changes it."""

    async def count(connection: AsyncConnection) -> dict[str, Any]:
        found: dict[str, Any] = {
            name: await connection.scalar(select(func.count()).select_from(table))
            for name, table in Base.metadata.tables.items()
        }
        balances = select(Account.id, Account.granted, Account.spent, Account.overdraft).order_by(Account.id)
        found["balances"] = (await connection.execute(balances)).all()
        return found

    return _looked(database_url, count)


def _looked(
    database_url: str, look: Callable[[AsyncConnection], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def connected() -> None:
        engine = create_async_engine(database_url)
        try:
            async with engine.connect() as connection:
                found.update(await look(connection))
        finally:
            await engine.dispose()

    run_apart(connected())
    return found
