"""Does the time of an answer tell another account's id from that of nothing? Medians, asked in turns.

.venv/bin/python benchmarks/foreign_ids.py
.venv/bin/python benchmarks/foreign_ids.py --rounds 5000
"""

import argparse
import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from uuid import uuid4

from models.database import Database
from models.migrations import migrate
from tests.databases.opened import opened_with_prices
from tests.databases.postgresql import postgresql_server
from tests.door import Door, opened_door
from tests.tenant import Tenant, new_tenant

ROUNDS = 1_000
WARM_UP_ROUNDS = 50
THEIR_RUNS = 1_000
QUESTIONS = {
    "workflow": "query($id: ID!) { workflow(id: $id) { workflowName } }",
    "node": "query($id: ID!) { node(id: $id) { id } }",
    "workflows(filter)": """query($id: ID!) {
      viewer { account { workflows(filter: {parentWorkflowId: $id}) { totalCount } } } }""",
    "completeWorkflow": "mutation($id: ID!) { completeWorkflow(input: {workflowId: $id}) { __typename } }",
}


async def main(rounds: int) -> None:
    """Print the medians for each question on both databases."""
    print(f"{'':28}{'foreign µs':>12}{'missing µs':>12}{'ratio':>8}")
    with TemporaryDirectory() as folder:
        await measure("SQLite", f"sqlite+aiosqlite:///{folder}/ids.db", rounds)
    with postgresql_server() as server:
        server.create_database("ids")
        await measure("PostgreSQL", server.url("ids"), rounds)


async def measure(store: str, url: str, rounds: int) -> None:
    """Ask each question with both ids in turns, first the one and then the other first."""
    await migrate(url)
    async with opened_with_prices(url) as database, asked(database) as (ask, mine, theirs):
        for name, query in QUESTIONS.items():
            taken: dict[bool, list[int]] = {True: [], False: []}
            for number in range(WARM_UP_ROUNDS + rounds):
                for is_foreign in random.sample((True, False), 2):
                    id_ = f"workflow_{(random.choice(theirs) if is_foreign else uuid4().hex)}"
                    nanoseconds = await timed(ask, mine, query, id_)
                    if number >= WARM_UP_ROUNDS:
                        taken[is_foreign].append(nanoseconds)
            foreign, missing = median(taken[True]) / 1_000, median(taken[False]) / 1_000
            print(f"{store + ' ' + name:28}{foreign:>12.0f}{missing:>12.0f}{foreign / missing:>8.3f}")


async def timed(ask: Door, mine: Tenant, query: str, id_: str) -> int:
    """Ask, and give the nanoseconds until the answer."""
    began = perf_counter_ns()
    await ask(mine.secret, query, {"id": id_})
    return perf_counter_ns() - began


@asynccontextmanager
async def asked(database: Database) -> AsyncIterator[tuple[Door, Tenant, list[str]]]:
    """Give the service, an account that asks, and the ids of another's runs."""
    mine, theirs = await new_tenant(database, "Mine"), await new_tenant(database, "Theirs")
    started = await theirs.start_all(*(theirs.run() for _ in range(THEIR_RUNS)))
    async with opened_door(database, cost_limit=0) as door:
        yield door, mine, [each.workflow.id.hex for each in started]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="pairs of requests for each question")
    asyncio.run(main(parser.parse_args().rounds))
