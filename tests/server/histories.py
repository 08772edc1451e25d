"""The demo's history, several times over: recorded once by the verbs, and its rows copied under other ids.

Recording 100,000 usages takes minutes on a busy machine. The copies are runs and usages alone, without ledger: enough
to be replayed and added up, and nothing that an audit should see.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from metering.rate_cards import publish_built_in_rate_card
from metering.tracking import record_workflows
from models.base import table_of
from models.database import Database
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from models.writer import Command, SetCommand
from server.demo import prepare_demo
from server.demo_account import DemoAccount
from server.demo_runs import history_runs
from tests.tenant import given

RUNS_IN_A_BATCH = 500
_ROWS_AT_ONCE = 10_000
_VERSION_SHIFT = 76
"""Where in a UUID its version stands: ids of our own have a 7 there."""
_OWN_VERSION = 7


async def demo_with_history(database: Database, *, copies: int) -> DemoAccount:
    """Make a demo account with its history on an empty store, and so many copies of the history, at most 8."""
    await database.write(Command(None, publish_built_in_rate_card))
    demo = (await prepare_demo(database)).account
    runs = history_runs(demo, now=database.clock(), seed=1)
    for first in range(0, len(runs), RUNS_IN_A_BATCH):
        batch = tuple(runs[first : first + RUNS_IN_A_BATCH])
        for answer in await database.write(SetCommand(demo.account_id, record_workflows, batch)):
            given(answer)
    for model, keys in ((Workflow, ("id",)), (ServiceUsage, ("id", "workflow_id"))):
        table = table_of(model)
        rows = await database.ask(
            lambda session, table=table: session.execute(select(table)).mappings().all()
        )
        for version in range(_OWN_VERSION + 1, _OWN_VERSION + 1 + copies):
            copied = [{**row, **{key: _of_version(row[key], version) for key in keys}} for row in rows]
            for first in range(0, len(copied), _ROWS_AT_ONCE):
                some = copied[first : first + _ROWS_AT_ONCE]

                def verb(session: Session, *, now: Any, table: Any = table, some: Any = some) -> None:  # noqa: ARG001 - a verb's signature
                    session.execute(insert(table), some)

                await database.write(Command(demo.account_id, verb))
    return demo


def _of_version(id_: UUID, version: int) -> UUID:
    return UUID(int=id_.int + ((version - _OWN_VERSION) << _VERSION_SHIFT))
