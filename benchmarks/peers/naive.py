"""The naive service: strawberry's own FastAPI router, an ORM session for each request, row by row.

Usage: python -m benchmarks.peers.naive PORT DATABASE_URL
"""

import sys
from collections.abc import AsyncIterator
from datetime import datetime
from math import ceil
from typing import ClassVar
from uuid import UUID, uuid4

import strawberry
from fastapi import Depends, FastAPI
from sqlalchemy import BigInteger, DateTime, MetaData, Text, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from strawberry.fastapi import GraphQLRouter

from benchmarks.peers.serving import serve

POOL = 20


class Base(DeclarativeBase):
    """Tables of rival.sql."""

    metadata = MetaData(schema="rival")
    type_annotation_map: ClassVar = {int: BigInteger, str: Text, datetime: DateTime(timezone=True)}


class Account(Base):
    """A tenant."""

    __tablename__ = "account"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    spent: Mapped[int]
    transfer_count: Mapped[int]


class Workflow(Base):
    """A run."""

    __tablename__ = "workflow"
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    total_credits: Mapped[int]
    usage_count: Mapped[int]


class ServiceUsage(Base):
    """A metered use."""

    __tablename__ = "service_usage"
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    workflow_id: Mapped[UUID]
    idempotency_key: Mapped[str]
    service_type: Mapped[str]
    provider: Mapped[str]
    unit_type: Mapped[str]
    micro_units: Mapped[int]
    credits: Mapped[int]
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())


class LedgerTransfer(Base):
    """A movement of credits."""

    __tablename__ = "ledger_transfer"
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int]
    debit_book: Mapped[str]
    credit_book: Mapped[str]
    amount: Mapped[int]
    service_usage_id: Mapped[UUID]


@strawberry.type
class Added:
    """A usage that was added."""

    id: strawberry.ID
    credits: str


@strawberry.input
class AddInput:
    """A usage to be added."""

    account: UUID
    workflow: UUID
    key: str
    service_type: str
    provider: str
    unit_type: str
    units: int


@strawberry.type
class Query:
    """GraphQL wants one."""

    hello: str = "hello"


@strawberry.type
class Mutation:
    """What can be done."""

    @strawberry.mutation
    async def add_service_usage(self, info: strawberry.Info, given: AddInput) -> Added:
        """Add a usage once."""
        session: AsyncSession = info.context["session"]
        usage = await _added(session, given)
        await session.commit()
        return Added(id=strawberry.ID(str(usage.id)), credits=str(usage.credits // 1_000_000))


async def _added(session: AsyncSession, given: AddInput) -> ServiceUsage:
    before = select(ServiceUsage).filter_by(account_id=given.account, idempotency_key=given.key)
    if known := (await session.scalars(before)).one_or_none():
        return known
    run = await session.get_one(Workflow, (given.account, given.workflow), with_for_update=True)
    account = await session.get_one(Account, given.account, with_for_update=True)
    usage = ServiceUsage(
        account_id=given.account,
        id=uuid4(),
        workflow_id=given.workflow,
        idempotency_key=given.key,
        service_type=given.service_type,
        provider=given.provider,
        unit_type=given.unit_type,
        micro_units=given.units * 1_000_000,
        credits=ceil(given.units / 1_000) * 1_000_000,
    )
    session.add(usage)
    run.total_credits += usage.credits
    run.usage_count += 1
    account.spent += usage.credits
    account.transfer_count += 1
    await session.flush()
    session.add(
        LedgerTransfer(
            account_id=account.id,
            id=uuid4(),
            sequence=account.transfer_count,
            debit_book="OVERDRAFT",
            credit_book="SPENT",
            amount=usage.credits,
            service_usage_id=usage.id,
        )
    )
    return usage


def naive_app(url: str) -> FastAPI:
    """Put it together."""
    sessions = async_sessionmaker(
        create_async_engine(url, pool_size=POOL, max_overflow=POOL), expire_on_commit=False
    )

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as each:
            yield each

    async def context(each: AsyncSession = Depends(session)) -> dict[str, AsyncSession]:  # noqa: B008 - FastAPI's way
        return {"session": each}

    app = FastAPI()
    app.include_router(
        GraphQLRouter(strawberry.Schema(Query, Mutation), context_getter=context), prefix="/graphql"
    )
    return app


if __name__ == "__main__":
    serve(naive_app(sys.argv[2]))
