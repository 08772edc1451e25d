"""Computed fields: worked out from their object when somebody asks for them, not when it is made."""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

from strawberry.types.field import StrawberryField

from graph.loaders.forms import AS_IT_IS, Column, Form

Kind = TypeVar("Kind")
_COMPUTE = "compute"
_COLUMN = "column"


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


def column(name: str, description: str, form: Form = AS_IT_IS, *, of: str = "row") -> Any:  # noqa: ANN401 - strawberry's field
    """Make a field of a `showing` type that shows a column of its row; the store can write it as well.

    `of` names the row, where it shows columns of several.
    """
    show, of_row = form.show, attrgetter(f"{of}.{name}")
    compute = of_row if show is None else lambda shown: show(of_row(shown))
    return ReadField(description=description, metadata={_COMPUTE: compute, _COLUMN: Column(name, form)})


def column_of(field: StrawberryField) -> Column | None:
    """Give the column that a field shows; None where it shows none, or not only one."""
    found: Column | None = field.metadata.get(_COLUMN)
    return found


def showing(kind: type[Kind]) -> type[Kind]:
    """Give the `read` fields of a strawberry type, as a decorator above its own, their attributes."""
    for each in fields(kind):  # type: ignore[arg-type]  # strawberry has made it a dataclass
        if isinstance(each, ReadField):
            setattr(kind, each.name, property(each.metadata[_COMPUTE]))
    return kind


def computed(compute: Callable[[Any], Any], description: str) -> Any:  # noqa: ANN401 - strawberry's field
    """Make a computed field. What it is worked out from must not change; it may be worked out twice."""
    return ComputedField(description=description, metadata={_COMPUTE: compute})
