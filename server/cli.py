"""The command `creditgraph`: as little as it takes to begin.

A worker of `serve --workers` imports this module too, and needs nothing of the command line; nor does the
process that looks after the workers.
"""

from server.processes.importing import uncollected
from server.processes.succession import inherited_listener


def app() -> None:
    """Run the command line with the arguments of the process, or go on with what it has prepared."""
    listener = inherited_listener()
    if listener is not None:
        with uncollected():
            from server.processes.supervision import supervise  # noqa: PLC0415 - within the block
        supervise(listener)
        return
    with uncollected():
        from server.command_line import app as command_line  # noqa: PLC0415 - within the block
    command_line()


if __name__ == "__main__":
    app()
