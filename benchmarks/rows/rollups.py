"""What keeping rollups in the transaction of the usages costs those who record (rollup_cost.py)."""

from collections.abc import Iterator

import uvloop

from benchmarks.harness.figures import Figure, Work, compared
from benchmarks.harness.stage import STORES, Stage
from benchmarks.harness.turns import Series
from benchmarks.rollup_cost import SHAPES, rounds
from models.migrations import migrate

WITHOUT = "the same without rollups"
WORDS = {"own": "accounts of their own", "shared": "one account"}


def rollups(stage: Stage) -> Iterator[Figure]:
    """Record through the writer, with rollups and without them in turns."""
    for store in STORES:
        for shape, clients, batch in SHAPES:
            with stage.database(store) as url:
                uvloop.run(migrate(url))
                ours, theirs = uvloop.run(rounds(url, shape, clients, batch, stage.pace))
            each = f", {batch:,} at a time" if batch > 1 else ""
            words = f"usages kept with rollups; {clients} clients, {WORDS[shape]}{each}"
            series = [Series("creditgraph's writer", ours), Series(WITHOUT, theirs)]
            yield from compared(Work("rollups", words, store), series, {WITHOUT: ">= 0.88"})
