"""Written answers: JSON that the store has made, as part of an answer."""

import json
from typing import Any

import orjson


class Written:
    """JSON text without spaces, to stand in an answer as it is."""

    # No dataclass: orjson would write one as an object, and ask nobody.
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def fields(self) -> int:
        """How many fields its objects have."""
        # A quote ends a name where a colon follows. Within a string it has a backslash before it, and where
        # a string begins with a colon, the colon behind the name stands before it.
        within = self.text.count('\\":') if "\\" in self.text else 0
        return self.text.count('":') - self.text.count(':":') - within


def as_json(value: object) -> Any:  # noqa: ANN401 - what orjson takes
    """Give orjson the text; TypeError for anything else that it does not know."""
    if isinstance(value, Written):
        return orjson.Fragment(value.text)
    raise TypeError(f"{type(value).__name__} is no JSON.")


def value_of(value: object) -> Any:  # noqa: ANN401 - JSON
    """Give what the text says; TypeError for anything else, as the standard library's JSON has it."""
    if isinstance(value, Written):
        return json.loads(value.text)
    raise TypeError(f"{type(value).__name__} is no JSON.")
