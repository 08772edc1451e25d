"""What mutations have in common: the name of a result, and the answer to a single item."""

from collections.abc import Sequence
from typing import Any, TypeVar

import strawberry

from graph.context import Context
from graph.inputs import bad_input
from metering.plan_prices import InvalidPlan
from models.writer import SetCommand

Answer = TypeVar("Answer")
Item = TypeVar("Item")


def result(name: str) -> Any:  # noqa: ANN401 - strawberry's union definition
    """Name a mutation's result."""
    return strawberry.union(name, description="The success, or one of the refusals that can happen.")


async def one_selected(context: Context, command: SetCommand[Item, Answer]) -> Answer:
    """Commit a single item that may bring a `selection`; what is wrong in that is BAD_USER_INPUT there."""
    try:
        answers = await context.write(command)
        return one(answers)
    except InvalidPlan as error:
        raise bad_input(f"selection.{error.field}", str(error)) from error


def one(answers: Sequence[Answer | Exception]) -> Answer:
    """Give the only answer, or raise the refusal in its place."""
    (answer,) = answers
    if isinstance(answer, Exception):
        raise answer
    return answer
