"""Computed fields: worked out from their object when somebody asks for them, not when it is made."""

from collections.abc import Callable
from typing import Any

from strawberry.types.field import StrawberryField

_COMPUTE = "compute"


class ComputedField(StrawberryField):
    """A field without a resolver that is no attribute either: it costs nothing where nobody asks for it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - strawberry copies fields so
        super().__init__(*args, **kwargs)
        self.init = self.repr = self.compare = False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401, ARG002 - strawberry's signature
        """Work it out."""
        return self.metadata[_COMPUTE](source)


def computed(compute: Callable[[Any], Any], description: str) -> Any:  # noqa: ANN401 - strawberry's field
    """Make a computed field. What it is worked out from must not change; it may be worked out twice."""
    return ComputedField(description=description, metadata={_COMPUTE: compute})
