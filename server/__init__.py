"""The process: composition root, settings, command line."""

from server.processes.importing import without

# Whoever logs imports it, and it imports what it would draw with and never does here: 3 MB, kept for good.
with without("rich"):
    import structlog as structlog
