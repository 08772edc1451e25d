"""Edges: moments that cut a period into parts, which one statement tells apart."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, func

from models.asking import fixed


def part_of(moment: ColumnElement[datetime], edges: int) -> ColumnElement[int]:
    """Number the part in which a moment lies, from 0, where so many edges bound all parts.

    The edges are parameters: `edge_values` gives them.
    """
    last = edges - 2
    ends = [(moment < bindparam(_edge(number + 1)), fixed(number)) for number in range(last)]
    return case(*ends, else_=fixed(last)) if ends else func.abs(fixed(0))


def edge_values(edges: Sequence[datetime]) -> dict[str, Any]:
    """Give the edges as values of a statement, by their names."""
    return {_edge(number): edge for number, edge in enumerate(edges)}


def _edge(number: int) -> str:
    return f"edge{number}"
