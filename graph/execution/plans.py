"""Plans: what an operation does, worked out once for one choice of what is skipped and included."""

from dataclasses import dataclass

from graphql import GraphQLError, GraphQLObjectType
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graph.execution.arguments import ReadArguments, arguments_of
from graph.execution.calls import Begin, Call, begin_of, call_of
from graph.execution.leaves import Write
from graph.execution.levels import Level, level_of
from graph.execution.nests import NestOfField, nest_of
from graph.execution.selections import Asked, Selection, Selections, TooManyFields
from graph.execution.writers import object_writer, root_writer, value_writer


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A field that is resolved by itself."""

    asked: Asked
    call: Call
    begin: Begin | None
    """Begins to resolve the only field of an operation; None where only `call` resolves it."""
    arguments: ReadArguments | None
    """Reads the arguments; None where the field has none."""
    write: Write | None
    """Gives the answer for the resolver's value; None where that is not plain all the way down."""
    nest: NestOfField | None
    """Writes the field with all below it; None where that cannot be."""


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """What is asked of a type at one place, ready to run."""

    write: Write
    steps: tuple[Step, ...]
    """What the answer still lacks, in order."""


class Plan:
    """The compiled selections of an operation; those below a resolver are compiled when they are reached."""

    def __init__(self, selections: Selections, converter: GraphQLCoreConverter | None) -> None:
        self._selections = selections
        self._converter = converter
        self._compiled: dict[int, Compiled] = {}
        self._steps: dict[int, Step] = {}
        self._levels: dict[int, Level | None] = {}
        self.root = selections.root()
        self._compile(self.root, root_writer(selections, self.root))
        steps = self._compiled[id(self.root.collected.grouped_field_set)].steps
        is_one = len(self.root.asked) == len(steps) == 1 and steps[0].nest is None
        self.lone = steps[0] if is_one else None
        """The step that is all of the operation, where one is."""

    def collected(self, kind: GraphQLObjectType, details: FieldDetailsList) -> CollectedFields:
        """Give the fields that are asked of a type below a field.

        Raises TooManyFields.
        """
        selection = self._selections.below(kind, details)
        if id(selection.collected.grouped_field_set) not in self._compiled:
            self._compile(selection, object_writer(self._selections, selection))
        return selection.collected

    def compiled(self, grouped: object) -> Compiled | None:
        """Give the compiled form of collected fields; None for those that this plan has not collected."""
        return self._compiled.get(id(grouped))

    def step(self, details: FieldDetailsList) -> Step | None:
        """Give the step that resolves a field; None for a plain one."""
        return self._steps.get(id(details))

    def level(self, asked: Asked) -> Level | None:
        """Give what writes a field's values level by level; None where that cannot be."""
        key = id(asked.details)
        if key not in self._levels:
            try:
                found = level_of(self._selections, self._converter, asked.return_type, asked.details)
            except (TooManyFields, RecursionError, GraphQLError):
                # Perhaps because of what lies deeper and is never reached.
                found = None
            self._levels[key] = found
        return self._levels[key]

    def _compile(self, selection: Selection, write: Write) -> None:
        steps = tuple(self._step(each) for each in selection.rest)
        self._steps |= {id(step.asked.details): step for step in steps}
        self._compiled[id(selection.collected.grouped_field_set)] = Compiled(write, steps)

    def _step(self, asked: Asked) -> Step:
        kind, details, definition = asked.return_type, asked.details, asked.definition
        is_plain = self._selections.is_plain(kind, details)
        call, is_copied = call_of(self._converter, definition)
        return Step(
            asked,
            call,
            begin_of(self._converter, definition),
            arguments_of(definition, asked.nodes[0], is_copied=is_copied) if definition.args else None,
            value_writer(self._selections, kind, details) if is_plain else None,
            self._nest(asked),
        )

    def _nest(self, asked: Asked) -> NestOfField | None:
        try:
            return nest_of(self._selections, self._converter, asked)
        except (TooManyFields, RecursionError, GraphQLError):
            return None  # as above
