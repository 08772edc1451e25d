"""A listener that turns everybody new away, and lets in whoever stands at the door."""

import socket
import sys
from collections.abc import Iterator

import pytest

from server.transport.listeners import turn_away

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can do this")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        yield listener


def test_who_waits_is_let_in_and_heard_and_nobody_else(listener: socket.socket) -> None:
    address = listener.getsockname()
    with socket.create_connection(address) as inside, socket.create_connection(address) as waiting:
        first, _ = listener.accept()
        turn_away(listener)
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.3)
        second, _ = listener.accept()
        with first, second:
            for client, served in ((inside, first), (waiting, second)):
                client.sendall(b"a question")
                assert served.recv(100) == b"a question"
                served.sendall(b"an answer")
                assert client.recv(100) == b"an answer"


def test_once_it_is_closed_callers_are_refused(listener: socket.socket) -> None:
    address = listener.getsockname()
    turn_away(listener)
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
