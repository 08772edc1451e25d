"""Succession: the process that has prepared the store begins again as the one that looks after the others.

What it imported in order to prepare would stay in its memory for as long as it runs.
"""

import os
import socket
import sys
from typing import NoReturn

_LISTENER = "CREDITGRAPH_LISTENER"
"""Where the socket's number is handed on; nobody sets this by hand."""


def begin_again(listener: socket.socket) -> NoReturn:
    """Run the same command anew in this very process, with the environment and the socket that it has now."""
    os.environ[_LISTENER] = str(listener.fileno())
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - nothing of it comes from others


def inherited_listener() -> socket.socket | None:
    """Give the socket that this process began again with; None in one that begins."""
    number = os.environ.pop(_LISTENER, None)
    return None if number is None else socket.socket(fileno=int(number))
