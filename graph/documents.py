"""Documents: read, bounded, validated and priced once, however often they are sent."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graph.audits import require_one_audit
from graph.errors import MOST_ERRORS
from graph.introspection import asks_introspection
from graph.limits.cost import Cost, cost_of
from graph.limits.shape import MOST_CHARACTERS, MOST_TOKENS, require_bounded_shape, too_complex
from graph.limits.weights import MOST_POINTS

MOST_KEPT_CHARACTERS = 300_000
"""Characters of the documents that are kept: their trees take some 300 bytes for each."""


class DocumentRefused(Exception):  # noqa: N818 - named for the state
    """A document that cannot be run; `errors` say why."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class PricedOperation:
    """An operation of a document, and what it costs."""

    kind: OperationType
    name: str | None
    cost: Cost
    work: Cost
    """The part of the cost that is no reading of fields."""
    asks_audit: bool

    def points(self, variables: Mapping[str, Any]) -> int:
        """Give what the operation costs with these variables.

        Raises DocumentRefused where that is more than an operation may cost.
        """
        points = self.cost.points(variables)
        if points > MOST_POINTS:
            message = (
                f"This could cost {points:,} points, and {MOST_POINTS:,} is the most: ask for shorter pages "
                "(first), fewer levels or fewer fields."
            )
            raise DocumentRefused([too_complex(message)])
        return points


@dataclass(frozen=True, slots=True)
class Document:
    """A document that may be run."""

    node: DocumentNode
    operations: Mapping[str | None, PricedOperation]
    asks_introspection: bool

    def operation(self, name: str | None) -> PricedOperation:
        """Give the operation of a name, or the only one.

        Raises DocumentRefused where there is none, or several and none is named.
        """
        if name is None and len(self.operations) > 1:
            raise DocumentRefused([GraphQLError("operationName: name one of the operations.")])
        found = next(iter(self.operations.values())) if name is None else self.operations.get(name)
        if found is None:
            raise DocumentRefused(
                [GraphQLError("operationName: the document has no operation of this name.")]
            )
        return found


class Documents:
    """The documents of a schema; those that were sent lately are kept."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def know(self, text: str) -> bool:
        """Tell whether a document was sent lately, and so costs nothing to prepare."""
        return text in self._kept

    def prepare(self, text: str) -> Document:
        """Give a document that may be run.

        Raises DocumentRefused.
        """
        found = self._kept.get(text)
        if found is not None:
            self._kept.move_to_end(text)
            return found
        document = self._read(text)
        self._keep(text, document)
        return document

    def _read(self, text: str) -> Document:
        node = _parsed(text)
        errors = validate(self._schema, node, _RULES, MOST_ERRORS - 1, hide_suggestions=True)
        if errors:
            raise DocumentRefused(errors)
        return Document(node, self._operations(node), asks_introspection(node))

    def _operations(self, node: DocumentNode) -> dict[str | None, PricedOperation]:
        operations = (each for each in node.definitions if isinstance(each, OperationDefinitionNode))
        found = (self._operation(node, each) for each in operations)
        return {each.name: each for each in found}

    def _operation(self, node: DocumentNode, operation: OperationDefinitionNode) -> PricedOperation:
        try:
            asks_audit = require_one_audit(node, operation)
        except GraphQLError as error:
            raise DocumentRefused([error]) from None
        return PricedOperation(
            operation.operation,
            operation.name.value if operation.name else None,
            cost_of(self._schema, node, operation),
            cost_of(self._schema, node, operation, of_a_field=0),
            asks_audit,
        )

    def _keep(self, text: str, document: Document) -> None:
        self._kept[text] = document
        self._characters += len(text)
        while self._characters > MOST_KEPT_CHARACTERS:
            oldest, _ = self._kept.popitem(last=False)
            self._characters -= len(oldest)


def _parsed(text: str) -> DocumentNode:
    if len(text) > MOST_CHARACTERS:
        message = f"query: at most {MOST_CHARACTERS:,} characters; send long input as variables."
        raise DocumentRefused([too_complex(message)])
    try:
        node = parse(text, max_lexical_tokens=MOST_TOKENS, max_comments=MOST_TOKENS)
        require_bounded_shape(node)
    except GraphQLError as error:
        if "parsing aborted" in error.message.lower():
            error = too_complex(f"The document has more than {MOST_TOKENS:,} tokens or comments.")
        raise DocumentRefused([error]) from None
    return node


_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
