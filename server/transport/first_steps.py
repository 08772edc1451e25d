"""First steps: work that never waits is done at once, and only what waits becomes a task.

To make a task, to have the loop come to it and to tell that it has ended takes as long as a small answer.
"""

import asyncio
import sys
from collections.abc import Coroutine, Generator
from contextvars import copy_context
from types import coroutine
from typing import Any


def begin(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None] | None:
    """Do work until it waits for something; give the task that does the rest, None where there is none.

    It is called by the loop, outside of any task. Work has context variables of its own, as in a task, and
    work that asks for its task before it first waits is given one, or what stands for it.
    """
    if sys.version_info >= (3, 12):
        task = asyncio.Task(work, loop=loop, context=copy_context(), eager_start=True)
        return task.result() if task.done() else task
    return _begin_by_hand(work, loop)


def _begin_by_hand(
    work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop
) -> asyncio.Task[None] | None:
    # Python 3.11 knows no task that takes its first step when it is made.
    context, stand_in = copy_context(), _StandIn()
    asyncio.tasks._enter_task(loop, stand_in)  # type: ignore[arg-type]  # noqa: SLF001 - made for other kinds of tasks
    try:
        awaited = context.run(work.send, None)
    except StopIteration:
        return None
    finally:
        asyncio.tasks._leave_task(loop, stand_in)  # type: ignore[arg-type]  # noqa: SLF001 - likewise
    rest = _rest(work, awaited)
    # A task throws what ends it before its first step into what has not begun, where nobody would hear of it.
    next(rest)
    stand_in.task = loop.create_task(rest, context=context)
    return stand_in.task


class _StandIn:
    """Stands for a task that is made only if its work waits; a timeout, e.g., keeps whose time is over."""

    __slots__ = ("__weakref__", "task")

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None

    def cancelling(self) -> int:
        return 0 if self.task is None else self.task.cancelling()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a task has
        return getattr(self.task, name)


@coroutine
def _rest(work: Coroutine[Any, Any, None], awaited: Any) -> Generator[Any, Any, None]:  # noqa: ANN401 - a future
    """Go on with work that waits already, handing on what it waits for and what becomes of that."""
    if awaited is not None:
        # Whoever waits for the same future in the meantime has taken this mark away.
        awaited._asyncio_future_blocking = True  # noqa: SLF001 - how futures and tasks understand each other
    try:
        try:
            yield
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is the work's own
            awaited = _ended(work, awaited, error)
        while True:
            try:
                given = yield awaited
            except GeneratorExit:
                work.close()
                raise
            except BaseException as error:  # noqa: BLE001 - it is the work's own
                awaited = work.throw(error)
            else:
                awaited = work.send(given)
    except StopIteration:
        return


def _ended(work: Coroutine[Any, Any, None], awaited: Any, error: BaseException) -> Any:  # noqa: ANN401 - a future
    """End what is waited for, as a task does, and where there is nothing to end the work itself."""
    if awaited is None or not awaited.cancel():
        return work.throw(error)
    awaited._asyncio_future_blocking = True  # noqa: SLF001 - as above
    return awaited
