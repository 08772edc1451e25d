"""Introspection: who may ask what the schema is, and which documents ask it.

`__typename` is always answered: clients need it to tell the members of a union apart.
"""

from enum import StrEnum

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    GraphQLError,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
)

from models.api_key import ApiKey, Scope


class Introspection(StrEnum):
    """Whose keys are told the schema."""

    EVERYBODY = "everybody"
    MANAGERS = "managers"
    NOBODY = "nobody"


def may_introspect(allowed: Introspection, api_key: ApiKey) -> bool:
    """Say whether a key may ask for the schema; managers are keys with MANAGE or OPERATE."""
    if allowed is Introspection.MANAGERS:
        return not _MANAGING.isdisjoint(api_key.scopes)
    return allowed is Introspection.EVERYBODY


def asks_introspection(document: DocumentNode) -> bool:
    """Say whether a document asks `__schema` or `__type` in any of its operations or fragments.

    Each selection is looked at once, however often a fragment is spread, and nesting costs no stack.
    """
    definitions = (each for each in document.definitions if isinstance(each, ExecutableDefinitionNode))
    waiting = [each.selection_set for each in definitions]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode) and node.name.value in _INTROSPECTING:
                return True
            waiting += _within(node)
    return False


def introspection_refused(allowed: Introspection) -> GraphQLError:
    """Give the one error of a document that asks for the schema without a right to it."""
    return GraphQLError(_REFUSALS[allowed], extensions={"code": "FORBIDDEN"})


def _within(node: SelectionNode) -> tuple[SelectionSetNode, ...]:
    # What a spread stands for is among the document's definitions, which are all looked at anyway.
    if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
        return (node.selection_set,)
    return ()


_INTROSPECTING = frozenset({"__schema", "__type"})
_MANAGING = frozenset({Scope.MANAGE, Scope.OPERATE})
_FILE = "the schema is also printed by `creditgraph schema`."
_REFUSALS = {
    Introspection.MANAGERS: f"Introspection needs a key with the scope MANAGE or OPERATE; {_FILE}",
    Introspection.NOBODY: f"Introspection is off here (CREDITGRAPH_INTROSPECTION); {_FILE}",
}
