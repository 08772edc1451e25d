"""Some weeks of believable runs for the demo account, the same for the same seed and moment."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import structlog

from metering.errors import Refusal
from metering.tracking import RecordWorkflow, record_workflows
from models.availability import StoreUnavailable
from models.database import Database
from models.writer import SetCommand
from server.demo.account import DemoAccount
from server.demo.runs import history_runs
from server.progress import told_progress

RUNS_IN_A_BATCH = 200
SEED = 20_231_116
"""The day of the real requests that the history is made of."""

_PAUSE_SECONDS = 0.02

log = structlog.get_logger(__name__)


async def run_demo_history(database: Database, demo: DemoAccount) -> None:
    """Write the history beside live requests, with a progress bar on a terminal and a line in the log."""
    try:
        with told_progress("runs of the demo", in_lines=False) as tell:
            written = await build_history(database, demo, tell)
    except (Refusal, StoreUnavailable) as refusal:
        log.warning("demo history incomplete", reason=str(refusal))
    else:
        log.info("demo history complete", runs=written)


async def build_history(
    database: Database, demo: DemoAccount, progress: Callable[[int, int], None], *, seed: int = SEED
) -> int:
    """Record the history in small batches, each told to `progress` as (done, total); give the number of runs.

    Raises the first refusal; what was recorded before it stays.
    """
    # Thousands of values are worked out at once: not in the loop that answers requests.
    runs = await asyncio.to_thread(history_runs, demo, now=database.clock(), seed=seed)
    done = 0
    for batch in _batches(runs):
        answers = await database.write(SetCommand(demo.account_id, record_workflows, batch))
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        done += len(batch)
        progress(done, len(runs))
        # The writer is one line: whoever came meanwhile goes first.
        await asyncio.sleep(_PAUSE_SECONDS)
    return done


def _batches(runs: Sequence[RecordWorkflow]) -> Iterator[tuple[RecordWorkflow, ...]]:
    remaining = iter(runs)
    while batch := tuple(islice(remaining, RUNS_IN_A_BATCH)):
        yield batch
