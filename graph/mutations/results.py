"""What mutations have in common: a field with a result, its name, and the answer to a single item."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import strawberry

from graph.errors import ShowRefusals
from graph.permissions import root_field
from models.api_key import Scope

Answer = TypeVar("Answer")


def mutation_field(scope: Scope, resolver: Callable[..., Any], description: str) -> Any:  # noqa: ANN401 - strawberry's field
    """Make a mutation that needs a scope and shows the refusals that its result holds."""
    return root_field(scope, resolver, description, ShowRefusals())


def result(name: str) -> Any:  # noqa: ANN401 - strawberry's union definition
    """Name a mutation's result."""
    return strawberry.union(name, description="The success, or one of the refusals that can happen.")


def one(answers: Sequence[Answer | Exception]) -> Answer:
    """Give the only answer, or raise the refusal in its place."""
    (answer,) = answers
    if isinstance(answer, Exception):
        raise answer
    return answer
