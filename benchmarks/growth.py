"""Growth: what recording a usage and a breakdown cost beside so many usages, in turns with a small store.

`.venv/bin/python -m benchmarks.growth` prints the costs; `--record` writes docs/growth.svg and its figures.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.harness.clients import ROOT, OverHttp, Request
from benchmarks.harness.document import put
from benchmarks.harness.history import Historian
from benchmarks.harness.origin import origin_now
from benchmarks.harness.plot import Line, plot
from benchmarks.harness.postgresql import CLIENTS, Postgresql
from benchmarks.harness.stage import STORES, Service, Stage
from benchmarks.harness.turns import Pace, Series, Side, Slice, take_turns
from benchmarks.harness.usages import recording
from benchmarks.rows.breakdown import QUERY
from tests.stories.caller import Caller

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
FIGURES = ROOT / "benchmarks" / "growth.json"
PICTURE = ROOT / "docs" / "growth.svg"
TITLE = "Cost of one operation beside so many usages, of that in a store of 10,000"
ADDING, BREAKING_DOWN = "addServiceUsage", "breakdown"


@dataclass(frozen=True, slots=True)
class Point:
    """What one operation costs beside so many usages of the same key.

    `micros` are of the processor, the database's included; `ratio` is to the small store in the same turns.
    """

    store: str
    work: str
    usages: int
    micros: float
    ratio: float
    lowest: float
    highest: float


def main() -> None:
    arguments = parsed_arguments()
    points: list[Point] = []
    with Stage(Pace(arguments.seconds, arguments.slices), largest=arguments.largest) as stage:
        for store in STORES:
            for point in grown(stage, store):
                points.append(point)
                print(
                    f"{store:10} {point.work:15} {point.usages:>12,} usages {point.micros:>9,.0f} µs of CPU, "
                    f"{point.ratio:.2f} ({point.lowest:.2f} to {point.highest:.2f}) of a small store's",
                    flush=True,
                )
                # Long histories take long to make: what was measured stays when the rest is given up.
                if arguments.record:
                    record(points)


def record(points: Sequence[Point]) -> None:
    """Write the figures, and draw them."""
    FIGURES.write_text(json.dumps([asdict(point) for point in points], indent=1) + "\n", "utf-8")
    PICTURE.write_text(picture(points), "utf-8")
    put("growth", [f"![{TITLE}](growth.svg)", "", f"{origin_now()}."])


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="of a turn (default: 2)")
    parser.add_argument("--slices", type=int, default=7, help="turns of each side (default: 7)")
    parser.add_argument("--largest", type=int, default=1_000_000, help="most usages (default: 1000000)")
    parser.add_argument("--record", action="store_true", help="write docs/growth.svg and its figures")
    return parser.parse_args()


def grown(stage: Stage, store: str) -> Iterator[Point]:
    """Make a key's history longer, and measure beside each length."""
    with stage.database(store) as small_url, stage.database(store) as url:
        small, large = Historian(small_url), Historian(url)
        small.reach(SIZES[0])
        for size in SIZES:
            if size <= stage.largest:
                large.reach(size)
                for work, (ours, beside) in _measured(stage, (large, url), (small, small_url)).items():
                    ratios = _ratios(ours, beside)
                    micros = 1e6 * (ours.median(_cost) or 0.0)
                    yield Point(store, work, size, micros, median(ratios), min(ratios), max(ratios))


def _measured(stage: Stage, *stores: tuple[Historian, str]) -> dict[str, list[Series]]:
    with ExitStack() as stack:
        adding: list[Side] = []
        asking: list[Side] = []
        for historian, url in stores:
            service = stack.enter_context(stage.service(url))
            caller = Caller(service.operator.http, service.url, historian.secret)
            database = [] if url.startswith("sqlite") else Postgresql.of(url).processes()
            adding.append(
                recording(ADDING, stage.sending, service, [caller], CLIENTS, database_processes=database)
            )
            asking.append(_breakdown(stage, service, historian.secret, database))
        return {ADDING: take_turns(adding, stage.pace), BREAKING_DOWN: take_turns(asking, stage.pace)}


def _breakdown(stage: Stage, service: Service, secret: str, database: list[int]) -> OverHttp:
    request = Request({"query": QUERY}, secret)
    processes = [service.process.process_id, *database]
    return OverHttp(
        BREAKING_DOWN, stage.sending, service.url, [request], '"serviceBreakdown":[{', 1, processes
    )


def _cost(each: Slice) -> float:
    """Give the seconds of processor time of one operation; on other systems than Linux those of the clock."""
    return each.cost or each.seconds / each.done


def _ratios(ours: Series, beside: Series) -> list[float]:
    return [_cost(a) / _cost(b) for a, b in zip(ours.slices, beside.slices, strict=True)]


def picture(points: Sequence[Point]) -> str:
    """Draw the ratios over the numbers of usages."""
    lines = [
        Line(f"{work}, {store}", [(each.usages, each.ratio) for each in points if _is(each, store, work)])
        for store in STORES
        for work in (ADDING, BREAKING_DOWN)
    ]
    return plot(
        TITLE,
        [line for line in lines if line.points],
        ticks=[each for each in SIZES if each <= max(point.usages for point in points)],
        band=(0.8, 1.2),
    )


def _is(point: Point, store: str, work: str) -> bool:
    return (point.store, point.work) == (store, work)


if __name__ == "__main__":
    main()
