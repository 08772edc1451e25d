"""Hold, capture, complete: 50 clients on one account, through the writer, beside bare SQL (hold_cycle.py)."""

from collections.abc import Iterator

import uvloop

from benchmarks.bare_holds import bare_holds
from benchmarks.harness.figures import Figure, Work, compared
from benchmarks.harness.stage import STORES, Stage
from benchmarks.harness.turns import Pace, Series, Slice
from benchmarks.hold_clients import Round, Service
from benchmarks.hold_cycle import FIRST_CYCLES, WARM_UP_SECONDS, percentiles, series
from benchmarks.hold_proof import add_rollups, mismatches
from models.migrations import migrate
from tests.databases.opened import opened_with_prices

CLIENTS = 50
BARE = "bare SQL, a transaction each"


def holds(stage: Stage) -> Iterator[Figure]:
    """Do cycles of three verbs; what clients are told must be what the audited books say."""
    for store in STORES:
        with stage.database(store) as url:
            found = uvloop.run(_cycles(url, stage.pace))
        ours = found[0]
        words = f"hold, capture, complete; {CLIENTS} clients on one account"
        yield Figure("holds", words, store, "/s", ours.rate, target=">= 1000")
        p99 = ours.median(lambda each: each.p99_ms) or 0.0
        yield Figure("holds", f"{words}: p99 of a cycle", store, "ms", p99, target="<= 100")
        yield from compared(Work("holds", words, store), found)


async def _cycles(url: str, pace: Pace) -> list[Series]:
    await migrate(url)
    async with opened_with_prices(url) as database, bare_holds(url, connections=CLIENTS) as bare:
        sides = [
            await series("creditgraph's writer", Service(database), database, "shared", CLIENTS),
            await series(BARE, bare, database, "shared", CLIENTS),
        ]
        for side in sides:
            await side.play(WARM_UP_SECONDS, most_cycles=FIRST_CYCLES)
        for _ in range(pace.slices):
            for side in sides:
                await side.play(pace.seconds, most_cycles=int(2 * pace.seconds * side.rounds[-1].rate))
        await add_rollups(database, sides[1].told)
        if wrong := await mismatches(database, sides[0].told | sides[1].told):
            raise SystemExit(f"mismatches: {wrong}")
    return [Series(side.name, [_slice(each) for each in side.timed]) for side in sides]


def _slice(played: Round) -> Slice:
    p50, _, p99 = map(float, percentiles([sum(verbs) for verbs in played.cycles]).split(" / "))
    return Slice(len(played.cycles), played.seconds, p50_ms=p50, p99_ms=p99)
