"""Benchmarks against others: a table of ratios from runs in which all rivals take turns.

`make bench` runs all rows; `make bench BENCH_ARGS="--only smallest nested --seconds 3"` runs some.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.harness.clients import ROOT
from benchmarks.harness.document import document
from benchmarks.harness.figures import Figure, merged, read, table, write
from benchmarks.harness.origin import origin_now
from benchmarks.harness.programs import Absent
from benchmarks.harness.stage import Stage
from benchmarks.harness.turns import Pace
from benchmarks.rows.batches import batch, batch_sqlite
from benchmarks.rows.breakdown import breakdown
from benchmarks.rows.holds import holds
from benchmarks.rows.nested import nested
from benchmarks.rows.prices import price
from benchmarks.rows.processes import memory, start, workers
from benchmarks.rows.recording import hot, lone, record
from benchmarks.rows.recording_sqlite import lone_sqlite, record_sqlite
from benchmarks.rows.rollups import rollups
from benchmarks.rows.smallest import objects, smallest

ROWS: dict[str, Callable[[Stage], Iterator[Figure]]] = {
    "smallest": smallest,
    "objects": objects,
    "record": record,
    "record-sqlite": record_sqlite,
    "hot": hot,
    "lone": lone,
    "lone-sqlite": lone_sqlite,
    "batch": batch,
    "batch-sqlite": batch_sqlite,
    "nested": nested,
    "rollups": rollups,
    "holds": holds,
    "price": price,
    "start": start,
    "memory": memory,
    "workers": workers,
    "breakdown": breakdown,
}
FOUND = ROOT / ".venv" / "bench.json"
RECORDED = ROOT / "benchmarks" / "figures.json"
LARGEST = 1_000_000


def main() -> None:
    arguments = parsed_arguments()
    found: list[Figure] = []
    broken = []
    with Stage(Pace(arguments.seconds, arguments.slices), largest=arguments.largest) as stage:
        for row in arguments.only:
            try:
                found += measured(stage, row)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the other rows are worth an hour
                broken.append(f"{row}: {error}")
                print(f"failed: {broken[-1]}", flush=True)
            keep(FOUND, found)
    print("", *table(found), sep="\n")
    print(f"\nFigures: {FOUND.relative_to(ROOT)}")
    if arguments.record:
        keep(RECORDED, found)
        document(*read(RECORDED))
        print(f"Recorded: {RECORDED.relative_to(ROOT)} and docs/performance.md")
    if broken:
        raise SystemExit("\n".join(["", "failed:", *broken]))


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW", help=", ".join(ROWS)
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="of a turn (default: 3)")
    parser.add_argument("--slices", type=int, default=5, help="turns of each side (default: 5)")
    parser.add_argument(
        "--largest",
        type=int,
        default=LARGEST,
        help="most usages in a store (default: 1000000; 10000000 takes half an hour, 100000 a minute)",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="write the figures into benchmarks/figures.json and docs/performance.md",
    )
    return parser.parse_args()


def measured(stage: Stage, row: str) -> list[Figure]:
    """Run a row and show what it found; a row that cannot be run is left out."""
    began = time.monotonic()
    print(f"\n{row}", flush=True)
    found = []
    try:
        for figure in ROWS[row](stage):
            found.append(figure)
            print(*table([figure])[2:], f"  {figure.note}" if figure.note else "", flush=True)
    except Absent as missing:
        print(f"skipped: {row}, without {missing}", flush=True)
    print(f"({time.monotonic() - began:.0f} s)", flush=True)
    return found


def keep(path: Path, found: list[Figure]) -> None:
    """Put the figures in the place of those of the same rows."""
    known, origins = read(path)
    origin = {row: origin_now() for row in {each.row for each in found}}
    write(path, merged(known, found, list(ROWS)), origins | origin)


if __name__ == "__main__":
    main()
