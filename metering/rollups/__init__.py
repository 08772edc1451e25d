"""Rollups: what usages and runs add up to, kept in the transaction that records them."""

from metering.rollups.keeping import RunCounts, UsageCounts
from metering.rollups.rebuilding import rebuild_rollups, rollup_owners

__all__ = ["RunCounts", "UsageCounts", "rebuild_rollups", "rollup_owners"]
