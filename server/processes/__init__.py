"""Processes: how those that serve begin, are looked after, and end."""
