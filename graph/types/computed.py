"""Computed fields: worked out from their object when somebody asks for them, not when it is made."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from strawberry.types.field import StrawberryField

Kind = TypeVar("Kind")
_COMPUTE = "compute"


class ComputedField(StrawberryField):
    """A field without a resolver that is no attribute either: it costs nothing where nobody asks for it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - strawberry copies fields so
        super().__init__(*args, **kwargs)
        self.init = self.repr = self.compare = False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401, ARG002 - strawberry's signature
        """Work it out."""
        return self.metadata[_COMPUTE](source)


class ReadField(StrawberryField):
    """A field that is an attribute, read from what its object stands for when somebody asks for it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - strawberry copies fields so
        super().__init__(*args, **kwargs)
        self.init = self.repr = self.compare = False


def read(show: Callable[[Any], Any], description: str) -> Any:  # noqa: ANN401 - strawberry's field
    """Make a field of a `showing` type; what it is read from must not change."""
    return ReadField(description=description, metadata={_COMPUTE: show})


def showing(kind: type[Kind]) -> type[Kind]:
    """Give the `read` fields of a strawberry type, as a decorator above its own, their attributes."""
    for each in fields(kind):  # type: ignore[arg-type]  # strawberry has made it a dataclass
        if isinstance(each, ReadField):
            setattr(kind, each.name, property(each.metadata[_COMPUTE]))
    return kind


def computed(compute: Callable[[Any], Any], description: str) -> Any:  # noqa: ANN401 - strawberry's field
    """Make a computed field. What it is worked out from must not change; it may be worked out twice."""
    return ComputedField(description=description, metadata={_COMPUTE: compute})
