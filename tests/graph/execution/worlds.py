"""Worlds: schemas made at random, and data for them that is mostly right.

A world of a seed is always the same, and so is its data: each engine gets its own copy, since what can be
awaited can be awaited once.
"""

import asyncio
import enum
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, NewType, Optional
from uuid import UUID

import strawberry
from graphql import GraphQLSchema
from strawberry.extensions import FieldExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

HIDDEN = "hidden_"
"""What resolvers give is kept at the object under this name and the field's."""


class Colour(enum.Enum):
    RED = "r"
    GREEN = "g"
    CRIMSON = "r"  # noqa: PIE796 - an alias of RED is what is tried


class Size(enum.StrEnum):
    SMALL = "small"
    LARGE = "large"


class Amount:
    def __init__(self, number: int) -> None:
        self.number = number

    def __str__(self) -> str:
        return f"{self.number}.5"

    __repr__ = __str__


Note = NewType("Note", str)
Odd = NewType("Odd", int)


def serialize_odd(value: Any) -> Any:
    if value == 13:
        raise ValueError("thirteen cannot be written")
    return None if value == 14 else value


SCALARS: dict[object, Any] = {
    Amount: strawberry.scalar(name="Amount", serialize=str, parse_value=int),
    Note: strawberry.scalar(name="Note", serialize=str, parse_value=str),
    Odd: strawberry.scalar(name="Odd", serialize=serialize_odd, parse_value=int),
}
ENUMS = {each: strawberry.enum(each) for each in (Colour, Size)}


class Passing(FieldExtension):
    """Changes nothing, in the way of an extension that checks a permission."""

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: Any, **kwargs: Any
    ) -> Any:
        if info.context == "forbidden":
            raise PermissionError("not allowed")
        return await next_(source, info, **kwargs)


class Doubling(FieldExtension):
    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **kwargs: Any) -> Any:
        return next_(source, info, **kwargs)

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: Any, **kwargs: Any
    ) -> Any:
        return await next_(source, info, **kwargs)


class Reading(StrawberryField):
    """A field that is read in a way of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.init = False

    def get_result(self, source: Any, info: Any, args: Any, kwargs: Any) -> Any:  # noqa: ARG002 - strawberry's signature
        return raised_or_given(getattr(source, HIDDEN + self.python_name))


LEAVES: dict[str, tuple[Any, Callable[[random.Random], Any]]] = {
    "str": (str, lambda r: r.choice(["", "a", 'q"uote', "ü\n"])),
    "int": (int, lambda r: r.choice([0, 1, -5, 2**31 - 1])),
    "float": (float, lambda r: r.choice([0.0, 1.5, -2.25e10, 3])),
    "bool": (bool, lambda r: r.random() < 0.5),
    "id": (strawberry.ID, lambda r: r.choice(["x1", "7", 9])),
    "decimal": (Decimal, lambda _: Decimal("1.20")),
    "time": (datetime, lambda _: datetime(2025, 1, 2, 3, tzinfo=UTC)),
    "uuid": (UUID, lambda r: UUID(int=r.randrange(9))),
    "amount": (Amount, lambda r: Amount(r.randrange(9))),
    "note": (Note, lambda _: "noted"),
    "odd": (Odd, lambda r: r.choice([1, 3, "five", [1], {"k": 1}])),
    "colour": (Colour, lambda r: r.choice(list(Colour))),
    "size": (Size, lambda r: r.choice(list(Size))),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a field gives: a leaf or a named type, in so many lists, each null or not."""

    name: str
    lists: tuple[bool, ...] = ()
    """For each list around it, outermost first, whether it may be null."""
    nullable: bool = False

    def annotation(self, classes: dict[str, Any]) -> Any:
        kind: Any = LEAVES[self.name][0] if self.name in LEAVES else classes[self.name]
        kind = Optional[kind] if self.nullable else kind  # noqa: UP045 - it may be a name
        for nullable in reversed(self.lists):
            kind = Optional[list[kind]] if nullable else list[kind]  # noqa: UP045 - likewise
        return kind


@dataclass(slots=True)
class FieldPlan:
    shape: Shape
    way: str
    """attribute, read, sync, async, extended, checked or counted (with an argument)."""


@dataclass(slots=True)
class World:
    schema: strawberry.Schema
    fields: dict[str, dict[str, FieldPlan]]
    """By type."""
    members: dict[str, tuple[str, ...]]
    """Of interfaces and unions."""
    classes: dict[str, Any]
    seed: int

    @property
    def core(self) -> GraphQLSchema:
        return self.schema._schema  # noqa: SLF001 - the schema below strawberry's


def world(seed: int) -> World:
    """Make a world."""
    return _Making(random.Random(seed)).world(seed)


@dataclass(slots=True)
class _Making:
    r: random.Random
    classes: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, dict[str, FieldPlan]] = field(default_factory=dict)

    def world(self, seed: int) -> World:
        objects = [f"T{n}" for n in range(self.r.randint(2, 5))]
        implementing = [name for name in objects if self.r.random() < 0.4]
        members = {"Face": tuple(implementing)} if implementing else {}
        if len(objects) > 2:
            members["Either"] = tuple(objects[: self.r.randint(2, 3)])
        named = [*objects, *members]
        face = {"shared": FieldPlan(self._shape(list(LEAVES)), "attribute")}
        for name in (*objects, "Query"):
            own = face if name in implementing else {}
            self.fields[name] = own | {
                f"{'f' if name == 'Query' else name.lower()}_{n}": self._field(named)
                for n in range(self.r.randint(2, 7))
            }
        self._declare(objects, implementing, members, face)
        schema = strawberry.Schema(
            self.classes["Query"],
            config=StrawberryConfig(auto_camel_case=False, scalar_map=SCALARS),
            types=[self.classes[name] for name in objects],
        )
        return World(schema, self.fields | {"Face": face}, members, self.classes, seed)

    def _field(self, named: list[str]) -> FieldPlan:
        kinds = list(LEAVES) if self.r.random() < 0.6 else named
        way = self.r.choice(["attribute"] * 5 + ["read", "sync", "async", "extended", "checked", "counted"])
        return FieldPlan(self._shape(kinds), way)

    def _shape(self, kinds: list[str]) -> Shape:
        lists = self.r.choice([(), (), (), (1,), (1,), (1, 1)])
        nullable = [self.r.random() < 0.4 for _ in lists]
        return Shape(self.r.choice(kinds), tuple(nullable), self.r.random() < 0.4)

    def _declare(
        self,
        objects: list[str],
        implementing: list[str],
        members: dict[str, tuple[str, ...]],
        face: dict[str, FieldPlan],
    ) -> None:
        if "Face" in members:
            self.classes["Face"] = strawberry.interface(self._class("Face", face, ()))
        for name in objects:
            bases = (self.classes["Face"],) if name in implementing else ()
            own = {key: plan for key, plan in self.fields[name].items() if not bases or key not in face}
            self.classes[name] = self._class(name, own, bases)
        if "Either" in members:
            union: Any = self.classes[members["Either"][0]]
            for name in members["Either"][1:]:
                union |= self.classes[name]
            self.classes["Either"] = Annotated[union, strawberry.union("Either")]
        self.classes["Query"] = self._class("Query", self.fields["Query"], ())
        for name in (*objects, "Query"):
            self._annotate(self.classes[name], self.fields[name], face if name in implementing else {})
            self.classes[name] = strawberry.type(self.classes[name])

    def _class(self, name: str, fields: dict[str, FieldPlan], bases: tuple[type, ...]) -> type:
        made = type(name, bases, {"__annotations__": {}})
        if name == "Face":
            self._annotate(made, fields, {})
        return made

    def _annotate(self, kind: type, fields: dict[str, FieldPlan], inherited: dict[str, FieldPlan]) -> None:
        for key, plan in fields.items():
            if key in inherited:
                continue
            annotation = plan.shape.annotation(self.classes)
            if plan.way == "attribute":
                kind.__annotations__[key] = annotation
            elif plan.way == "read":
                kind.__annotations__[key] = annotation
                setattr(kind, key, Reading())
            else:
                setattr(kind, key, _resolved(key, plan.way, annotation))


def _resolved(key: str, way: str, annotation: Any) -> Any:
    def given(self: Any) -> Any:
        return raised_or_given(getattr(self, HIDDEN + key))

    async def later(self: Any) -> Any:
        for _ in range(len(key) % 3):
            await asyncio.sleep(0)
        return given(self)

    async def counted(
        self: Any, info: strawberry.Info, count: int = 2, words: list[str] | None = None
    ) -> Any:
        await asyncio.sleep(0)
        if count == 13:
            raise ValueError(f"thirteen at {info.path.as_list()} {words}")
        return given(self)

    resolver: Any = {"sync": given, "extended": given, "counted": counted}.get(way, later)
    resolver.__annotations__["return"] = annotation
    extensions = {"checked": [Passing()], "extended": [Doubling()]}.get(way, [])
    return strawberry.field(resolver=resolver, extensions=extensions)


@dataclass(frozen=True, slots=True)
class Raised:
    error: Exception


def raised_or_given(value: Any) -> Any:
    if isinstance(value, Raised):
        raise value.error
    return value
