"""The factory that a process which serves is started with."""

from starlette.types import ASGIApp

from server.processes.importing import uncollected


def create_app() -> ASGIApp:
    """Make the service by the settings in the environment."""
    with uncollected():
        from server.app import create_app as create  # noqa: PLC0415 - within the block
    return create()
