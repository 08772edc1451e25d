"""What mutations have in common: the name of a result, and the answer to a single item."""

from collections.abc import Sequence
from typing import Any, TypeVar

import strawberry

Answer = TypeVar("Answer")


def result(name: str) -> Any:  # noqa: ANN401 - strawberry's union definition
    """Name a mutation's result."""
    return strawberry.union(name, description="The success, or one of the refusals that can happen.")


def one(answers: Sequence[Answer | Exception]) -> Answer:
    """Give the only answer, or raise the refusal in its place."""
    (answer,) = answers
    if isinstance(answer, Exception):
        raise answer
    return answer
