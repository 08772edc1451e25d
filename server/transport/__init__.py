"""HTTP as it comes and goes: connections, heads, bodies, answers, and what is refused before it is read."""
