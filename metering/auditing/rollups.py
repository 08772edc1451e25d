"""Rollups beside the usages and runs that they add up."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Subquery, literal, or_, select, union_all

from metering.auditing.comparison import MOST_DIFFERENCES, AnyRow, AnySelect, Check, One, of_one
from metering.auditing.findings import Difference
from metering.rollups.recount import recounted
from models.base import table_of, total
from models.identity import IdKind, format_id
from models.rollup import NO_AGENT, Rollup, RunRollup, UsageRollup
from pricing.credits import Credits

_KEY = ("account_id", "grain", "bucket")


def checks(only: One) -> Iterator[Check]:
    """Check each row of the rollups; one that counts nothing is as good as none."""
    yield _compared(UsageRollup, only)
    yield _compared(RunRollup, only)


def _compared(rollup: Rollup, only: One) -> Check:
    rows, names, dimensions = _both_sides(rollup, only), rollup.figures, rollup.dimensions
    sides = [[rows.c[side(name)] for name in names] for side in (_recorded, _recomputed)]
    key = [rows.c[name] for name in (*_KEY, *dimensions)]
    statement = (
        select(*key, *sides[0], *sides[1])
        .where(or_(*(recorded != recomputed for recorded, recomputed in zip(*sides, strict=True))))
        .order_by(*key)
        .limit(MOST_DIFFERENCES)
    )

    def read(row: AnyRow) -> Iterator[Difference]:
        values = tuple(row)
        (account_id, grain, bucket, *of), figures = values[: len(key)], values[len(key) :]
        what = f"rollup by {grain.value} from {bucket.isoformat()} of {_named(dimensions, of)}"
        recorded, recomputed = figures[: len(names)], figures[len(names) :]
        yield Difference(account_id, what, _shown(names, recorded), _shown(names, recomputed))

    return Check(statement, read)


def _named(dimensions: Sequence[str], values: Sequence[Any]) -> str:
    named = dict(zip(dimensions, values, strict=True))
    key = format_id(IdKind.API_KEY, named["api_key_id"])
    parts = [f"runs {named['workflow_name']!r} of {key}"]
    if named["agent_id"] != NO_AGENT:
        parts.append(f"of {format_id(IdKind.AGENT, named['agent_id'])}")
    if named.get("user_id"):
        parts.append(f"for {named['user_id']!r}")
    if "provider" in named:
        parts.append(f"on {named['service_type']} {named['provider']} in {named['unit_type']}")
    return " ".join(parts)


def _shown(names: Sequence[str], figures: Sequence[int]) -> str:
    words = {"usage_count": "usages", "run_count": "runs", "ended_count": "ended", "micros": "credits"}
    return ", ".join(
        f"{Credits(figure) if name == 'micros' else figure} {words.get(name, name)}"
        for name, figure in zip(names, figures, strict=True)
    )


def _both_sides(rollup: Rollup, only: One) -> Subquery:
    # Either side may lack a row that the other has, so they are laid one upon the other and added up.
    names = rollup.figures
    laid = union_all(
        _side(select(table_of(rollup)), rollup, only, is_recorded=True),
        *(_side(statement, rollup, only, is_recorded=False) for statement in recounted(rollup)),
    ).subquery()
    keys = [laid.c[name] for name in (*_KEY, *rollup.dimensions)]
    sums = [total(laid.c[column(name)]).label(column(name)) for name in names for column in _SIDES]
    return select(*keys, *sums).group_by(*keys).subquery()


def _side(statement: AnySelect, rollup: Rollup, only: One, *, is_recorded: bool) -> AnySelect:
    rows = of_one(statement, statement.selected_columns["account_id"], only).subquery()
    own, other = (_recorded, _recomputed) if is_recorded else (_recomputed, _recorded)
    shown = {own(name): rows.c[name] for name in rollup.figures}
    shown |= {other(name): literal(0) for name in rollup.figures}
    figures: list[Any] = [
        shown[column(name)].label(column(name)) for name in rollup.figures for column in _SIDES
    ]
    return select(*(rows.c[name] for name in (*_KEY, *rollup.dimensions)), *figures)


def _recorded(name: str) -> str:
    return f"recorded_{name}"


def _recomputed(name: str) -> str:
    return f"recomputed_{name}"


_SIDES = (_recorded, _recomputed)
