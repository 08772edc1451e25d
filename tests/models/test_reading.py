"""Rows that are only read have the values of a session's rows, whatever the column's type."""

from sqlalchemy import select

from models.base import Base, table_of
from models.reading import PreparedRows, position_of
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from tests.tenant import Tenant

KINDS: tuple[type[Base], ...] = (Workflow, ServiceUsage)


async def test_values_are_those_of_a_session(tenant: Tenant) -> None:
    run = await tenant.start(metadata={"caller": "é"})
    await tenant.add(run, "PHONE twilio 5 MINUTES")
    for mapped in KINDS:
        prepared = PreparedRows(mapped, select(*table_of(mapped).columns))
        async with tenant.database.read() as session:
            [kept] = await session.scalars(select(mapped))
        [read] = await tenant.database.ask(prepared.read)
        names = [attribute.key for attribute in mapped.__mapper__.column_attrs]
        assert {name: getattr(read, name) for name in names} == {name: getattr(kept, name) for name in names}


async def test_properties_of_the_class_are_there(tenant: Tenant) -> None:
    run = await tenant.start()
    [usage] = await tenant.add(run, "GPT gpt-4o-mini 900 TOKENS")
    prepared = PreparedRows(ServiceUsage, select(*table_of(ServiceUsage).columns))
    [read] = await tenant.database.ask(prepared.read)
    assert (read.exact_credits, read.id) == (usage.exact_credits, usage.id)
    assert position_of(ServiceUsage.workflow_id) == 2
