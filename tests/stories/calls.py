"""Calls that hold, use, extend and end, step by step, and go on where they were when the service comes back."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import httpx2

from tests.stories.caller import ADD, ADD_MANY, COMPLETE, EXTEND, RELEASE, START_HELD, Caller
from tests.stories.clients import Clients, take_turns
from tests.stories.wire import Request

SIDE_BY_SIDE = 8
CREDITS_EACH = 3
USAGES_AT_ONCE = 4
USAGES = 1 + USAGES_AT_ONCE
TOKENS = {"serviceType": "GPT", "provider": "gpt-4o-mini", "units": "2500", "unitType": "TOKENS"}
HELD, ADDED = 10, 9

Answer = dict[str, Any]


@dataclass(slots=True)
class Call:
    """One run: it starts with a hold, adds a usage, extends, adds more, and ends; every other releases first."""

    number: int
    answers: list[Answer] = field(default_factory=list)
    in_hand: bool = False
    """Whether a caller is making it: one step follows the answer to the other."""

    @property
    def is_over(self) -> bool:
        """Whether every step was acknowledged."""
        return len(self.answers) == len(self._steps())

    @property
    def acknowledged_usages(self) -> int:
        """How many usages callers know to be recorded."""
        return (len(self.answers) > 1) + USAGES_AT_ONCE * (len(self.answers) > 3)

    def request(self, step: int) -> Request:
        """Write a step's request; the same step always sends the same."""
        mutation, given = self._steps()[step]
        if mutation == ADD_MANY:
            usages = [self._keyed(f"{step}-{n}", given) for n in range(USAGES_AT_ONCE)]
            return mutation, {"usages": usages}
        return mutation, given if mutation == COMPLETE else self._keyed(str(step), given)

    def _steps(self) -> list[Request]:
        start = (START_HELD, {"workflowName": "call", "hold": {"amount": str(HELD)}})
        if not self.answers:
            return [start]
        run = {"workflowId": self.answers[0]["workflow"]["id"]}
        hold = {"holdId": self.answers[0]["hold"]["id"]}
        steps = [
            start,
            (ADD, run | TOKENS),
            (EXTEND, hold | {"amount": str(ADDED)}),
            (ADD_MANY, run | TOKENS),
        ]
        release = [(RELEASE, hold)] if self.number % 2 else []
        return [*steps, *release, (COMPLETE, run)]

    def _keyed(self, step: str, given: dict[str, Any]) -> dict[str, Any]:
        return {**given, "idempotencyKey": f"call-{self.number}-{step}"}


@dataclass(slots=True)
class Load:
    """Callers that make calls until they are stopped or the service goes away."""

    owner: Caller
    calls: list[Call] = field(default_factory=list)
    unavailable: int = 0
    stopping: bool = False
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def make_calls(self, many: Clients, caller: int, callers: int) -> None:
        """Finish this caller's calls that were cut off, then make more; return when the service is gone."""
        waiting = [call for call in self.calls[caller::callers] if not call.is_over]
        while not self.stopping:
            call = waiting.pop() if waiting else self._new()
            try:
                await self._finish(many, call)
            except httpx2.TransportError:
                return

    async def finish_all(self, many: Clients) -> None:
        """Finish every call; the service is there again."""
        self.stopping = False
        await take_turns(SIDE_BY_SIDE, [partial(self._finish, many, call) for call in self.calls])
        assert all(call.is_over for call in self.calls)

    async def replay_all(self, many: Clients) -> None:
        """Send every step once more: each was recorded when it was acknowledged, and is the same for ever."""
        await take_turns(SIDE_BY_SIDE, [partial(self._replay, many, call) for call in self.calls])

    async def _replay(self, many: Clients, call: Call) -> None:
        for step, first in enumerate(call.answers):
            again = await self._ask(many, call, step)
            assert again is not None
            assert _is_replay(again), (call, step)
            assert _said(again) == _said(first), (call, step)

    async def _finish(self, many: Clients, call: Call) -> None:
        if call.in_hand:  # by a caller that began it while this one looked for calls that were cut off
            return
        call.in_hand = True
        try:
            while not call.is_over and not self.stopping:
                answer = await self._ask(many, call, len(call.answers))
                if answer is None:
                    await asyncio.sleep(0.03)
                    continue
                call.answers.append(answer)
                self.heard.set()
        finally:
            call.in_hand = False

    async def _ask(self, many: Clients, call: Call, step: int) -> Answer | None:
        answer = await many.ask(self.owner.url, *call.request(step))
        if answer.codes:
            assert answer.codes == ["UNAVAILABLE"], answer
            assert answer.status in {httpx2.codes.OK, httpx2.codes.SERVICE_UNAVAILABLE}
            self.unavailable += 1
            return None
        (result,) = answer.data.values()
        found: Answer = result
        assert "code" not in found, found
        return found

    def _new(self) -> Call:
        self.calls.append(Call(next(self._numbers)))
        return self.calls[-1]


def _said(answer: Answer) -> Answer:
    """Give what an answer says of its own moment: ids and amounts, not what a run or hold is by now."""
    said = {name: answer[name] for name in ("addedCredits", "releasedCredits") if name in answer}
    said |= {name: answer[name]["id"] for name in ("hold", "serviceUsage") if name in answer}
    return said | {"usages": [each["serviceUsage"]["id"] for each in answer.get("results", ())]}


def _is_replay(answer: Answer) -> bool:
    if "results" in answer:
        return bool(answer["replayedCount"] == USAGES_AT_ONCE)
    return bool(answer.get("replayed", True))  # ending a run twice answers alike
