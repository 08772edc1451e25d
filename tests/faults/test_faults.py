"""Whatever goes wrong between the writer and its database: nothing acknowledged is lost, nothing done twice.

Play one seed alone with `pytest tests/faults -k seed-7`; those from 4 on belong to the soak.
"""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from models.base import Base
from models.database import Database
from models.hold import Hold
from models.idempotency import IdempotentRequest
from models.ledger import Grant
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from tests.clock import SettableClock
from tests.faults.callers import Crowd
from tests.faults.requests import SET_VERBS, VERBS, Requests
from tests.faults.simulator import AFTER_COMMIT, BEFORE_COMMIT, Fault
from tests.tenant import new_tenant

RUN, HOLD, USAGE, GRANT = range(4)
ROUNDS, MOST_ROUNDS = 240, 960
SENT_AGAIN = 2
LAST_IN_CI, LAST = 3, 60
SEEDS = [
    pytest.param(seed, id=f"seed-{seed}", marks=[pytest.mark.soak] if seed > LAST_IN_CI else [])
    for seed in range(1, LAST + 1)
]


@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_lost_and_nothing_doubled(
    database: Database, clock: SettableClock, seed: int
) -> None:
    limits = {"owing": None, "lent": "50", "prepaid": "0"}
    tenants = [await new_tenant(database, name, overdraft_limit=limit) for name, limit in limits.items()]
    requests = Requests(seed, tenants)
    crowd = Crowd(database, seed, requests.known)
    with crowd.simulator.at_work():
        await _trouble(crowd, requests, clock)
    assert _unbroken(crowd) == set()

    await crowd.send_all(crowd.memory.take_untold())
    await crowd.send_all([request for request, _ in crowd.memory.told.values()])
    assert crowd.memory.untold == []
    assert await _stored(database) == _told(crowd)


async def _trouble(crowd: Crowd, requests: Requests, clock: SettableClock) -> None:
    for number in range(MOST_ROUNDS):
        # Which point comes when is up to how the requests meet: a rare one may need more of them.
        if number >= ROUNDS and not _unbroken(crowd):
            return
        await crowd.send_all([*requests.some(), *crowd.memory.take_untold(most=SENT_AGAIN)])
        clock.now += requests.pause()


def _unbroken(crowd: Crowd) -> set[object]:
    """Give the points, the ends of transactions with each verb, and the faults that have not come yet."""
    broken = crowd.simulator.broken.keys()
    ends = {(place, verb) for place in (BEFORE_COMMIT, AFTER_COMMIT) for verb in SET_VERBS | VERBS}
    faults = set(Fault) - crowd.simulator.faults.keys()
    return {*(crowd.simulator.met - broken), *(ends - {(each.place, each.verb) for each in broken}), *faults}


async def _stored(database: Database) -> dict[str, Any]:
    async with database.read() as session:

        async def ids(mapped: type[Base], *where: Any) -> set[UUID]:
            return set(await session.scalars(select(mapped.id).where(*where)))  # type: ignore[attr-defined]

        return {
            "runs": await ids(Workflow),
            "holds": await ids(Hold),
            "grants": await ids(Grant),
            "voided grants": await ids(Grant, Grant.voided_at.is_not(None)),
            "voided usages": await ids(ServiceUsage, ServiceUsage.voided_at.is_not(None)),
            "usages": Counter(await session.scalars(select(ServiceUsage.workflow_id))),
            "keys": await session.scalar(select(func.count()).select_from(IdempotentRequest)),
        }


def _told(crowd: Crowd) -> dict[str, Any]:
    """Say what the store must hold, going by what callers were told."""
    told = [(request, content) for request, content in crowd.memory.told.values()]

    def ids(position: int, *verbs: str) -> set[Any]:
        return {content[position] for request, content in told if request.verb in verbs} - {None}

    usages = Counter(content[RUN] for request, content in told if request.verb == "add")
    for request, content in told:
        if request.verb == "record" and request.item.usages:
            usages[content[RUN]] += len(request.item.usages)
    return {
        "runs": ids(RUN, "start", "record"),
        "holds": ids(HOLD, "start", "hold"),
        "grants": ids(GRANT, "grant"),
        "voided grants": ids(GRANT, "void grant"),
        "voided usages": ids(USAGE, "void"),
        "usages": usages,
        "keys": len(told),
    }
