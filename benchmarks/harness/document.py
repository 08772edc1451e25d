"""Places in docs/performance.md that benchmarks write: what stands between two marks is theirs."""

from typing import Any

from benchmarks.harness.clients import ROOT
from benchmarks.harness.figures import SENDER_LIMITS, Figure, table

PAGE = ROOT / "docs" / "performance.md"


def document(figures: list[Figure], origins: dict[str, Any]) -> None:
    """Write the recorded figures into the page, with what they are of."""
    put("bench", [*table(figures), "", *_origins(origins), *_limits(figures)])


def put(place: str, lines: list[str]) -> None:
    """Write lines into a place of the page; ValueError where there is no such place."""
    begin, end = f"<!-- {place}: begin -->", f"<!-- {place}: end -->"
    text = PAGE.read_text("utf-8")
    before, after = text[: text.index(begin)], text[text.index(end) :]
    PAGE.write_text("\n".join([f"{before}{begin}", "", *lines, "", after]), "utf-8")


def _origins(origins: dict[str, Any]) -> list[str]:
    rows: dict[str, list[str]] = {}
    for row, origin in origins.items():
        rows.setdefault(origin, []).append(row)
    return [f"- {origin}: {', '.join(sorted(those))}." for origin, those in rows.items()]


def _limits(figures: list[Figure]) -> list[str]:
    """Say where the sender may have been what was waited for."""
    limited = {f"{figure.work} beside {figure.rival}" for figure in figures if SENDER_LIMITS in figure.note}
    return [f"- The sender {SENDER_LIMITS}: {'; '.join(sorted(limited))}."] if limited else []
