"""Figures: one for each comparison, as a line of the table and as JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.harness.turns import Series

PERCENT_OF_A_CORE = 0.85
"""A sender that takes more of a core than this may be what its rivals wait for."""

SENDER_LIMITS = "limits the faster"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was found of ours beside one rival, or alone.

    `ratio` is ours / theirs, round by round, its median; `lowest` and `highest` are those of single rounds.
    `by_processor` compares what each does in a second of processor time. `target` is ">= 1" or "<= 1".
    """

    row: str
    work: str
    store: str
    unit: str
    ours: float
    rival: str | None = None
    theirs: float | None = None
    ratio: float | None = None
    lowest: float | None = None
    highest: float | None = None
    by_processor: float | None = None
    target: str | None = None
    note: str = ""

    @property
    def key(self) -> tuple[str, str, str, str | None]:
        """What tells a figure from all others."""
        return self.row, self.work, self.store, self.rival

    @property
    def met(self) -> bool | None:
        """Whether the target is met, or None without one."""
        if self.target is None:
            return None
        sign, bound = self.target.split()
        found = self.ours if self.ratio is None else self.ratio
        return found >= float(bound) if sign == ">=" else found <= float(bound)


@dataclass(frozen=True, slots=True)
class Work:
    """What a comparison is about: its row, its words, its store and its unit."""

    row: str
    words: str
    store: str
    unit: str = "/s"


def compared(work: Work, series: Sequence[Series], targets: dict[str, str] | None = None) -> Iterator[Figure]:
    """Compare the first of all series with each of the others, by what was done in a second.

    Raises RuntimeError where too few turns were taken.
    """
    ours, *others = series
    for theirs in others:
        ratios = [a.rate / b.rate for a, b in zip(ours.slices, theirs.slices, strict=True)]
        by_processor = _ratio(theirs.median(lambda each: each.cost), ours.median(lambda each: each.cost))
        yield Figure(
            work.row,
            work.words,
            work.store,
            work.unit,
            ours.rate,
            theirs.name,
            theirs.rate,
            median(ratios),
            min(ratios),
            max(ratios),
            by_processor,
            (targets or {}).get(theirs.name),
            _note(ours, theirs),
        )


def waits(
    work: Work, series: Sequence[Series], targets: dict[str, str], *, alone: str | None = None
) -> Iterator[Figure]:
    """Compare the first of all series with each of the others by the median time; less is better."""
    ours, *others = series
    own = _times(ours, work.unit)
    if alone is not None:
        yield Figure(work.row, work.words, work.store, work.unit, median(own), target=alone)
    for theirs in others:
        ratios = [a / b for a, b in zip(own, _times(theirs, work.unit), strict=True)]
        yield Figure(
            work.row,
            work.words,
            work.store,
            work.unit,
            median(own),
            theirs.name,
            median(_times(theirs, work.unit)),
            median(ratios),
            min(ratios),
            max(ratios),
            _ratio(ours.median(lambda each: each.cost), theirs.median(lambda each: each.cost)),
            targets.get(theirs.name),
            _note(ours, theirs),
        )


def _times(series: Series, unit: str) -> list[float]:
    """Give the median time of each turn, or its mean where single times are not told."""
    times = {"ms": 1.0, "µs": 1_000.0}[unit]
    return [times * (each.p50_ms or 1_000 * each.seconds / each.done) for each in series.slices]


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one and other else None


def _note(ours: Series, theirs: Series) -> str:
    """Say the latencies, and where the sender may have been what was waited for."""
    found = []
    latencies = [
        f"{p50:.2f}/{p99:.2f}"
        for each in (ours, theirs)
        if (p50 := each.median(lambda one: one.p50_ms)) and (p99 := each.median(lambda one: one.p99_ms))
    ]
    if latencies:
        found.append(f"p50/p99 {' against '.join(latencies)} ms")
    busy = [value for each in (ours, theirs) if (value := each.median(lambda one: one.sender_busy))]
    if busy:
        limit = f": it {SENDER_LIMITS}" if max(busy) > PERCENT_OF_A_CORE else ""
        found.append(f"sender {' and '.join(f'{value:.0%}' for value in busy)}{limit}")
    return ", ".join(found)


HEADING = (
    "work",
    "store",
    "ours",
    "rival",
    "theirs",
    "ours / theirs (rounds)",
    "by processor",
    "target",
)


def cells(figure: Figure) -> tuple[str, ...]:
    """Write a figure as the cells of the table."""
    ratio = "" if figure.ratio is None else f"**{figure.ratio:.2f}**"
    if figure.lowest is not None:
        ratio += f" ({figure.lowest:.2f} to {figure.highest:.2f})"
    target = "" if figure.target is None else f"{figure.target.replace('>=', '≥').replace('<=', '≤')}"
    if figure.met is False:
        target += " missed"
    return (
        figure.work,
        "" if figure.store == "none" else figure.store,
        f"{shown(figure.ours)} {figure.unit}".replace(" /s", "/s"),
        figure.rival or "",
        "" if figure.theirs is None else f"{shown(figure.theirs)} {figure.unit}".replace(" /s", "/s"),
        ratio,
        "" if figure.by_processor is None else f"{figure.by_processor:.2f}",
        target,
    )


def shown(value: float) -> str:
    """Write a figure with three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(figures: Iterable[Figure]) -> list[str]:
    """Write figures as a table in Markdown."""
    lines = [HEADING, tuple("---" for _ in HEADING), *map(cells, figures)]
    return [f"| {' | '.join(line)} |" for line in lines]


def read(path: Path) -> tuple[list[Figure], dict[str, Any]]:
    """Read figures and where they are from; none where there is no such file."""
    if not path.exists():
        return [], {}
    found = json.loads(path.read_text("utf-8"))
    return [Figure(**each) for each in found["figures"]], found["from"]


def write(path: Path, figures: Iterable[Figure], origin: dict[str, Any]) -> None:
    """Write figures and where they are from."""
    found = {"from": origin, "figures": [asdict(each) for each in figures]}
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


def merged(known: Iterable[Figure], new: Iterable[Figure], rows: Sequence[str]) -> list[Figure]:
    """Put new figures in the place of those that are known of the same rows, all in the order of the rows."""
    fresh = list(new)
    measured = {each.row for each in fresh}
    both = [each for each in known if each.row not in measured] + fresh
    return sorted(both, key=lambda each: rows.index(each.row) if each.row in rows else len(rows))
