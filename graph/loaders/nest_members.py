"""Members of nests: what is shown, of which rows and under which names."""

from dataclasses import dataclass

from graph.loaders.forms import Column


@dataclass(frozen=True, slots=True)
class Constant:
    """A JSON text that is known."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of a row."""

    name: str
    column: Column
    is_nullable: bool


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row's place in its list."""

    name: str


@dataclass(frozen=True, slots=True)
class EndCursor:
    """The place of a page's first or last row; null for an empty page."""

    name: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class IsFollowed:
    """Whether more rows follow after a page."""

    name: str


@dataclass(frozen=True, slots=True)
class IsPreceded:
    """Whether rows stand before a page."""

    name: str


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows the whole list has."""

    name: str


@dataclass(frozen=True, slots=True)
class Inside:
    """An object of what stands there anyway: of the same row, or of the same rows."""

    name: str
    members: "tuple[Member, ...]"


@dataclass(frozen=True, slots=True)
class Objects:
    """A list of objects, one for each of the rows that are read."""

    name: str
    members: "tuple[Member, ...]"


@dataclass(frozen=True, slots=True)
class One:
    """The object of a row that is the only one; null where there is none and there need be none."""

    name: str
    members: "tuple[Member, ...]"
    is_nullable: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """What is shown of the rows that have a number: a list, an object around such lists, or one object."""

    name: str
    number: int
    shown: Inside | Objects | One


Member = (
    Constant | Leaf | Cursor | EndCursor | IsFollowed | IsPreceded | Total | Inside | Objects | One | Listed
)
