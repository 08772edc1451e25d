"""The whole table."""

from tests.hostile.rows import bodies, documents, doors, framing, sockets
from tests.hostile.rows.row import Row

ROWS: tuple[Row, ...] = (*documents.ROWS, *bodies.ROWS, *doors.ROWS, *framing.ROWS, *sockets.ROWS)
SLOW: tuple[Row, ...] = (*framing.SLOW, *sockets.SLOW)
"""These wait until the service waits no longer; they do it side by side."""
