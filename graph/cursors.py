"""Cursors: a place in a list, signed, so that only what this service wrote for that list is read again."""

import hashlib
import hmac
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from graph.inputs import bad_input
from graph.loaders.pages import ListKey, Order, Place
from models.base import Instant, Money
from pricing.credits import Credits

VERSION = 1
CHARACTERS = 56
"""42 bytes in base64. A multiple of three leaves no bit idle, so that no other text is read as the same."""

_PLACE = struct.Struct(">B2sq16s")
_SIGNATURE_BYTES = 15
_BLOCK_BYTES = 64
_PADS = 0x36, 0x5C
_WRITTEN = re.compile(rf"[A-Za-z0-9_-]{{{CHARACTERS}}}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NO_ACCOUNT = UUID(int=0)


class Cursors:
    """Writes and reads cursors; a secret of the store signs them, so that all its processes can read them."""

    def __init__(self, secret: bytes) -> None:
        key = hmac.digest(secret, b"cursors", "sha256").ljust(_BLOCK_BYTES, b"\0")
        # HMAC (RFC 2104), the part of the key done once: an answer can have a thousand cursors.
        self._inner, self._outer = (hashlib.sha256(bytes(each ^ pad for each in key)) for pad in _PADS)

    def write(self, of: ListKey[Any], row: Any) -> str:  # noqa: ANN401 - a row of any listing
        """Write a row's place in its list, so that a later call can go on from it."""
        value = _number(getattr(row, of.order.column.key))
        row_id: UUID = getattr(row, of.listing.id.key)
        return self._written(_PLACE.pack(VERSION, order_mark(of.order), value, row_id.bytes), _belonging(of))

    def writer(self, of: ListKey[Any]) -> Callable[[str], str]:
        """Give what writes cursors of a list from the digits of places, as the store writes them."""
        head, belonging = bytes([VERSION, *order_mark(of.order)]).hex(), _belonging(of)
        return lambda digits: self._written(bytes.fromhex(head + digits), belonging)

    def read(self, field: str, of: ListKey[Any], cursor: str) -> Place:
        """Read a cursor that was written for the same list of the same account in the same order.

        It may be another parent's, or come from the list narrowed otherwise. Else BAD_USER_INPUT.
        """
        place = self._signed(of, cursor)
        if place is None:
            raise bad_input(field, "this is not a cursor of this list.")
        _, mark, value, row_id = _PLACE.unpack(place)
        if mark != order_mark(of.order):
            raise bad_input(field, f"this cursor does not belong to a list in the order {of.order.name}.")
        return Place(_value(of.order, value), UUID(bytes=row_id))

    def _signed(self, of: ListKey[Any], cursor: str) -> bytes | None:
        if not _WRITTEN.fullmatch(cursor):
            return None
        written = urlsafe_b64decode(cursor)
        place, signature = written[: _PLACE.size], written[_PLACE.size :]
        genuine = hmac.compare_digest(signature, self._signature(place, _belonging(of)))
        return place if genuine and place[0] == VERSION else None

    def _written(self, place: bytes, belonging: bytes) -> str:
        return urlsafe_b64encode(place + self._signature(place, belonging)).decode()

    def _signature(self, place: bytes, belonging: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(place + belonging)
        outer.update(inner.digest())
        return outer.digest()[:_SIGNATURE_BYTES]


def order_mark(order: Order) -> bytes:
    """Shorten an order's name to two bytes, by which its cursors are told from those of other orders."""
    return _mark(order.name)


def _belonging(of: ListKey[Any]) -> bytes:
    """Give what a cursor is signed with and does not say: whose list of which rows it is for."""
    account_id = of.parent[0] if of.parent else _NO_ACCOUNT
    return account_id.bytes + of.listing.name.encode()


@cache
def _mark(order_name: str) -> bytes:
    return hashlib.sha256(order_name.encode()).digest()[:2]


def _number(value: datetime | Credits | int) -> int:
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    return value.micros if isinstance(value, Credits) else value


def _value(order: Order, number: int) -> datetime | Credits | int:
    if isinstance(order.column.type, Instant):
        return _EPOCH + number * _MICROSECOND
    return Credits(number) if isinstance(order.column.type, Money) else number
