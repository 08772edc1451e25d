"""Selections of runs: which providers were chosen for a run and why, written down with it and read again."""

from metering.selections.choosing import Chooser, Chosen, chooser_of, open_chooser
from metering.selections.keeping import KeptSelection, Selections, as_kept, selections_by_id
from metering.selections.record import read_selection, request_of, requested_accuracy, written

__all__ = [
    "Chooser",
    "Chosen",
    "KeptSelection",
    "Selections",
    "as_kept",
    "chooser_of",
    "open_chooser",
    "read_selection",
    "request_of",
    "requested_accuracy",
    "selections_by_id",
    "written",
]
