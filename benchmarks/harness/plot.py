"""A plot of ratios over powers of ten, as an SVG that a page can show."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 60, 210, 50, 50
COLOURS = ("#0b6e99", "#0b6e99", "#b3541e", "#b3541e")
DASHES = ("none", "6 4", "none", "6 4")
LABEL_HEIGHT = 16


@dataclass(frozen=True, slots=True)
class Line:
    """A name with points: a number of usages and a ratio."""

    name: str
    points: Sequence[tuple[int, float]]


def plot(title: str, lines: Sequence[Line], *, ticks: Sequence[int], band: tuple[float, float]) -> str:
    """Draw lines over a logarithmic axis, with the band in which a ratio counts as flat."""
    top = max(2.0, ceil(max(ratio for line in lines for _, ratio in line.points)))
    frame = _Frame(min(ticks), max(ticks), top)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="{escape(title)}">'
    )
    parts = [
        head,
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="14" fill="#222222">{escape(title)}</text>',
        *_grid(frame, ticks, band),
    ]
    labels = _apart([frame.y(line.points[-1][1]) for line in lines])
    for number, line in enumerate(lines):
        parts += _drawn(frame, line, number % len(COLOURS), labels[number])
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Frame:
    first: int
    last: int
    top: float

    def x(self, usages: float) -> float:
        whole = log10(self.last / self.first) or 1.0
        return LEFT + (WIDTH - LEFT - RIGHT) * log10(usages / self.first) / whole

    def y(self, ratio: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * ratio / self.top


def _grid(frame: _Frame, ticks: Sequence[int], band: tuple[float, float]) -> list[str]:
    low, high = frame.y(band[0]), frame.y(band[1])
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [
        f'<rect x="{LEFT}" y="{high:.1f}" width="{right - LEFT}" height="{low - high:.1f}" fill="#e8f1e8"/>'
    ]
    for step in range(int(frame.top * 2) + 1):
        ratio = step / 2
        y = frame.y(ratio)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444444">{ratio:g}</text>'
        )
    parts += [_written(frame.x(usages), bottom + 18, f"{usages:,}") for usages in ticks]
    parts.append(_written((LEFT + right) / 2, bottom + 38, "usages of the key"))
    return parts


def _written(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="#444444">{escape(text)}</text>'


def _drawn(frame: _Frame, line: Line, style: int, label: float) -> list[str]:
    places = [(frame.x(usages), frame.y(ratio)) for usages, ratio in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    colour = COLOURS[style]
    stroke = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{DASHES[style]}"'
    return [
        f'<polyline points="{path}" fill="none" {stroke}/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places),
        f'<text x="{places[-1][0] + 10:.1f}" y="{label + 4:.1f}" fill="{colour}">{escape(line.name)}</text>',
    ]


def _apart(places: Sequence[float]) -> list[float]:
    """Move labels down until none covers another."""
    found = list(places)
    below = float("-inf")
    for index in sorted(range(len(places)), key=lambda each: places[each]):
        found[index] = max(places[index], below + LABEL_HEIGHT)
        below = found[index]
    return found
