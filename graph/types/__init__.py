"""The graph's types, one file a noun."""
