"""Data for worlds: mostly right, and in a share of its places not at all as declared."""

import asyncio
import math
import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from tests.graph.execution.worlds import HIDDEN, LEAVES, Colour, Raised, Shape, Size, World


def root_of(world: World, seed: int, trouble: float) -> Any:
    """Make a root object; `trouble` is the share of values that are not as declared.

    Each engine gets its own: what can be awaited can be awaited once.
    """
    return _Data(world, random.Random(seed), trouble).made("Query", 0)


class Thing:
    def __str__(self) -> str:
        return "a thing"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Later:
    """A value that is awaited, after some turns of the loop."""

    value: Any
    turns: int

    def __await__(self) -> Generator[Any, None, Any]:
        for _ in range(self.turns):
            yield from asyncio.sleep(0).__await__()
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@dataclass(slots=True)
class _Data:
    world: World
    r: random.Random
    trouble: float

    def made(self, name: str, depth: int) -> Any:
        kind = self.world.classes[name]
        made = object.__new__(kind)
        for key, plan in self.world.fields[name].items():
            value = self.value(plan.shape, plan.shape.lists, depth)
            made.__dict__[key if plan.way == "attribute" else HIDDEN + key] = value
        if self.r.random() < self.trouble / 4:
            made.__dict__.pop(self.r.choice(list(made.__dict__)), None)
        return made

    def value(self, shape: Shape, lists: tuple[bool, ...], depth: int) -> Any:
        if self.r.random() < self.trouble:
            return self._wrong(shape, lists, depth)
        if lists:
            if lists[0] and self.r.random() < 0.2:
                return None
            length = self.r.choice([0, 1, 2, 3]) if depth < 3 else 0
            return [self.value(shape, lists[1:], depth) for _ in range(length)]
        if shape.nullable and (depth > 3 or self.r.random() < 0.2):
            return None
        return LEAVES[shape.name][1](self.r) if shape.name in LEAVES else self._object(shape, depth)

    def _object(self, shape: Shape, depth: int) -> Any:
        if depth > 5:
            return None
        members = self.world.members.get(shape.name)
        return self.made(self.r.choice(members) if members else shape.name, depth + 1)

    def _wrong(self, shape: Shape, lists: tuple[bool, ...], depth: int) -> Any:
        right = _Data(self.world, self.r, 0).value(shape, lists, depth)
        names = [name for name in self.world.fields if name not in ("Query", "Face")]
        wrong: list[Any] = [
            None,
            ValueError("a value that is an error"),
            Later(right, self.r.randrange(3)),
            Later(None, 1),
            Later(RuntimeError("too late"), self.r.randrange(3)),
            Raised(KeyError("raised")),
            True,
            2**40,
            math.nan,
            14,
            13,
            "x",
            b"z",
            Thing(),
            (right,),
            [right],
            {"a": 1},
            Size.SMALL,
            Colour.RED,
            self.made(self.r.choice(names), depth + 1) if depth < 4 else 3,
        ]
        return self.r.choice(wrong)
