"""The command `creditgraph`: as little as it takes to begin.

A worker of `serve --workers` imports this module too, and needs nothing of the command line.
"""

from server.importing import uncollected


def app() -> None:
    """Run the command line with the arguments of the process."""
    with uncollected():
        from server.command_line import app as command_line  # noqa: PLC0415 - within the block
    command_line()


if __name__ == "__main__":
    app()
