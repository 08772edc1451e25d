"""Documents at random over a schema: mostly valid, of shapes that try each of the bounds."""

from dataclasses import dataclass, fields, replace
from itertools import count
from random import Random

from graphql import (
    GraphQLField,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_required_argument,
)

DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Habits:
    """How a document is written: how often each thing is done, from 0 to 1, and how much there is of it."""

    depth: float = 0.5
    breadth: float = 0.5
    repetition: float = 0.1
    fragments: float = 0.3
    aliases: float = 0.2
    arguments: float = 0.3
    directives: float = 0.05
    variables: float = 0.2
    inline: float = 0.1
    mistakes: float = 0.0
    length: float = 0.7

    def changed(self, random: Random) -> "Habits":
        """Give these with one or two of them otherwise."""
        names = random.sample([each.name for each in fields(self)], random.randint(1, 2))
        return replace(self, **{name: random.random() for name in names})


def random_document(schema: GraphQLSchema, habits: Habits, random: Random) -> str:
    """Write a document."""
    return _Writer(schema, habits, random).document()


class _Writer:
    def __init__(self, schema: GraphQLSchema, habits: Habits, random: Random) -> None:
        self.schema = schema
        self.habits = habits
        self.random = random
        self.room = int(10_000 * habits.length)
        self.fragments: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.numbers = count()

    def document(self) -> str:
        root = self.schema.query_type
        assert root is not None
        selections = self.selections(root, 1)
        declared = " ".join(f"${name}:{kind}" for name, kind in self.variables.items())
        fragments = " ".join(text for text in self.fragments.values() if text)
        return f"query{f'({declared})' if declared else ''}{selections} {fragments}"

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def selections(self, parent: GraphQLObjectType, level: int) -> str:
        names = [*parent.fields, "__typename"]
        number = min(len(names), 1 + int(self.random.expovariate(1) * 30 * self.habits.breadth))
        chosen = self.random.sample(names, number)
        written = [self.selection(parent, name, level) for name in chosen if self.room > 0]
        return "{" + (" ".join(written) or "__typename") + "}"

    def selection(self, parent: GraphQLObjectType, name: str, level: int) -> str:
        if level < DEEPEST and self.chance(self.habits.fragments * 0.3):
            return self.spread(parent, level)
        if level < DEEPEST and self.chance(self.habits.inline * 0.3):
            return f"...on {parent.name}{self.selections(parent, level + 1)}"
        if self.chance(self.habits.mistakes * 0.05):
            return "nonsense"
        text = "__typename" if name == "__typename" else self.field(name, parent.fields[name], level)
        times = 1 + int(self.random.expovariate(1) * 100) if self.chance(self.habits.repetition * 0.1) else 1
        self.room -= len(text) * times
        return " ".join([text] * times)

    def field(self, name: str, field: GraphQLField, level: int) -> str:
        # Fields of one name in one place must have the same arguments: others have names of their own.
        alias = f"a{next(self.numbers)}:" if self.chance(self.habits.aliases * 0.3) else ""
        directive = " @include(if:true)" if self.chance(self.habits.directives * 0.1) else ""
        inner = get_named_type(field.type)
        text = f"{alias}{name}{self.arguments(field, bool(alias))}{directive}"
        if not is_composite_type(inner):
            return text
        if isinstance(inner, GraphQLObjectType) and level < 2 + 18 * self.habits.depth and self.room > 0:
            return text + self.selections(inner, level + 1)
        return text + "{__typename}"

    def arguments(self, field: GraphQLField, named: bool) -> str:
        written = [
            f"{name}:{self.value(argument.type)}"
            for name, argument in field.args.items()
            if is_required_argument(argument) or (named and self.chance(self.habits.arguments))
        ]
        return f"({','.join(written)})" if written else ""

    def value(self, kind: GraphQLInputType) -> str:
        if str(kind).rstrip("!") in _SIMPLE and self.chance(self.habits.variables):
            name = f"v{''.join(each for each in str(kind) if each.isalnum())}{'1' * str(kind).count('!')}"
            self.variables[name] = str(kind)
            return f"${name}"
        if isinstance(kind, GraphQLNonNull):
            kind = kind.of_type
        return _SIMPLE.get(str(kind), "null")

    def spread(self, parent: GraphQLObjectType, level: int) -> str:
        known = [name for name, text in self.fragments.items() if text and name.startswith(f"{parent.name}_")]
        if known and self.chance(0.7):
            return f"...{self.random.choice(known)}"
        name = f"{parent.name}_{len(self.fragments)}"
        self.fragments[name] = ""
        self.fragments[name] = f"fragment {name} on {parent.name}{self.selections(parent, level + 1)}"
        self.room -= len(self.fragments[name])
        return f"...{name}"


_SIMPLE = {"Int": "5", "Boolean": "true", "ID": '"account_1"', "String": '"text"'}
