"""The state machine: any verb after any other, on one account, in the service and in the oracle at once."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from hypothesis.strategies import just, lists, none, sampled_from, tuples

from models.database import Database
from tests.clock import SettableClock
from tests.metering.machine.books import Books, Refused
from tests.metering.machine.choices import (
    ADAPTERS,
    AGENTS,
    AGO,
    BEGINNINGS,
    ENDS,
    KEYS,
    NAMES,
    PICKS,
    PLANS,
    PRIORITIES,
    RESTRICTIONS,
    SERVICES,
    SPANS,
    USAGES,
    USERS,
    WHOSE,
    ZONES,
)
from tests.metering.machine.oracle import HOUR, Oracle, Plan
from tests.metering.machine.prices import CREDIT
from tests.metering.machine.real import Question, Real, new_account

Made = Any  # a label, several, or none


@dataclass
class Store:
    """A started store that lives as long as a test; each example has an account of its own in it."""

    runner: asyncio.Runner
    database: Database
    clock: SettableClock
    step_count: int = 0


class Machine(RuleBasedStateMachine):
    """Every rule asks both the service and the oracle; every answer and every figure must agree."""

    runs: Bundle[str] = Bundle("runs")
    holds: Bundle[str] = Bundle("holds")
    grants: Bundle[str] = Bundle("grants")
    usages: Bundle[str] = Bundle("usages")
    budgets: Bundle[str] = Bundle("budgets")

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.key_count = 0
        self.up_to_date = True

    @initialize(
        target=runs,
        begins=BEGINNINGS,
        limit=sampled_from([0, 0, 30 * CREDIT, 100 * CREDIT, None]),
        granted=lists(
            tuples(sampled_from([60 * CREDIT, 300 * CREDIT]), PRIORITIES, RESTRICTIONS), max_size=3
        ),
        names=lists(NAMES, max_size=2),
    )
    def account(
        self,
        begins: datetime,
        limit: int | None,
        granted: list[tuple[int, int, tuple[str, str] | None]],
        names: list[str],
    ) -> Made:
        """An account that mostly has credits, a run and a run within it, so that a story can begin at once."""
        self.store.clock.now = begins
        self.oracle = Oracle(Books(begins, limit))
        self.real: Real = self.store.runner.run(new_account(self.store.database, limit))
        for amount, priority, restriction in granted:
            self.made("grant", None, self.grant_of(amount, priority, None, None, restriction))
        made: list[str] = []
        for name in names:
            parent = made[0] if made else None
            run = self.run_of(name, "emergencyservices", None, "ann", "key 1", parent, None)
            made += self.made("start", "run", run).values
        return multiple(*made)

    @rule(
        target=grants,
        amount=sampled_from([CREDIT // 4, 60 * CREDIT, 100 * CREDIT, 500 * CREDIT]),
        priority=PRIORITIES,
        effective_in=sampled_from([None, None, None, HOUR, timedelta(days=1), -HOUR]),
        expires_in=none() | SPANS,
        restriction=RESTRICTIONS,
    )
    def grant(
        self,
        amount: int,
        priority: int,
        effective_in: timedelta | None,
        expires_in: timedelta | None,
        restriction: tuple[str, str] | None,
    ) -> Made:
        terms = self.grant_of(amount, priority, effective_in, expires_in, restriction)
        return self.made("grant", "grant", terms)

    @rule(grant=grants)
    def void_grant(self, grant: str) -> None:
        self.made("void_grant", None, {"grant": grant})

    @rule(
        target=runs,
        name=NAMES,
        adapter=ADAPTERS,
        agent=AGENTS,
        user=USERS,
        api_key=KEYS,
        ago=AGO,
    )
    def start(
        self,
        name: str,
        adapter: str | None,
        agent: str | None,
        user: str | None,
        api_key: str,
        ago: timedelta | None,
    ) -> Made:
        return self.made("start", "run", self.run_of(name, adapter, agent, user, api_key, None, ago))

    @rule(target=runs, parent=runs, name=NAMES, adapter=ADAPTERS, user=USERS, api_key=KEYS)
    def start_child(
        self, parent: str, name: str, adapter: str | None, user: str | None, api_key: str
    ) -> Made:
        return self.made("start", "run", self.run_of(name, adapter, None, user, api_key, parent, None))

    @rule(target=runs, name=NAMES, adapter=ADAPTERS, user=USERS, plan=PLANS, expires_in=SPANS)
    def start_with_hold(
        self, name: str, adapter: str | None, user: str | None, plan: Plan, expires_in: timedelta
    ) -> Made:
        run = self.run_of(name, adapter, None, user, "key 1", None, None)
        return self.made("start", "run", run | {"plan": plan, "expires_in": expires_in})

    @rule(target=runs, parent=none() | runs, name=NAMES, selected=SERVICES, expires_in=SPANS)
    def start_with_what_is_selected(
        self, parent: str | None, name: str, selected: Plan, expires_in: timedelta
    ) -> Made:
        run = self.run_of(name, None, None, None, "key 1", parent, None)
        return self.made("start", "run", run | {"selected": selected, "expires_in": expires_in})

    @rule(target=runs, parent=runs, name=NAMES, user=USERS, plan=PLANS, expires_in=SPANS)
    def start_child_with_hold(
        self, parent: str, name: str, user: str | None, plan: Plan, expires_in: timedelta
    ) -> Made:
        run = self.run_of(name, None, None, user, "key 1", parent, None)
        return self.made("start", "run", run | {"plan": plan, "expires_in": expires_in})

    @rule(target=usages, run=runs, text=USAGES, ago=AGO)
    def add(self, run: str, text: str, ago: timedelta | None) -> Made:
        return self.made("add", "usage", self.usage_of(run, text, "RECORD", ago))

    @rule(target=usages, run=runs, text=USAGES)
    def add_if_covered(self, run: str, text: str) -> Made:
        return self.made("add", "usage", self.usage_of(run, text, "REFUSE"))

    @rule(
        target=usages,
        each=lists(tuples(runs, USAGES, sampled_from(["RECORD", "REFUSE"])), min_size=2, max_size=4),
    )
    def add_several(self, each: list[tuple[str, str, str]]) -> Made:
        return self.made("add", "usage", *(self.usage_of(*one) for one in each))

    @rule(
        target=runs,
        name=NAMES,
        adapter=ADAPTERS,
        user=USERS,
        api_key=KEYS,
        started=AGO,
        ended=sampled_from([None, None, None, HOUR, timedelta(minutes=-4)]),
        status=ENDS | just("RUNNING"),
        texts=lists(USAGES, max_size=3),
    )
    def record(
        self,
        name: str,
        adapter: str | None,
        user: str | None,
        api_key: str,
        started: timedelta | None,
        ended: timedelta | None,
        status: str,
        texts: list[str],
    ) -> Made:
        return self.made(
            "record",
            "run",
            {
                "name": name,
                "adapter": adapter,
                "user": user,
                "api_key": api_key,
                "started_at": self.before(started),
                "ended_at": self.before(ended) if status != "RUNNING" else None,
                "status": status,
                "usages": tuple(texts),
            },
        )

    @rule(run=runs, status=ENDS, ago=sampled_from([None, None, None, None, HOUR]))
    def end(self, run: str, status: str, ago: timedelta | None) -> None:
        self.ask("end", [(None, {"run": run, "status": status, "ended_at": self.before(ago)})])

    @rule(usage=usages)
    def void_usage(self, usage: str) -> None:
        self.made("void_usage", None, {"usage": usage})

    @rule(target=holds, run=runs, plan=PLANS, expires_in=SPANS)
    def hold(self, run: str, plan: Plan, expires_in: timedelta) -> Made:
        return self.made("hold", "hold", {"run": run, "plan": plan, "expires_in": expires_in})

    @rule(target=holds, run=runs, selected=SERVICES, expires_in=SPANS)
    def hold_what_is_selected(self, run: str, selected: Plan, expires_in: timedelta) -> Made:
        return self.made("hold", "hold", {"run": run, "selected": selected, "expires_in": expires_in})

    @rule(target=holds, each=lists(tuples(runs, PLANS), min_size=2, max_size=3))
    def hold_several(self, each: list[tuple[str, Plan]]) -> Made:
        plans = ({"run": run, "plan": plan, "expires_in": HOUR} for run, plan in each)
        return self.made("hold", "hold", *plans)

    @rule(hold=holds, plan=none() | PLANS, expires_in=none() | SPANS)
    def extend(self, hold: str, plan: Plan | None, expires_in: timedelta | None) -> None:
        self.made("extend", None, {"hold": hold, "plan": plan, "expires_in": expires_in})

    @rule(hold=holds)
    def release(self, hold: str) -> None:
        self.made("release", None, {"hold": hold})

    @rule(
        target=budgets,
        whose=WHOSE,
        window=sampled_from(["REQUEST", "HOUR", "DAY", "MONTH", "LIFETIME"]),
        zone=ZONES,
        limit=sampled_from([0, 20 * CREDIT, 50 * CREDIT, 120 * CREDIT, 300 * CREDIT]),
        action=sampled_from(["BLOCK", "BLOCK", "ALERT"]),
    )
    def set_budget(
        self, whose: tuple[str, str | None], window: str, zone: str, limit: int, action: str
    ) -> Made:
        scope, subject = whose
        inputs = {"scope": scope, "subject": subject, "window": window, "zone": zone, "limit": limit}
        [answer] = self.ask("set_budget", [(None, inputs | {"action": action})])
        return answer["budget"]

    @rule(budget=budgets)
    def remove_budget(self, budget: str) -> None:
        self.ask("remove_budget", [(None, {"budget": budget})])

    @precondition(lambda self: self.asked)
    @rule(pick=PICKS)
    def ask_again(self, pick: int) -> None:
        """The same key and input, perhaps weeks later: the first answer."""
        verb, key, inputs = self.asked[pick % len(self.asked)]
        self.ask(verb, [(key, inputs)])

    @precondition(lambda self: self.asked)
    @rule(pick=PICKS, other=PICKS)
    def ask_otherwise(self, pick: int, other: int) -> None:
        """A key that was used, with another input or for another verb."""
        _, key, _ = self.asked[pick % len(self.asked)]
        verb, _, inputs = self.asked[other % len(self.asked)]
        self.ask(verb, [(key, inputs)])

    @precondition(lambda self: self.open_holds())
    @rule(target=holds, pick=PICKS)
    def look_at(self, pick: int) -> str:
        """An open hold, so that these are not lost among closed ones, nor those that runs started with."""
        known = self.open_holds()
        return known[pick % len(known)]

    @rule(by=SPANS)
    def wait(self, by: timedelta) -> None:
        self.store.clock.now += by
        self.oracle.books.pass_time(self.store.clock.now)
        self.up_to_date = False

    @precondition(lambda self: not self.up_to_date)
    @rule()
    def expire(self) -> None:
        """The job of the process: whenever it comes, it changes nothing that the oracle does not know."""
        self.store.runner.run(self.real.expire())
        self.up_to_date = True

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "real"):
            return
        self.store.step_count += 1
        seen = self.store.runner.run(self.real.books())
        assert seen["differences"] == (), seen["differences"]
        if self.up_to_date:
            found = list(differences(self.oracle.seen(), seen))
            assert found == [], found

    def open_holds(self) -> list[str]:
        return [label for label, hold in self.oracle.books.holds.items() if hold.status == "OPEN"]

    def made(self, verb: str, kind: str | None, *inputs: dict[str, Any]) -> MultipleResults[str]:
        """Ask under fresh keys, and give what was made."""
        questions: list[Question] = []
        for each in inputs:
            self.key_count += 1
            questions.append((f"key-{self.key_count}", each))
            self.asked.append((verb, f"key-{self.key_count}", each))
        answers = self.ask(verb, questions)
        return multiple(*(answer[kind] for answer in answers if kind and isinstance(answer, dict)))

    def ask(self, verb: str, questions: list[Question]) -> list[Any]:
        """Ask both: they must answer alike."""
        expected = [self.expected(verb, key, inputs) for key, inputs in questions]
        answers = self.store.runner.run(self.real.ask_all(verb, questions, expected))
        assert answers == expected, f"the oracle answers {expected}, the service {answers}"
        # A verb for one caller that refuses leaves nothing, not even what it would have expired.
        # Budgets touch no credits.
        one_by_one = verb in {"grant", "void_grant", "void_usage"}
        self.up_to_date |= "budget" not in verb and (not one_by_one or isinstance(answers[0], dict))
        return answers

    def expected(self, verb: str, key: str | None, inputs: dict[str, Any]) -> Any:
        try:
            return self.oracle.ask(verb, key, **inputs)
        except Refused as refused:
            return refused.name, refused.figures

    def grant_of(
        self,
        amount: int,
        priority: int = 100,
        effective_in: timedelta | None = None,
        expires_in: timedelta | None = None,
        restriction: tuple[str, str] | None = None,
    ) -> dict[str, Any]:
        return {
            "amount": amount,
            "priority": priority,
            "effective_at": self.later(effective_in),
            "expires_at": self.later(expires_in),
            "restriction": restriction,
        }

    def run_of(
        self,
        name: str,
        adapter: str | None,
        agent: str | None,
        user: str | None,
        api_key: str,
        parent: str | None,
        ago: timedelta | None,
    ) -> dict[str, Any]:
        return {
            "name": name,
            "adapter": adapter,
            "agent": agent,
            "user": user,
            "api_key": api_key,
            "parent": parent,
            "started_at": self.before(ago),
        }

    def usage_of(
        self, run: str, text: str, if_uncovered: str, ago: timedelta | None = None
    ) -> dict[str, Any]:
        return {"run": run, "text": text, "used_at": self.before(ago), "if_uncovered": if_uncovered}

    def before(self, ago: timedelta | None) -> datetime | None:
        return None if ago is None else self.store.clock.now - ago

    def later(self, by: timedelta | None) -> datetime | None:
        return None if by is None else self.store.clock.now + by


def differences(expected: Any, seen: Any, path: str = "") -> Iterator[str]:
    """Name each figure that is not as expected: two whole books side by side are too much to read."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        for name in expected | seen:
            yield from differences(expected.get(name), seen.get(name), f"{path} {name}")
    elif expected != seen:
        yield f"{path}: the oracle says {expected!r}, the service {seen!r}"
