"""How races ended, each as one line: what the callers heard, the hold, and the transfers in their order."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from models.hold import Hold
from models.ledger import Grant, LedgerTransfer
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from tests.metering.races.arena import Answers, Arena, race_name


async def endings(arena: Arena, heard: Sequence[Answers]) -> Counter[str]:
    """Count the ways in which the races ended.

    A line reads `UsageAddition HoldRelease | RELEASED 10 = 7 + 3 + 0 | GRANT-HOLD 10, HOLD-SPENT 7, …`: the
    answers, each hold's amount as captured, released and lent, and the transfers that touch the race.
    """
    lines: list[str] = [" ".join(answers) for answers in heard]
    told = await _told(arena)
    return Counter(f"{line} | {told[race_name(number)]}" for number, line in enumerate(lines))


async def _told(arena: Arena) -> dict[str, str]:
    async with arena.databases[0].read() as session:
        names = {run.id: run.workflow_name for run in await session.scalars(select(Workflow))}
        holds = (await session.scalars(select(Hold).order_by(Hold.id))).all()
        usages = (await session.scalars(select(ServiceUsage))).all()
        grants = (await session.scalars(select(Grant))).all()
        transfers = (await session.scalars(_IN_ORDER)).all()
    race_of: dict[UUID | None, str | None] = {grant.id: grant.restriction_name for grant in grants}
    race_of |= {hold.id: names[hold.workflow_id] for hold in holds}
    race_of |= {usage.id: names[usage.workflow_id] for usage in usages}
    states: dict[str, list[str]] = defaultdict(list)
    moves: dict[str, list[str]] = defaultdict(list)
    for hold in holds:
        kept = f" + {hold.remaining} kept" if hold.remaining else ""
        parts = f"{hold.captured} + {hold.released} + {hold.lent}{kept}"
        states[names[hold.workflow_id]].append(f"{hold.status} {hold.amount} = {parts}")
    for each in transfers:
        ids = (each.service_usage_id, each.debit_hold_id, each.credit_hold_id, each.grant_id)
        race = next(filter(None, (race_of.get(id_) for id_ in ids)), None)
        if race is not None:
            moves[race].append(f"{each.debit_book}-{each.credit_book} {each.amount}")
    return {race: ", ".join(states[race]) + " | " + ", ".join(moves[race]) for race in set(names.values())}


_IN_ORDER = select(LedgerTransfer).order_by(LedgerTransfer.account_id, LedgerTransfer.sequence)
