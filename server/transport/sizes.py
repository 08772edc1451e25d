"""How large what callers send can be."""

LARGEST_BODY_BYTES = 1024 * 1024
"""Of a request, and of a message of a WebSocket."""
