"""Statements of nests: how many are made and kept, since callers choose what is asked for."""

from collections import Counter
from collections.abc import Callable, Hashable

from models.prepared import PreparedRead

MOST_SHAPES = 10
"""How many statements a nest has: one for each choice of orders and of what is filtered by.

Other choices are loaded.
"""

MOST_KEPT = 200
MOST_CHARACTERS = 300_000
"""How many statements are kept of all nests, and how long their texts are in sum."""

LONGEST = 20_000
"""How many characters a statement has at most; what takes a longer one is loaded."""


class NestStatements:
    """Statements by their nests and shapes; those that were asked for last are kept.

    What cannot be made is kept as None, so that it is not tried again each time.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[Hashable, Hashable], PreparedRead | None] = {}
        self._shapes = Counter[Hashable]()
        self._characters = 0

    def get(self, nest: Hashable, shape: Hashable, make: Callable[[], PreparedRead]) -> PreparedRead | None:
        """Give a statement; where none is kept it is made, unless the nest has as many as it may."""
        key = nest, shape
        if key in self._kept:
            # What was asked for last goes last.
            found = self._kept[key] = self._kept.pop(key)
            return found
        if self._shapes[nest] >= MOST_SHAPES:
            return None
        return self._keep(key, _made(make))

    def _keep(self, key: tuple[Hashable, Hashable], made: PreparedRead | None) -> PreparedRead | None:
        self._kept[key] = made
        self._shapes[key[0]] += 1
        self._characters += _length(made)
        while len(self._kept) > MOST_KEPT or self._characters > MOST_CHARACTERS:
            self._drop(next(iter(self._kept)))
        return made

    def _drop(self, key: tuple[Hashable, Hashable]) -> None:
        self._characters -= _length(self._kept.pop(key))
        self._shapes[key[0]] -= 1
        if not self._shapes[key[0]]:
            del self._shapes[key[0]]


def _made(make: Callable[[], PreparedRead]) -> PreparedRead | None:
    try:
        made = make()
    except Exception:  # noqa: BLE001 - whatever it is, it would be so again, and loading needs no statement
        return None
    return made if made.characters <= LONGEST else None


def _length(made: PreparedRead | None) -> int:
    return 0 if made is None else made.characters
