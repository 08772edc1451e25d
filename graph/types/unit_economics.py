"""Unit economics: what a finished run of each name costs, how long it takes, and how that moved."""

from datetime import datetime
from itertools import pairwise
from typing import Annotated, Self
from uuid import UUID

import strawberry

from graph.context import Info
from graph.inputs import bad_input, period
from graph.loaders.pages import MOST_NODES
from graph.loaders.unit_economics import PARTS_OF_A_TREND, EconomicsKey, NameEconomics, Question, TrendKey
from graph.permissions import read_field
from graph.scalars import DecimalText, Long
from graph.types.run_filter import UsageFilter
from metering.analytics import Level, RunsLike
from metering.unit_economics import (
    DEFAULT_SPAN,
    FEWEST_RUNS_OF_A_DRIFT,
    LONGEST_SPAN,
    Drift,
    equal_parts,
    span_of,
)
from metering.unit_economics import UnitFigures as Figures
from pricing.credits import Credits
from pricing.decimal_text import MICROS, text_from_micros

_RANK = "By nearest rank: the cost of one of them."
_TIME_RANK = "By nearest rank: the time of one of them."
_CHANGE = "rounded to a tenth; null where there is nothing to compare, or what was there cost nothing."
_TENTHS_IN_MICROS = 100_000

EconomicsFrom = Annotated[
    datetime | None,
    strawberry.argument(
        name="from", description=f"The period's first moment; null: {DEFAULT_SPAN.days} days before its end."
    ),
]
EconomicsTo = Annotated[
    datetime | None,
    strawberry.argument(name="to", description="The moment after the period's last; null: now is its last."),
]
EconomicsOf = Annotated[
    UsageFilter | None, strawberry.argument(name="filter", description="Look only at runs like these.")
]
FirstNames = Annotated[
    int, strawberry.argument(description=f"How many names, 1 to {MOST_NODES}: those that cost most.")
]


@strawberry.type(
    description=(
        "What ended runs cost, each with all its usages but the voided ones, and how long they took. Runs "
        "that failed or were cancelled are among them."
    )
)
class UnitFigures:
    """What ended runs cost and how long they took."""

    count: Long = strawberry.field(description="How many runs.")
    failed_or_cancelled_count: Long = strawberry.field(
        description="How many of them failed or were cancelled."
    )
    failed_or_cancelled_share: DecimalText = strawberry.field(
        description="The share of them, from 0 to 1, rounded down to six places."
    )
    total_credits: Credits = strawberry.field(description="What they cost together.")
    p50_credits: Credits = strawberry.field(description=f"Half of them cost so much or less. {_RANK}")
    p95_credits: Credits = strawberry.field(description=f"95 of 100 cost so much or less. {_RANK}")
    mean_credits: Credits = strawberry.field(
        description="What one cost on the average, rounded down to a micro-credit."
    )
    max_credits: Credits = strawberry.field(description="What the dearest cost.")
    p50_duration_seconds: DecimalText = strawberry.field(
        description=f"Half of them took so long or less. {_TIME_RANK}"
    )
    p95_duration_seconds: DecimalText = strawberry.field(
        description=f"95 of 100 took so long or less. {_TIME_RANK}"
    )
    mean_duration_seconds: DecimalText = strawberry.field(
        description="How long one took on the average, rounded down to a microsecond."
    )
    credits_per_minute: Credits | None = strawberry.field(
        description="What a minute of them cost, rounded down to a micro-credit; null where they took none."
    )

    @classmethod
    def of(cls, figures: Figures) -> Self:
        """Show figures."""
        return cls(
            count=Long(figures.runs),
            failed_or_cancelled_count=Long(figures.unfinished),
            failed_or_cancelled_share=_decimal(figures.unfinished * MICROS // figures.runs),
            total_credits=figures.total,
            p50_credits=figures.p50,
            p95_credits=figures.p95,
            mean_credits=figures.mean,
            max_credits=figures.most,
            p50_duration_seconds=_decimal(figures.p50_duration),
            p95_duration_seconds=_decimal(figures.p95_duration),
            mean_duration_seconds=_decimal(figures.mean_duration),
            credits_per_minute=figures.per_minute,
        )


@strawberry.type(description="How what a run costs moved against the period of the same length right before.")
class UnitDrift:
    """How what a run costs moved."""

    p50_percent: DecimalText | None = strawberry.field(description=f"The change of p50 in percent, {_CHANGE}")
    p95_percent: DecimalText | None = strawberry.field(description=f"The change of p95 in percent, {_CHANGE}")
    is_drifting: bool = strawberry.field(
        description=(
            "Whether p50 moved by more than a tenth of what it was, with at least "
            f"{FEWEST_RUNS_OF_A_DRIFT} runs on each side; fewer may move by chance."
        )
    )

    @classmethod
    def of(cls, drift: Drift) -> Self:
        """Show a drift."""
        return cls(
            p50_percent=_percent(drift.p50), p95_percent=_percent(drift.p95), is_drifting=drift.is_drifting
        )


@strawberry.type(description="One of the equal parts of a period.")
class UnitTrendPoint:
    """One part of a period."""

    start: datetime = strawberry.field(name="from", description="The part's first moment.")
    end: datetime = strawberry.field(name="to", description="The moment after the part's last.")
    figures: UnitFigures | None = strawberry.field(
        description="The runs that started in it and have ended; null where there are none."
    )


@strawberry.type(description="What finished runs of one name cost and how long they took.")
class WorkflowUnitEconomics:
    """What finished runs of one name cost."""

    workflow_name: str = strawberry.field(description="The name of the runs.")
    figures: UnitFigures = strawberry.field(description="The runs of the period.")
    previous: UnitFigures | None = strawberry.field(
        description="Those of the period of the same length right before; null where there are none."
    )
    drift: UnitDrift = strawberry.field(description="How the two differ.")
    key: strawberry.Private[TrendKey]

    @read_field(f"The period in {PARTS_OF_A_TREND} equal parts, the oldest first.")
    async def trend(self, info: Info) -> list[UnitTrendPoint]:
        """Load the parts."""
        parts = await info.context.loaders.trend_by_name.load(self.key)
        spans = pairwise(equal_parts(self.key.span, PARTS_OF_A_TREND))
        return [
            UnitTrendPoint(start=start, end=end, figures=None if part is None else UnitFigures.of(part))
            for (start, end), part in zip(spans, parts, strict=True)
        ]


@strawberry.type(
    description=(
        "What finished runs cost and how long they took, name by name, in a period and in the one before. A "
        "run counts in the period in which it started, once it has ended."
    )
)
class UnitEconomics:
    """What finished runs cost, name by name."""

    start: datetime = strawberry.field(name="from", description="The period's first moment.")
    end: datetime = strawberry.field(name="to", description="The moment after the period's last.")
    by_workflow_name: list[WorkflowUnitEconomics] = strawberry.field(
        description="The names that cost most, the dearest first."
    )


def question_of(
    level: Level, start: datetime | None, end: datetime | None, narrowed: UsageFilter | None, first: int
) -> Question:
    """Read what is asked; BAD_USER_INPUT names the argument that is wrong."""
    if not 1 <= first <= MOST_NODES:
        raise bad_input("first", f"1 to {MOST_NODES} is possible, not {first}.")
    period(start, end)
    return Question(level, start, end, narrowed.runs() if narrowed else RunsLike(), first)


async def unit_economics_of(info: Info, owner: tuple[UUID, UUID], question: Question) -> UnitEconomics:
    """Look at the finished runs of an owner; BAD_USER_INPUT where the period is too long."""
    _require_bounded(question, info.context.now())
    found = await info.context.loaders.economics_by_owner.load(EconomicsKey(question, owner))
    return UnitEconomics(
        start=found.span.start,
        end=found.span.end,
        by_workflow_name=[
            _of_name(name, TrendKey(question.level, found.span, question.runs, owner, name.name))
            for name in found.names
        ],
    )


def _require_bounded(question: Question, now: datetime) -> None:
    span = span_of(question.start, question.end, now)
    if span.end - span.start > LONGEST_SPAN:
        raise bad_input("from", f"a period of at most {LONGEST_SPAN.days} days is possible.")


def _of_name(economics: NameEconomics, key: TrendKey) -> WorkflowUnitEconomics:
    return WorkflowUnitEconomics(
        workflow_name=economics.name,
        figures=UnitFigures.of(economics.present),
        previous=None if economics.previous is None else UnitFigures.of(economics.previous),
        drift=UnitDrift.of(economics.drift),
        key=key,
    )


def _decimal(micros: int) -> DecimalText:
    return DecimalText(text_from_micros(micros))


def _percent(tenths: int | None) -> DecimalText | None:
    return None if tenths is None else _decimal(tenths * _TENTHS_IN_MICROS)
