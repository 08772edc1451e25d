"""The texts of prepared statements: one for each database, with places for the values of a call."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, Dialect, Insert, Select, Update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

Reading = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
"""A statement that reads."""
Values = Sequence[object]
_Processor = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    is_expanding: bool
    processor: _Processor | None
    default: object


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a parameter stands, and what stands there for one value and for a list of them."""

    parameter: int
    one: str
    several: str


@dataclass(frozen=True, slots=True, eq=False)
class ReadForm:
    """A SELECT for one database: pieces of text with a place between two of them."""

    pieces: tuple[str, ...]
    places: tuple["_Place", ...]
    parameters: tuple["_Parameter", ...]
    processors: tuple[_Processor | None, ...]
    takes_lists: bool

    @property
    def characters(self) -> int:
        """How long its text is; on SQLite, beside its lists."""
        return sum(map(len, self.pieces)) + sum(len(place.several) for place in self.places)

    def filled(self, values: dict[str, Any]) -> tuple[str, Values]:
        """Give the text and the values for it."""
        given = [_given(parameter, values) for parameter in self.parameters]
        return self._with_lists(given) if self.takes_lists else self._written_out(given)

    def _with_lists(self, given: list[Any]) -> tuple[str, Values]:
        # Where each list is of one value, they are these values: PostgreSQL takes any list for ten, and so
        # would make a plan for the few rows anew each time, which takes it longer than the statement. Beside
        # a longer list it should: a plan that it keeps may be from before its tables grew.
        lists = [number for number, parameter in enumerate(self.parameters) if parameter.is_expanding]
        alone = all(len(given[number]) == 1 for number in lists)
        text = [self.pieces[0]]
        for place, piece in zip(self.places, self.pieces[1:], strict=True):
            text += (place.one if alone else place.several, piece)
        if alone:
            for number in lists:
                [given[number]] = given[number]
        return "".join(text), tuple(given)

    def _written_out(self, given: list[Any]) -> tuple[str, Values]:
        text, flat = [self.pieces[0]], list[object]()
        for place, piece in zip(self.places, self.pieces[1:], strict=True):
            value = given[place.parameter]
            if self.parameters[place.parameter].is_expanding:
                # A few lengths only, so that the driver knows the text again: the last value fills up.
                value += value[-1:] * ((1 << (len(value) - 1).bit_length()) - len(value))
                text.append(f"IN ({', '.join('?' * len(value))})")
                flat += value
            else:
                text.append(place.one)
                flat.append(value)
            text.append(piece)
        return "".join(text), tuple(flat)


@dataclass(frozen=True, slots=True, eq=False)
class WriteForm:
    """A write for one database.

    `text` takes the values of one row, whose `columns` they are in its order. On PostgreSQL `set_text` takes
    a list of rows, each with its values by column.
    """

    text: str
    order: tuple[tuple[int, _Processor | None], ...]
    table: str
    columns: tuple[str, ...]
    claims: bool = False
    is_copied: bool = False
    set_text: str = ""

    def given(self, rows: Sequence[Values]) -> Iterator[Values]:
        """Give the values of all rows in the driver's form."""
        given = list(zip(*rows, strict=True))
        return zip(*(_in_form(processor, given[place]) for place, processor in self.order), strict=True)

    def named(self, rows: Sequence[Values]) -> list[dict[str, object]]:
        """Give the values of all rows by column: whatever order the table has them in."""
        return [dict(zip(self.columns, values, strict=True)) for values in self.given(rows)]

    def values(self, row: Values) -> list[object]:
        """Give the values of one row in the driver's form."""
        return [processor(row[place]) if processor else row[place] for place, processor in self.order]


def read_form(statement: Reading, dialect: Dialect) -> ReadForm:
    """Make the text of a SELECT for one database."""
    compiled = statement.compile(dialect=_plain(dialect))
    # A dialect that writes parameters so doubles what is no parameter's sign.
    first, *rest = _PARAMETER.split(str(compiled).replace("%%", "%"))
    takes_lists = dialect.name == "postgresql"
    pieces, places, parameters = [first], list[_Place](), dict[str, _Parameter]()
    for one, many, piece in zip(*(iter(rest),) * 3, strict=True):
        name = one or many
        type_ = compiled.binds[name].type
        parameters.setdefault(
            name, _Parameter(name, many is not None, type_.bind_processor(dialect), compiled.params[name])
        )
        number = list(parameters).index(name)
        if takes_lists:
            places.append(_place(number, None if many is None else _type(type_, dialect)))
        else:
            places.append(_Place(number, "?", "?"))
        pieces.append(piece)
    columns = tuple(column.type.result_processor(dialect, None) for column in statement.selected_columns)
    return ReadForm(tuple(pieces), tuple(places), tuple(parameters.values()), columns, takes_lists)


def _place(parameter: int, type_of_list: str | None) -> _Place:
    number = f"${parameter + 1}"
    if type_of_list is None:
        return _Place(parameter, number, number)
    return _Place(parameter, f"= {number}::{type_of_list}", f"= ANY ({number}::{type_of_list}[])")


def write_form(statement: Insert | Update, names: Sequence[str] | None, dialect: Dialect) -> WriteForm:
    """Make the text of a write for one database."""
    names = names or [column.key for column in statement.table.columns]
    keys = list(names) if isinstance(statement, Insert) else None
    compiled = statement.compile(dialect=_plain(dialect), column_keys=keys)
    wanted = [one for one, _ in _PARAMETER.findall(str(compiled))]
    types = [compiled.binds[name].type for name in wanted]
    order = tuple(
        (names.index(name), type_.bind_processor(dialect)) for name, type_ in zip(wanted, types, strict=True)
    )
    table, text = statement.table.name, str(compiled)  # type: ignore[union-attr]  # no alias and no join
    claims = text.endswith("ON CONFLICT DO NOTHING")
    form = WriteForm(_PARAMETER.sub("?", text), order, table, _columns(text, wanted), claims)
    return form if dialect.name == "sqlite" else _on_postgresql(form, text)


def _on_postgresql(form: WriteForm, text: str) -> WriteForm:
    numbers = iter(range(1, len(form.columns) + 1))
    numbered = _PARAMETER.sub(lambda _: f"${next(numbers)}", text)
    # A statement that PostgreSQL runs for each row costs it twice as much as one that writes all of them. As
    # rows of the table they cost both sides less than as a list for each column, every element of which the
    # driver looks at twice.
    rows = f"FROM unnest($1::{form.table}[]) AS given"
    if text.startswith("UPDATE"):
        set_text = _SET.sub(r"\1 = given.\1", text).replace(" WHERE ", f" {rows} WHERE ")
    else:
        set_text = _VALUES.sub(f"SELECT {', '.join(form.columns)} {rows}", numbered)
    if form.claims:
        numbered, set_text = f"{numbered} RETURNING true", f"{set_text} RETURNING true"
    is_copied = text.startswith("INSERT") and _ON_CONFLICT not in text
    return replace(form, text=numbered, set_text=set_text, is_copied=is_copied)


def _columns(text: str, wanted: Iterable[str]) -> tuple[str, ...]:
    """Name the columns that parameters are values of: those of an INSERT are named like them."""
    found = _SET.findall(text)
    return tuple(found or wanted)


def _plain(dialect: Dialect) -> Dialect:
    """Give a dialect that names parameters in the text, each as `%(name)s`."""
    return _PLAIN[dialect.name]


def _type(type_: TypeEngine[Any], dialect: Dialect) -> str:
    return type_.compile(dialect=_plain(dialect))


@lru_cache(maxsize=1_000)
def shifted(text: str, by: int) -> str:
    """Number the parameters of a text for PostgreSQL so much higher."""
    return _NUMBER.sub(lambda found: f"${int(found[1]) + by}", text)


def _given(parameter: _Parameter, values: dict[str, Any]) -> Any:  # noqa: ANN401 - one value or a list
    value, processor = values.get(parameter.name, parameter.default), parameter.processor
    if parameter.is_expanding:
        return _in_form(processor, value)
    return processor(value) if processor else value


def processed(processors: Iterable[_Processor | None], rows: Sequence[Values]) -> Iterable[tuple[Any, ...]]:
    """Give rows of a driver with their values as SQLAlchemy gives them."""
    columns = zip(*rows, strict=True)
    return zip(
        *(
            map(processor, column) if processor else column
            for processor, column in zip(processors, columns, strict=True)
        ),
        strict=True,
    )


def _in_form(processor: _Processor | None, values: Iterable[object]) -> list[Any]:
    return list(map(processor, values)) if processor else list(values)


_NUMBER = re.compile(r"\$(\d+)")
_PARAMETER = re.compile(r"%\((\w+)\)s|IN \(__\[POSTCOMPILE_(\w+)\]\)")
_SET = re.compile(r"(\w+) ?= ?%\(\w+\)s")
_VALUES = re.compile(r"VALUES \(.*?\)(?= ON CONFLICT|$)")
_ON_CONFLICT = " ON CONFLICT "
_PLAIN: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="pyformat"),
    "postgresql": postgresql.dialect(paramstyle="pyformat"),  # type: ignore[no-untyped-call]  # a class in disguise
}
