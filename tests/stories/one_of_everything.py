"""One of every request that takes an idempotency key, as one account's afternoon."""

from typing import Any

from tests.stories.caller import (
    ADD,
    EXTEND,
    GRANT,
    HOLD,
    RECORD,
    REFUSAL,
    RELEASE,
    START,
    START_HELD,
    VOID,
    VOID_GRANT,
    Caller,
)

TOKENS = {"serviceType": "GPT", "provider": "gpt-4o-mini", "units": "1000", "unitType": "TOKENS"}
MINUTE = {"serviceType": "PHONE", "provider": "twilio", "units": "1", "unitType": "MINUTES"}

CHOSEN = {
    "preset": "cost_optimized",
    "services": [{"serviceType": "GPT", "units": "1000", "unitType": "TOKENS"}],
}
START_CHOSEN = f"""
mutation StartChosen($input: StartWorkflowInput!) {{
  startWorkflow(input: $input) {{
    ... on WorkflowStarted {{ replayed workflow {{ id }} hold {{ id }} selection {{ id }} }}
    {REFUSAL}
  }}
}}
"""
HOLD_CHOSEN = f"""
mutation HoldChosen($input: HoldCreditsInput!) {{
  holdCredits(input: $input) {{
    ... on CreditsHeld {{ replayed hold {{ id }} selection {{ id }} }}
    {REFUSAL}
  }}
}}
"""
QUOTE = """
mutation Promise($input: CreateQuoteInput!) {
  createQuote(input: $input) { ... on QuoteCreated { quote { id } } }
}
"""


class OneOfEverything:
    """The requests by name, with what they were answered when they were sent first."""

    def __init__(self, owner: Caller, operator: Caller) -> None:
        self.owner = owner
        self.operator = operator
        self.answers: dict[str, dict[str, Any]] = {}
        self._requests: dict[str, tuple[str, dict[str, Any]]] = {}
        self._give()
        self._run()

    @property
    def hold(self) -> str:
        """The id of the hold that was extended."""
        return self.id_of("hold", "hold")

    @property
    def other_run(self) -> str:
        """The id of a run that holds nothing."""
        return self.id_of("other", "workflow")

    def id_of(self, name: str, kind: str) -> str:
        """Give the id of what a request made."""
        id_: str = self.answers[name][kind]["id"]
        return id_

    def again(self, name: str, **changes: Any) -> dict[str, Any]:
        """Send a request once more, changed or not; a change to None leaves the field out."""
        mutation, given = self._requests[name]
        caller = self.operator if mutation in {GRANT, VOID_GRANT} else self.owner
        sent = {key: value for key, value in (given | changes).items() if value is not None}
        answer: dict[str, Any] = caller.mutate(mutation, **sent)
        return answer

    def all_again(self) -> dict[str, dict[str, Any]]:
        """Send every request once more: each is a replay, and says what it said first."""
        replays = {name: self.again(name) for name in self.answers}
        for name, replay in replays.items():
            assert replay["replayed"] is True, (name, replay)
            assert _unmoving(replay) == _unmoving(self.answers[name]), name
        return replays

    def _give(self) -> None:
        account = {"accountId": self.owner.account_id}
        self._send("grant", GRANT, **account, amount="200", priority=5, reason="welcome")
        self._send("spare grant", GRANT, **account, amount="9")
        grant_id = self.id_of("spare grant", "grant")
        self._send("void grant", VOID_GRANT, **account, grantId=grant_id, reason="a mistake")

    def _run(self) -> None:
        held = {"services": [TOKENS], "expiresInSeconds": 900}
        self._send("start", START_HELD, workflowName="call", userId="ann", hold=held)
        self._send("other", START, workflowName="other")
        run = self.id_of("start", "workflow")
        self._send("hold", HOLD, workflowId=run, services=[MINUTE, TOKENS], expiresInSeconds=600)
        self._send("spare hold", HOLD, workflowId=run, amount="5")
        self._send("extend", EXTEND, holdId=self.hold, services=[MINUTE], expiresInSeconds=700)
        self._send("add", ADD, workflowId=run, **TOKENS)
        self._send("add more", ADD, workflowId=run, **MINUTE)
        usage_id = self.id_of("add", "serviceUsage")
        self._send("void", VOID, serviceUsageId=usage_id, reason="a mistake")
        self._send("release", RELEASE, holdId=self.id_of("spare hold", "hold"))
        self._choose()
        self._send("record", RECORD, workflowName="past", status="COMPLETED", servicesUsed=[TOKENS])

    def _choose(self) -> None:
        self._send("chosen", START_CHOSEN, workflowName="chosen", selection=CHOSEN, hold={})
        run = self.id_of("chosen", "workflow")
        self._send("chosen hold", HOLD_CHOSEN, workflowId=run, selection=CHOSEN)
        quote = self.owner.mutate(QUOTE, plan=CHOSEN)["quote"]["id"]
        self._send("quoted hold", HOLD_CHOSEN, workflowId=run, quoteId=quote)

    def _send(self, name: str, mutation: str, **given: Any) -> None:
        self._requests[name] = mutation, {**given, "idempotencyKey": f"the {name}"}
        self.answers[name] = self.again(name)
        assert self.answers[name].get("replayed") is False, (name, self.answers[name])


def _unmoving(answer: dict[str, Any]) -> dict[str, Any]:
    """Give what an answer says of its own moment; of runs, holds and grants it shows what they are now."""
    return {
        name: value.get("id") if isinstance(value, dict) else value
        for name, value in answer.items()
        if name != "replayed"
    }
