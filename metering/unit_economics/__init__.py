"""Unit economics: what a finished run costs and how long it takes, name by name."""

from metering.unit_economics.figures import (
    FEWEST_RUNS_OF_A_DRIFT,
    Drift,
    NamedFigures,
    UnitFigures,
    drift_between,
    read_figures,
)
from metering.unit_economics.runs import FinishedRuns, figures_by_name
from metering.unit_economics.spans import DEFAULT_SPAN, LONGEST_SPAN, Span, equal_parts, span_of

__all__ = [
    "DEFAULT_SPAN",
    "FEWEST_RUNS_OF_A_DRIFT",
    "LONGEST_SPAN",
    "Drift",
    "FinishedRuns",
    "NamedFigures",
    "Span",
    "UnitFigures",
    "drift_between",
    "equal_parts",
    "figures_by_name",
    "read_figures",
    "span_of",
]
