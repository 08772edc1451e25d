"""Forms: how the value of a column is shown, said once for Python and for the store."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement

from graph.ids import written
from graph.scalars import DecimalText
from models.identity import IdKind
from models.json_text import id_text, micros_text, presence_text, value_text
from pricing.credits import Credits
from pricing.decimal_text import text_from_micros


@dataclass(frozen=True, slots=True)
class Form:
    """How a value is shown: as what a scalar takes, and as the JSON text of its answer."""

    show: Callable[[Any], Any] | None
    """None where it is shown as it is."""
    text: Callable[[ColumnElement[Any]], ColumnElement[str]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column, by its name in the row that a type of the graph shows, and how it is shown."""

    name: str
    form: Form

    def read(self, row: Any) -> Any:  # noqa: ANN401 - a row of any table
        """Show the value of a row."""
        value = getattr(row, self.name)
        return value if self.form.show is None else self.form.show(value)


def id_of(kind: IdKind) -> Form:
    """Show an id of a kind."""
    return Form(lambda value: written(kind, value), lambda column: id_text(kind.value, column))


AS_IT_IS = Form(None, value_text)
MICROS = Form(lambda value: None if value is None else DecimalText(text_from_micros(value)), micros_text)
CREDITS = Form(Credits, micros_text)
PRESENCE = Form(lambda value: value is not None, presence_text)
