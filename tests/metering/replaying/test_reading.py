"""Batches: every run once and whole, wherever its usages lie, at a fixed number of statements for each."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from metering.replaying.reading import USAGES_IN_A_BATCH, Past, Place, count_runs, count_usages, read_batch
from metering.replaying.replaying import replay, replay_apart
from metering.replaying.repricing import ReplayTerms
from metering.tracking import PastUsage, RecordWorkflow, StartWorkflow
from models.workflow import WorkflowStatus
from pricing.catalogue import built_in_catalogue
from pricing.rate_card_file import built_in_rate_card
from pricing.units import Quantity, ServiceType, UnitType
from tests.databases.statements import statements
from tests.metering.replaying.history import DAY, NEXT_DAY
from tests.tenant import Tenant, given, next_key

RUNS, USAGES = 30, 41
SECOND = timedelta(seconds=1)
TERMS = ReplayTerms(lambda _at: built_in_rate_card(), built_in_catalogue())


def second_of(run: int, number: int) -> int:
    """When a usage happens; some three of each run, and those of others, at the same moment."""
    return (number + run * 20) // 3


async def interwoven(tenant: Tenant) -> dict[UUID, list[int]]:
    """Runs whose usages take turns, many of them at the same moment; the tokens of each, as recorded."""
    items = [
        RecordWorkflow(
            StartWorkflow(tenant.account_id, tenant.api_key_id, "w", next_key(), started_at=DAY),
            WorkflowStatus.COMPLETED,
            NEXT_DAY,
            tuple(
                PastUsage(
                    ServiceType.GPT,
                    "gpt-4o",
                    Quantity((1 + run * USAGES + number) * 1_000_000, UnitType.TOKENS),
                    DAY + SECOND * second_of(run, number),
                )
                for number in range(USAGES)
            ),
        )
        for run in range(RUNS)
    ]
    answers = [given(answer) for answer in await tenant.record(*items)]
    return {
        answer.workflow.id: [usage.quantity.micro_units for usage in item.usages]
        for item, answer in zip(items, answers, strict=True)
    }


async def test_every_run_once_and_whole(tenant: Tenant) -> None:
    expected = await interwoven(tenant)
    past = Past(tenant.account_id, DAY, NEXT_DAY)
    found: dict[UUID, list[int]] = {}
    sizes: list[int] = []
    place: Place | None = None
    with statements(tenant.database) as sent:
        async with tenant.database.read() as session:
            while True:
                batch = await session.run_sync(partial(read_batch, past=past, after=place))
                sizes.append(len(batch.runs))
                for run in batch.runs:
                    assert run.id not in found
                    found[run.id] = [usage.quantity.micro_units for usage in run.usages]
                place = batch.place
                if place is None:
                    break
    assert found == expected
    assert len(sizes) == RUNS * USAGES // USAGES_IN_A_BATCH + 1
    assert sum(size > 0 for size in sizes) > 1
    # A stretch in which no run begins needs two statements only.
    assert len([text for text in sent if text != "BEGIN"]) == sum(4 if size else 2 for size in sizes)


async def test_a_period_cuts_runs(tenant: Tenant) -> None:
    await interwoven(tenant)
    cut = [
        (run, number) for run in range(RUNS) for number in range(USAGES) if 30 <= second_of(run, number) < 50
    ]
    past = Past(tenant.account_id, DAY + 30 * SECOND, DAY + 50 * SECOND)
    usages = await tenant.database.ask(partial(count_usages, past=past, at_most=10_000))
    runs = await tenant.database.ask(partial(count_runs, past=past))
    figures = (await tenant.database.ask(partial(replay, past=past, terms=TERMS))).totals
    assert (
        (figures.run_count, figures.usage_count) == (runs, usages) == (len({run for run, _ in cut}), len(cut))
    )
    assert await tenant.database.ask(partial(count_usages, past=past, at_most=100)) == 100


async def test_apart_is_the_same(tenant: Tenant) -> None:
    await interwoven(tenant)
    past = Past(tenant.account_id, DAY, NEXT_DAY)
    told: list[int] = []

    async def tell(done: int) -> None:
        told.append(done)

    async with tenant.database.read() as session:
        apart = await replay_apart(session.run_sync, past=past, terms=TERMS, progress=tell)
    done: list[int] = []
    assert apart == await tenant.database.ask(partial(replay, past=past, terms=TERMS, progress=done.append))
    assert told == done
    assert done[-1] == apart.totals.run_count == RUNS
    assert (apart.totals.usage_count, apart.totals.saved.micros) == (RUNS * USAGES, 0)
