"""Selections of runs: which providers were chosen for a run and why, written down with it and read again."""

from metering.selections.record import read_selection, written

__all__ = ["read_selection", "written"]
