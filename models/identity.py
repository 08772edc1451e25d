"""Ids: time-ordered UUIDs inside, `kind_hex` outside, so that a person sees what an id names."""

import os
import re
import threading
import time
from enum import StrEnum
from functools import lru_cache
from struct import Struct
from uuid import UUID, SafeUUID


class IdKind(StrEnum):
    """The nouns that have an id; the value is the id's prefix at the edge."""

    ACCOUNT = "account"
    API_KEY = "key"
    AGENT = "agent"
    WORKFLOW = "workflow"
    SERVICE_USAGE = "usage"
    GRANT = "grant"
    HOLD = "hold"
    BUDGET = "budget"
    LEDGER_TRANSFER = "transfer"
    EVENT = "event"
    WEBHOOK_ENDPOINT = "endpoint"
    WEBHOOK_DELIVERY = "delivery"
    SELECTION = "selection"
    QUOTE = "quote"
    REPLAY_JOB = "replay"
    SHADOW_POLICY = "shadow"
    RATE = "rate"
    RATE_CARD = "ratecard"
    AUDIT_ENTRY = "auditentry"

    @property
    def with_article(self) -> str:
        """The noun in a sentence."""
        noun = _NOUNS.get(self.value, self.value)
        return f"an {noun}" if noun[0] in "aAe" else f"a {noun}"


class InvalidId(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """The text is not an id, or it names another kind of thing."""


class _Source:
    """What ids are made of: milliseconds and a 12-bit fraction, strictly rising in the process, and chance.

    Rows made one after another keep that order in their ids, which lists and batches rely on. Chance is asked
    of the system for many ids at once: each time, another thread would be let in.
    """

    def __init__(self) -> None:
        self._last = 0
        self._chances: list[int] = []
        self._lock = threading.Lock()
        # A process that is forked off would make the same ids.
        os.register_at_fork(after_in_child=self._chances.clear)

    def draw(self) -> int:
        with self._lock:
            self._last = max(_tick(), self._last + 1)
            self._ask_for(1)
            return _number(self._last, self._chances.pop())

    def draw_many(self, count: int) -> list[int]:
        with self._lock:
            first = max(_tick(), self._last + 1)
            self._last = first + count - 1
            self._ask_for(count)
            return [_number(tick, self._chances.pop()) for tick in range(first, first + count)]

    def _ask_for(self, count: int) -> None:
        while len(self._chances) < count:
            self._chances.extend(_CHANCES.unpack(os.urandom(_CHANCES.size)))


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562, method 3: with a sub-millisecond fraction), rising within the process."""
    return id_of(_source.draw())


def new_ids(count: int) -> list[UUID]:
    """Make so many ids at once, which takes half as long; each is above the one before."""
    return list(map(id_of, _source.draw_many(count)))


def id_of(number: int) -> UUID:
    """Give the id of a 128-bit number: UUID's own constructor looks at six ways of being called."""
    made = object.__new__(UUID)
    _set_number(made, number)
    _set_safety(made, _UNKNOWN)
    return made


def _tick() -> int:
    return time.time_ns() * 4096 // 1_000_000


def _number(tick: int, chance: int) -> int:
    return (tick >> 12 << 80) | ((tick & 0xFFF) << 64) | _VERSION_AND_VARIANT | (chance >> 2)


def format_id(kind: IdKind, value: UUID) -> str:
    """Write an id as callers see it, e.g. `workflow_0199…`."""
    return f"{kind._value_}_{value.hex}"


def parse_id(text: str, kind: IdKind) -> UUID:
    """Read an id of the given kind.

    Raises:
        InvalidId: the text is no id of ours, or it names another kind of thing.
    """
    found, value = parse_any_id(text, wanted=kind)
    if found is not kind:
        raise InvalidId(
            f"This is the id of {found.with_article}; an id that starts with '{kind.value}_' is needed."
        )
    return value


def parse_any_id(text: str, *, wanted: IdKind = IdKind.WORKFLOW) -> tuple[IdKind, UUID]:
    """Read an id of any kind; `wanted` is the example that a refusal gives.

    Raises:
        InvalidId: the text is no id of ours.
    """
    try:
        return _read(text)
    except ValueError:
        raise InvalidId(
            f"This is not an id: ids look like '{wanted.value}_' and 32 hexadecimal digits."
        ) from None


@lru_cache(maxsize=10_000)
def _read(text: str) -> tuple[IdKind, UUID]:
    # Callers name the same few runs and agents again and again. What is no id is raised, and so not kept.
    prefix, _, digits = text.partition("_")
    kind = _KINDS.get(prefix)
    if kind is None or not _HEX.fullmatch(digits):
        raise ValueError("no id")
    return kind, id_of(int(digits, 16))


_CHANCES = Struct("256Q")
_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)
_UNKNOWN = SafeUUID.unknown
# An id refuses to be changed: its places are filled by what they are made of.
_set_number = vars(UUID)["int"].__set__
_set_safety = vars(UUID)["is_safe"].__set__
_source = _Source()
_NOUNS = {
    "key": "API key",
    "ratecard": "rate card",
    "auditentry": "audit entry",
    "usage": "service usage",
    "transfer": "ledger transfer",
    "endpoint": "webhook endpoint",
    "delivery": "webhook delivery",
    "replay": "replay job",
    "shadow": "shadow policy",
}
_KINDS = {kind.value: kind for kind in IdKind}
_HEX = re.compile("[0-9a-f]{32}")
