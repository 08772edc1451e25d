"""A store as the first version left it: migrated by 0001 alone, its rows written as that version wrote them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, bindparam, create_engine, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from models import migrations
from models.base import Flag, Id, Instant
from models.identity import new_id

Answer = TypeVar("Answer")

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
CREDIT = 1_000_000
_TYPES = {UUID: Id(), datetime: Instant(), bool: Flag()}


@dataclass(slots=True)
class OldStore:
    """Ids of what the old version wrote: runs above each other, usages, grants."""

    connection: Connection
    acme: UUID = field(default_factory=new_id)
    idle: UUID = field(default_factory=new_id)
    key: UUID = field(default_factory=new_id)
    rate: UUID = field(default_factory=new_id)
    runs: list[UUID] = field(default_factory=lambda: [new_id() for _ in range(3)])

    def insert(self, table: str, **values: Any) -> UUID:
        """Write a row by plain SQL, with an id unless it is given one."""
        row = {"id": new_id()} | values
        names, given = ", ".join(row), ", ".join(f":{name}" for name in row)
        statement = text(f"INSERT INTO {table} ({names}) VALUES ({given})").bindparams(
            *(
                bindparam(name, type_=_TYPES[type(value)])
                for name, value in row.items()
                if type(value) in _TYPES
            )
        )
        self.connection.execute(statement, row)
        return row["id"]

    def account(self, id_: UUID, name: str, **balances: int) -> None:
        """Write an account with balances in credits."""
        books = dict.fromkeys(("granted", "spent", "expired", "overdraft"), 0) | balances
        amounts = {book: credits_ * CREDIT for book, credits_ in books.items()}
        self.insert("account", id=id_, name=name, overdraft_limit=None, created_at=MARCH, **amounts)

    def grant(self, amount: int, remaining: int, expires_at: datetime | None) -> UUID:
        """Write a grant of Acme."""
        return self.insert(
            "credit_grant",
            account_id=self.acme,
            amount=amount * CREDIT,
            remaining=remaining * CREDIT,
            priority=100,
            effective_at=MARCH,
            expires_at=expires_at,
            created_at=MARCH,
        )

    def usage(self, run: UUID, credits_: int, *, voided: bool = False) -> UUID:
        """Write a usage of one of Acme's runs."""
        return self.insert(
            "service_usage",
            account_id=self.acme,
            workflow_id=run,
            rate_id=self.rate,
            service_type="PHONE",
            provider="twilio",
            unit_type="MINUTES",
            micro_units=credits_ * CREDIT,
            credits=credits_ * CREDIT,
            exact_micros=str(credits_ * CREDIT),
            used_at=MARCH,
            recorded_at=MARCH,
            late=False,
            voided_at=MARCH if voided else None,
        )

    def transfer(self, books: str, amount: int, grant: UUID | None = None, usage: UUID | None = None) -> None:
        """Write a transfer of Acme, e.g. `transfer("GRANT SPENT", 20, grant, usage)`."""
        debit, credit = books.split()
        self.insert(
            "ledger_transfer",
            account_id=self.acme,
            debit_book=debit,
            credit_book=credit,
            amount=amount * CREDIT,
            grant_id=grant,
            service_usage_id=usage,
            posted_at=MARCH,
        )


async def write_old_store(url: str) -> OldStore:
    """Migrate an empty database to 0001 and fill it; what is returned tells the ids."""
    return await _within(url, _written)


async def migrate_to(url: str, version: str) -> None:
    """Migrate an empty database to a version of the past."""
    await _within(url, lambda connection: command.upgrade(_config(connection), version))


async def _within(url: str, work: Callable[[Connection], Answer]) -> Answer:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed.set(drivername="sqlite"))
        with engine.begin() as connection:
            answer = work(connection)
        engine.dispose()
        return answer
    asynchronous = create_async_engine(url)
    async with asynchronous.begin() as connection_:
        answer = await connection_.run_sync(work)
    await asynchronous.dispose()
    return answer


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


def _written(connection: Connection) -> OldStore:
    command.upgrade(_config(connection), "0001")
    store = OldStore(connection)
    _prices(store)
    store.account(store.acme, "Acme", granted=155, spent=140, expired=5, overdraft=20)
    store.account(store.idle, "Idle")
    _runs(store)
    _books(store)
    return store


def _prices(store: OldStore) -> None:
    card = store.insert(
        "rate_card",
        publishing_order=1,
        version="1",
        effective_from=MARCH,
        rounding="UP",
        precision=0,
        published_at=MARCH,
    )
    store.insert(
        "rate",
        id=store.rate,
        rate_card_id=card,
        service_type="PHONE",
        provider="twilio",
        unit_type="MINUTES",
        price=CREDIT,
        per=1,
        minimum=0,
        free=False,
    )


def _runs(store: OldStore) -> None:
    store.insert(
        "api_key",
        id=store.key,
        account_id=store.acme,
        name="first",
        prefix="nexus_old",
        secret_hash="0" * 64,
        scope_names="READ TRACK",
        created_at=MARCH,
    )
    above = None
    for run, total, count in zip(store.runs, (100, 20, 20), (1, 1, 1), strict=True):
        store.insert(
            "workflow",
            account_id=store.acme,
            id=run,
            workflow_name="phone_ai_call",
            status="RUNNING",
            api_key_id=store.key,
            parent_workflow_id=above,
            started_at=MARCH,
            recorded_at=MARCH,
            total_credits=total * CREDIT,
            usage_count=count,
        )
        above = run


def _books(store: OldStore) -> None:
    """Burn, expire, overdraw, and void: a refund to a grant and the overdraft, another to an expired grant."""
    spent, expired, alive = (
        store.grant(100, 0, None),
        store.grant(5, 0, MARCH),
        store.grant(50, 30, NEXT_YEAR),
    )
    first, below, lowest = (
        store.usage(run, cost) for run, cost in zip(store.runs, (100, 20, 20), strict=True)
    )
    voided, voided_late = (
        store.usage(store.runs[0], 33, voided=True),
        store.usage(store.runs[0], 2, voided=True),
    )
    for grant, amount in ((spent, 100), (expired, 5), (alive, 50)):
        store.transfer("ISSUED GRANT", amount, grant)
    store.transfer("GRANT SPENT", 2, expired, voided_late)
    store.transfer("GRANT EXPIRED", 3, expired)
    store.transfer("SPENT EXPIRED", 2, None, voided_late)
    store.transfer("GRANT SPENT", 100, spent, first)
    store.transfer("GRANT SPENT", 20, alive, below)
    store.transfer("GRANT SPENT", 30, alive, voided)
    store.transfer("OVERDRAFT SPENT", 3, None, voided)
    store.transfer("OVERDRAFT SPENT", 20, None, lowest)
    store.transfer("SPENT GRANT", 30, alive, voided)
    store.transfer("SPENT OVERDRAFT", 3, None, voided)
