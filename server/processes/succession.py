"""Succession: the process that has prepared the store begins again as the one that looks after the others.

What it imported in order to prepare would stay in its memory for as long as it runs.
"""

import os
import signal
import socket
import sys
import threading
from typing import NoReturn

_LISTENER = "CREDITGRAPH_LISTENER"
"""Where the socket's number is handed on; nobody sets this by hand."""


def let_signals_wait() -> None:
    """Keep signals that say to stop until it is settled what they do.

    A program begins without handlers: a signal would end it at once, although it says already that it serves.
    """
    for number in _SIGNALS:
        signal.signal(number, lambda came, _frame: _waiting.append(came))


def begin_again(listener: socket.socket) -> NoReturn:
    """Run the same command anew in this very process, with the environment and the socket that it has now."""
    os.environ[_LISTENER] = str(listener.fileno())
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # whoever started it may have closed it
            stream.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    for number in _waiting:
        signal.pthread_kill(threading.get_ident(), number)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - nothing of it comes from others


def hear_signals() -> None:
    """Take the signals that have waited."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def inherited_listener() -> socket.socket | None:
    """Give the socket that this process began again with; None in one that begins."""
    number = os.environ.pop(_LISTENER, None)
    return None if number is None else socket.socket(fileno=int(number))


_waiting: list[int] = []
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if sys.platform != "win32" else ()))
