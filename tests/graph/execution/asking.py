"""Documents made at random for a world: aliases, fragments, merged fields, conditions and variables."""

import random
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, parse, validate

from tests.graph.execution.worlds import LEAVES, World

VARIABLES = {
    "yes": "Boolean! = true",
    "no": "Boolean = false",
    "count": "Int = 3",
    "words": "[String!]",
}


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    node: DocumentNode
    variables: dict[str, Any]


def question(world: World, seed: int) -> Question:
    """Make a valid document with its variables."""
    r = random.Random(seed)
    while True:
        text = _Writing(world, r).document()
        node = parse(text)
        if not validate(world.core, node):
            return Question(text, node, _variables(r))


def _variables(r: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, values in _VALUES.items():
        if r.random() < 0.4:
            found[name] = r.choice(values)
    return found


@dataclass(slots=True)
class _Writing:
    world: World
    r: random.Random
    fragments: dict[str, str] = field(default_factory=dict)

    def document(self) -> str:
        selection = self.selection("Query", 0)
        fragments = " ".join(self.fragments.values())
        body = f"{{ used: __typename @skip(if: $no) {selection} }} {fragments}"
        variables = ", ".join(f"${name}: {kind}" for name, kind in VARIABLES.items() if f"${name}" in body)
        return f"query Q({variables}) {body}"

    def selection(self, name: str, depth: int) -> str:
        members = self.world.members.get(name, ())
        parts = [self.field(name, depth) for _ in range(self.r.randint(1, 5)) if self.world.fields.get(name)]
        parts += [
            f"... on {member}{self.condition()} {{ {self.selection(member, depth + 1)} }}"
            for member in members
            if self.r.random() < 0.7
        ]
        if self.r.random() < 0.2:
            parts.append(f"...{self.condition()} {{ {self.field(name, depth)} }}")
        if self.r.random() < 0.2:
            parts.append(f"...{self.fragment(name, depth)}{self.condition()}")
        if not parts or self.r.random() < 0.2:
            parts.append(self.r.choice(["__typename", "kind: __typename"]))
        return " ".join(parts)

    def fragment(self, name: str, depth: int) -> str:
        fragment = f"F{name}{len(self.fragments)}"
        self.fragments[fragment] = ""
        self.fragments[fragment] = f"fragment {fragment} on {name} {{ {self.selection(name, depth + 1)} }}"
        return fragment

    def field(self, name: str, depth: int) -> str:
        fields = self.world.fields.get(name)
        if not fields:
            return "__typename"
        key = self.r.choice(list(fields))
        plan = fields[key]
        if plan.shape.name not in LEAVES and depth > 4:
            return "__typename"
        arguments, mark = self.r.choice(_ARGUMENTS) if plan.way == "counted" else ("", "")
        alias = f"{key}{mark}: " if mark or self.r.random() < 0.2 else ""
        below = "" if plan.shape.name in LEAVES else f" {{ {self.selection(plan.shape.name, depth + 1)} }}"
        return f"{alias}{key}{arguments}{self.condition()}{below}"

    def condition(self) -> str:
        return self.r.choice(_CONDITIONS) if self.r.random() < 0.15 else ""


_CONDITIONS = (
    " @skip(if: true)",
    " @skip(if: false)",
    " @include(if: $yes)",
    " @skip(if: $yes)",
    " @include(if: $yes) @skip(if: $yes)",
    " @include(if: false)",
)
_ARGUMENTS = (
    ("", ""),
    ("(count: 13)", "_a"),
    ("(count: $count)", "_b"),
    ('(count: 1, words: ["a", "b"])', "_c"),
    ("(words: $words)", "_d"),
    ("(count: $count, words: null)", "_e"),
)
_VALUES: dict[str, tuple[Any, ...]] = {
    "yes": (True, False),
    "no": (True, False, False, False, None),
    "count": (1, 1, 13, 13, None, "x"),
    "words": (["a"], [], None, "single", ["b", "c"], [None]),
}
