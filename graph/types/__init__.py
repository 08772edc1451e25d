"""The graph's types, one file a noun."""

# Before all others: an enumeration that a type meets undescribed would stay so.
from graph.types import enums

__all__ = ["enums"]
