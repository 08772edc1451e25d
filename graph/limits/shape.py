"""A document's shape is bounded before it is validated: what validation and execution take grows with it.

The walk goes where an answer would unfold: fragments in their places, fields of one name merged. It stops at
the first bound that is passed, and so costs no more than the bounds allow, whatever the document.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableDefinitionNode,
)

MOST_CHARACTERS = 15_000
MOST_TOKENS = 1_500
MOST_OPERATIONS = 10
MOST_FRAGMENTS = 50
MOST_SPREADS = 300
MOST_VARIABLES = 100
MOST_ALIASES = 100
MOST_DIRECTIVES = 50
MOST_ROOT_FIELDS = 50
MOST_LEVELS = 20
MOST_VALUES = 1_500
"""Values of arguments that stand in the document itself: those of variables are read much faster."""
MOST_FIELDS = 2_000
MOST_COMPARISONS = 8_000
"""Fields of one name in one place are compared pair by pair, to see that they mean the same."""


def too_complex(message: str) -> GraphQLError:
    """Give the error that refuses an operation for its size."""
    return GraphQLError(message, extensions={"code": "QUERY_TOO_COMPLEX"})


def require_bounded_shape(document: DocumentNode) -> None:
    """Look at what was written, and then at what it unfolds to.

    Raises a GraphQLError with the code QUERY_TOO_COMPLEX, which names the bound.
    """
    _require_bounded_text(document)
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    walk = _Walk(fragments)
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode):
            walk.operation(each)
    for name, fragment in fragments.items():
        # Validation looks into fragments that nobody spreads, too.
        if name not in walk.spread:
            walk.selections([fragment.selection_set], level=1)


def _require_bounded_text(document: DocumentNode) -> None:
    counts = dict.fromkeys(_WRITTEN, 0)
    aliases, values = 0, 0
    for node, depth in _nodes(document):
        _require("levels of brackets and braces", depth, _DEEPEST_NODE)
        kind = type(node)
        if kind in counts:
            counts[kind] += 1
        if isinstance(node, FieldNode) and node.alias is not None:
            aliases += 1
        if isinstance(node, ValueNode):
            values += 1
    _require("aliases", aliases, MOST_ALIASES)
    _require("values", values, MOST_VALUES, "send long input as variables")
    for kind, (name, most) in _WRITTEN.items():
        _require(name, counts[kind], most)


def _nodes(document: DocumentNode) -> Iterator[tuple[Node, int]]:
    unseen: list[tuple[Node, int]] = [(document, 0)]
    while unseen:
        node, depth = unseen.pop()
        yield node, depth
        for key in node.keys:
            inner = getattr(node, key, None)
            if isinstance(inner, Node):
                unseen.append((inner, depth + 1))
            elif isinstance(inner, list | tuple):
                unseen.extend((each, depth + 1) for each in inner if isinstance(each, Node))


@dataclass(slots=True)
class _Walk:
    fragments: dict[str, FragmentDefinitionNode]
    spread: set[str] = field(default_factory=set)
    _fields: int = 0
    _comparisons: int = 0

    def operation(self, operation: OperationDefinitionNode) -> None:
        merged = self._merged([operation.selection_set])
        _require("root fields", len(merged), MOST_ROOT_FIELDS)
        self._descend(merged, level=1)

    def selections(self, sets: Sequence[SelectionSetNode], *, level: int) -> None:
        _require("levels", level, MOST_LEVELS)
        self._descend(self._merged(sets), level=level)

    def _descend(self, merged: dict[str, list[FieldNode]], *, level: int) -> None:
        for nodes in merged.values():
            self._comparisons += len(nodes) * (len(nodes) - 1) // 2
            _require("pairs of fields that have one name in one place", self._comparisons, MOST_COMPARISONS)
            inner = [node.selection_set for node in nodes if node.selection_set is not None]
            if inner:
                self.selections(inner, level=level + 1)

    def _merged(self, sets: Sequence[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """Gather the fields that a place in the answer has, by the names that they have there."""
        merged: dict[str, list[FieldNode]] = {}
        entered: set[str] = set()
        unseen = list(sets)
        while unseen:
            for node in unseen.pop().selections:
                self._fields += 1
                _require("fields, with those of its fragments in their places", self._fields, MOST_FIELDS)
                if isinstance(node, FieldNode):
                    merged.setdefault((node.alias or node.name).value, []).append(node)
                elif isinstance(node, FragmentSpreadNode):
                    name = node.name.value
                    fragment = self.fragments.get(name)
                    if name not in entered and fragment is not None:
                        entered.add(name)
                        self.spread.add(name)
                        unseen.append(fragment.selection_set)
                elif isinstance(node, InlineFragmentNode):
                    unseen.append(node.selection_set)
        return merged


def _require(what: str, count: int, most: int, fix: str = "ask in several operations") -> None:
    if count > most:
        raise too_complex(f"The document has more than {most:,} {what}: {fix}.")


_DEEPEST_NODE = 100
"""Fields within inline fragments within fields, lists within lists: how deep the parser's own tree may go."""
_WRITTEN: dict[type[Node], tuple[str, int]] = {
    OperationDefinitionNode: ("operations", MOST_OPERATIONS),
    FragmentDefinitionNode: ("fragments", MOST_FRAGMENTS),
    FragmentSpreadNode: ("spreads of fragments", MOST_SPREADS),
    VariableDefinitionNode: ("variables", MOST_VARIABLES),
    DirectiveNode: ("directives", MOST_DIRECTIVES),
}
