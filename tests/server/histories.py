"""The demo's history, several times over: recorded once by the verbs, and its rows copied under other ids.

Recording 100,000 usages takes minutes on a busy machine. The copies are runs and usages alone, without ledger: enough
to be replayed and added up, and nothing that an audit should see. The store copies by itself, since row by row that
would take longer than to record.
"""

from datetime import datetime
from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from metering.rate_cards import publish_built_in_rate_card
from metering.tracking import record_workflows
from models.base import table_of
from models.database import Database
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from models.writer import Command, SetCommand
from server.demo.account import DemoAccount
from server.demo.opening import prepare_demo
from server.demo.runs import history_runs
from tests.tenant import given

RUNS_IN_A_BATCH = 500
_OWN = "01"
"""The first byte of ids until the year 2527; those of a copy begin with its number."""
_FIRST_BYTE = {"sqlite": "substr({id}, 1, 1) = X'{byte}'", "postgresql": "left({id}::text, 2) = '{byte}'"}
_BEGUN_WITH = {
    "sqlite": "CAST(X'{byte}' || substr({id}, 2) AS BLOB)",
    "postgresql": "overlay({id}::text placing '{byte}' from 1)::uuid",
}


async def demo_with_history(
    database: Database, *, copies: int = 0, most_runs: int | None = None
) -> DemoAccount:
    """Make a demo account with its history, or the first runs of it, and so many copies on an empty store."""
    await database.write(Command(None, publish_built_in_rate_card))
    demo = (await prepare_demo(database)).account
    runs = history_runs(demo, now=database.clock(), seed=1)[:most_runs]
    for first in range(0, len(runs), RUNS_IN_A_BATCH):
        batch = tuple(runs[first : first + RUNS_IN_A_BATCH])
        for answer in await database.write(SetCommand(demo.account_id, record_workflows, batch)):
            given(answer)
    for number in range(2, copies + 2):
        await database.write(Command(demo.account_id, partial(_copy, byte=f"{number:02x}")))
    return demo


def _copy(session: Session, *, byte: str, now: datetime) -> None:  # noqa: ARG001 - a verb's signature
    dialect = session.get_bind().dialect.name
    for model, ids in ((Workflow, {"id"}), (ServiceUsage, {"id", "workflow_id"})):
        table = table_of(model)
        names = table.columns.keys()
        values = [_BEGUN_WITH[dialect].format(id=name, byte=byte) if name in ids else name for name in names]
        session.execute(
            text(
                f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(values)} FROM {table.name} "
                f"WHERE {_FIRST_BYTE[dialect].format(id='id', byte=_OWN)}"
            )
        )
