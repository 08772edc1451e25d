"""The compiled engine answers as the stock one does: data, errors, their places and their order."""

import gc
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import ExecutionResult
from graphql.execution import execute as core_execute
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.execution.operations import Operations
from tests.graph.execution.asking import Question, question
from tests.graph.execution.world_data import root_of
from tests.graph.execution.worlds import World, world

pytestmark = [
    # The stock engine itself leaves coroutines behind when an answer is given up: those of fields not begun.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.usefixtures("swept"),
]
WORLDS = 20
QUESTIONS = 6
TROUBLES = (0.0, 0.0, 0.02, 0.15)
CONTEXTS = (None, None, None, "forbidden")


@pytest.fixture
def swept() -> Iterator[None]:
    """What is left behind is collected here: somewhere in the midst of a tuple Python cannot even warn of it."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.mark.parametrize("seed", range(WORLDS))
async def test_equal_answers(seed: int) -> None:
    await compare(seed)


@pytest.mark.soak
@pytest.mark.parametrize("first", range(1_000, 4_000, 100))
async def test_equal_answers_of_thousands_of_schemas(first: int) -> None:
    for seed in range(first, first + 100):
        await compare(seed)


async def compare(seed: int) -> None:
    r = random.Random(seed)
    made = world(seed)
    operations = Operations(made.core, max_coercion_errors=4)
    for _ in range(QUESTIONS):
        asked = question(made, r.randrange(10**9))
        for _ in range(3):  # the first run is the stock engine's own
            data, trouble, context = r.randrange(10**9), r.choice(TROUBLES), r.choice(CONTEXTS)
            expected = await stock(made, asked, root_of(made, data, trouble), context)
            found = await compiled(operations, asked, root_of(made, data, trouble), context)
            assert shown(found) == shown(expected), (seed, asked.text, asked.variables)
            assert text(found.data) == text(expected.data), (seed, asked.text, asked.variables)


async def stock(made: World, asked: Question, root: Any, context: Any) -> ExecutionResult:
    result = core_execute(
        made.core,
        asked.node,
        root_value=root,
        context_value=context,
        variable_values=asked.variables,
        max_coercion_errors=4,
        executor_class=StrawberryGraphQLCoreExecutionContext,
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        hide_suggestions=True,
    )
    return result if isinstance(result, ExecutionResult) else await result


async def compiled(operations: Operations, asked: Question, root: Any, context: Any) -> ExecutionResult:
    result = operations.execute(asked.node, None, asked.variables, context, root)
    return result if isinstance(result, ExecutionResult) else await result


def shown(result: ExecutionResult) -> Any:
    """Every error with its places, in order."""
    return [(error.message, error.path, error.locations, error.extensions) for error in result.errors or ()]


def text(data: Any) -> str:
    """The answer's bytes: the order of names counts."""
    return json.dumps(data, default=lambda value: type(value).__name__)
