"""Selections: the fields that an operation asks of a type, collected once and told apart.

What is plain is written by compiled code; the rest is resolved field by field.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from graph.execution.plain_fields import class_of, is_resolved_by_class, reader_of

MOST_FIELDS = 5_000
"""How many fields of a document are compiled: beyond, it takes longer than it can save."""


class TooManyFields(Exception):  # noqa: N818 - named for the state
    """The document has more fields than are compiled."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A field that is asked of a type under one name of the answer."""

    name: str
    details: FieldDetailsList
    nodes: list[FieldNode]
    definition: GraphQLField
    parent_type: GraphQLObjectType
    is_typename: bool = False

    @property
    def return_type(self) -> GraphQLOutputType:
        """What the field gives."""
        return self.definition.type


@dataclass(slots=True, eq=False)
class Selection:
    """What is asked of one type at one place of an operation."""

    type: GraphQLObjectType
    collected: CollectedFields
    asked: list[Asked]
    rest: list[Asked] = field(default_factory=list)
    """What is not plain."""

    @property
    def is_plain(self) -> bool:
        """Whether compiled code alone can write it."""
        return not self.rest and (self.type.is_type_of is None or class_of(self.type) is not None)


class Selections:
    """All selections of an operation, for one choice of what is skipped and included."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDetails],
        operation: OperationDefinitionNode,
        variables: VariableValues,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._operation = operation
        self._variables = variables
        self._found: dict[tuple[GraphQLObjectType, int], Selection] = {}
        self._fields = 0

    def root(self) -> Selection:
        """Give what the operation asks of its root type.

        Raises TooManyFields.
        """
        root_type = self._schema.get_root_type(self._operation.operation)
        assert root_type is not None  # noqa: S101 - a document that is valid has one
        collected = collect_fields(
            self._schema, self._fragments, self._variables, root_type, self._operation, hide_suggestions=True
        )
        return self._selection(root_type, collected)

    def below(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Selection:
        """Give what is asked of a type below a field.

        Raises TooManyFields.
        """
        key = (kind, id(details))  # the lists live as long as the selections that hold them
        found = self._found.get(key)
        if found is None:
            if self._fields > MOST_FIELDS:
                raise TooManyFields
            collected = collect_subfields(
                self._schema,
                self._fragments,
                self._variables,
                self._operation,
                kind,
                details,
                hide_suggestions=True,
            )
            found = self._found[key] = self._selection(kind, collected)
        return found

    def is_plain(self, kind: GraphQLOutputType, details: FieldDetailsList) -> bool:
        """Whether compiled code alone can write values of a type as they are asked for."""
        named: Any = get_named_type(kind)
        if is_leaf_type(named):
            return True
        if is_object_type(named):
            return self.below(named, details).is_plain
        if not is_abstract_type(named) or not is_resolved_by_class(named.resolve_type):
            return False
        possible = self._schema.get_possible_types(named)
        return all(class_of(each) is not None and self.below(each, details).is_plain for each in possible)

    def possible_types(self, kind: Any) -> Iterator[tuple[type, GraphQLObjectType]]:  # noqa: ANN401 - an interface or a union
        """Give the types that a value can have, each with its class."""
        for each in self._schema.get_possible_types(kind):
            found = class_of(each)
            if found is not None:
                yield found, each

    def _selection(self, kind: GraphQLObjectType, collected: CollectedFields) -> Selection:
        self._fields += len(collected.grouped_field_set)
        if self._fields > MOST_FIELDS:
            raise TooManyFields
        asked = [self._asked(kind, name, group) for name, group in collected.grouped_field_set.items()]
        rest = [each for each in asked if not self._is_plain_field(each)]
        return Selection(kind, collected, asked, rest)

    def _asked(self, kind: GraphQLObjectType, name: str, details: FieldDetailsList) -> Asked:
        nodes = [each.node for each in details]
        field_name = nodes[0].name.value
        definition = self._schema.get_field(kind, field_name)
        assert definition is not None  # noqa: S101 - a document that is valid asks for what there is
        is_typename = field_name == "__typename"
        return Asked(name, details, nodes, definition, kind, is_typename)

    def _is_plain_field(self, asked: Asked) -> bool:
        is_read = reader_of(asked.definition, asked.nodes[0].name.value) is not None
        return asked.is_typename or (is_read and self.is_plain(asked.return_type, asked.details))
