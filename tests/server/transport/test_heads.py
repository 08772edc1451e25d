"""Heads: what is sent once is as it was sent, what is sent again is a list."""

from starlette.types import Scope

from server.transport.heads import head_of


def scope(*headers: tuple[bytes, bytes]) -> Scope:
    return {"type": "http", "headers": list(headers)}


def test_headers_by_their_names() -> None:
    found = head_of(scope((b"host", b"here"), (b"x-name", b"\xe9t\xe9")))
    assert found.named == {"host": "here", "x-name": "été"}


def test_several_of_one_name_are_one_list() -> None:
    found = head_of(scope((b"accept", b"text/html"), (b"host", b"here"), (b"accept", b"*/*")))
    assert found.named == {"accept": "text/html, */*", "host": "here"}


def test_they_are_read_once() -> None:
    asked = scope((b"host", b"here"))
    assert head_of(asked) is head_of(asked)
