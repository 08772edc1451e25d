"""Answers and refusals of the service, told in the oracle's words."""

from collections.abc import Callable
from typing import Any

from metering.errors import Refusal
from pricing.credits import Credits
from tests.metering.machine.names import Names
from tests.metering.machine.oracle import Answer


def told(names: Names, verb: str, answer: Any, expected: Any) -> Any:
    """Tell an answer or a refusal; what was made is called as the oracle expects it to be."""
    if isinstance(answer, Refusal):
        name = type(answer).__name__
        figures = seen(answer, *_FIGURES.get(name, ()))
        if "budget" in figures:
            figures["budget"] = names.labels[figures["budget"].id]
        return name, figures
    if isinstance(answer, Exception):
        raise answer
    assert isinstance(expected, dict), f"{verb} is answered, and not refused as {expected}"
    found = _ANSWERS[verb](names, answer, expected)
    if hasattr(answer, "replayed"):
        found["replayed"] = answer.replayed
    return found


def seen(row: Any, *names: str) -> Answer:
    """Give some fields of a row as plain values."""
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, Credits):
        return value.micros
    return str(value) if isinstance(value, str) else value


def _started(names: Names, answer: Any, expected: Answer) -> Answer:
    hold = getattr(answer, "hold", None)
    return {
        "run": names.named(expected, "run", answer.workflow.id),
        "hold": None if hold is None else names.named(expected, "hold", hold.id),
    }


def _recorded(names: Names, answer: Any, expected: Answer) -> Answer:
    run = names.named(expected, "run", answer.workflow.id)
    names.recorded.setdefault(run, list(expected["usages"]))
    return {"run": run, "usages": expected["usages"]}


def _added(names: Names, answer: Any, expected: Answer) -> Answer:
    usage = answer.usage
    return {
        "usage": names.named(expected, "usage", usage.id),
        "credits": usage.credits.micros,
        "late": usage.late,
    }


def _extended(names: Names, answer: Any, expected: Answer) -> Answer:
    return {
        "hold": names.named(expected, "hold", answer.hold.id),
        "added": answer.added.micros,
        "held_until": answer.held_until,
        "affordable_until": answer.affordable_until,
    }


_ANSWERS: dict[str, Callable[[Names, Any, Answer], Answer]] = {
    "grant": lambda names, answer, expected: {"grant": names.named(expected, "grant", answer.grant.id)},
    "void_grant": lambda names, answer, expected: {
        "grant": names.named(expected, "grant", answer.grant.id),
        "voided": answer.voided.micros,
    },
    "start": _started,
    "record": _recorded,
    "add": _added,
    "end": lambda names, answer, expected: {"run": names.named(expected, "run", answer.workflow.id)},
    "void_usage": lambda names, answer, expected: {
        "usage": names.named(expected, "usage", answer.usage.id),
        "refunded": answer.refunded.micros,
    },
    "hold": lambda names, answer, expected: {"hold": names.named(expected, "hold", answer.hold.id)},
    "extend": _extended,
    "release": lambda names, answer, expected: {
        "hold": names.named(expected, "hold", answer.hold.id),
        "released": answer.released.micros,
    },
    "set_budget": lambda names, answer, expected: {"budget": names.named(expected, "budget", answer.id)},
    "remove_budget": lambda names, answer, expected: {"budget": names.named(expected, "budget", answer.id)},
}
_FIGURES = {
    "CreditsExhausted": ("needed", "available"),
    "OverdraftLimitReached": ("available",),
    "BudgetExceeded": ("budget", "needed", "limit", "used", "held", "left"),
    "TimeOutOfRange": ("field",),
    "WorkflowAlreadyEnded": ("status", "ended_at"),
    "HoldClosed": ("status", "closed_at"),
}
