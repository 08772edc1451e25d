"""Bad input: each gets its own code, and nothing at all is written."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.stories.caller import (
    ADD,
    ADD_MANY,
    CANCEL,
    COMPLETE,
    CREATE_AGENT,
    GRANT,
    ISSUE_KEY,
    RECORD,
    REVOKE_KEY,
    START,
    VOID,
    Caller,
    fresh_key,
)
from tests.stories.conftest import NewAccount
from tests.stories.process import ServerProcess
from tests.stories.stores import written

NOWHERE = "workflow_" + "0" * 32
LATIN_SMALL_E_WITH_ACUTE_DECOMPOSED = "e\u0301"


@dataclass(frozen=True, slots=True)
class Scene:
    """An account with a run in progress and a usage, beside another account that has the same."""

    mine: Caller
    workflow_id: str
    usage_id: str
    theirs: "Scene | None" = None
    agent_id: str = ""
    key_id: str = ""

    @property
    def others(self) -> "Scene":
        """The other account."""
        assert self.theirs is not None
        return self.theirs

    def usage(self, **changed: Any) -> dict[str, Any]:
        """Write down a usage that would be recorded, but for what is changed."""
        good = {
            "workflowId": self.workflow_id,
            "serviceType": "GPT",
            "provider": "gpt-4o",
            "units": "1500",
            "unitType": "TOKENS",
            "idempotencyKey": "bad-input",
        }
        return good | changed

    def run(self, **changed: Any) -> dict[str, Any]:
        """Write down a run that would be started, but for what is changed."""
        return {"workflowName": "phone_ai_call", "idempotencyKey": "bad-input"} | changed

    def past_run(self, *usages: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """Write down a run that would be recorded, but for what is changed."""
        good = {"serviceType": "PHONE", "provider": "twilio", "units": "5", "unitType": "MINUTES"}
        return self.run(servicesUsed=[good | usage for usage in usages or ({},)]) | changed


@pytest.fixture(scope="session")
def scenes() -> dict[str, Scene]:
    """The scene on each server: since nothing is written, one serves all cases."""
    return {}


@pytest.fixture
def scene(shared: ServerProcess, new_account: NewAccount, scenes: dict[str, Scene]) -> Iterator[Scene]:
    """Give the scene; afterwards, nothing may have been written."""
    if shared.url not in scenes:
        scenes[shared.url] = _set(new_account(), theirs=_set(new_account("Other")))
    before = written(shared.database_url)
    yield scenes[shared.url]
    assert written(shared.database_url) == before


def _set(caller: Caller, theirs: Scene | None = None) -> Scene:
    agent = caller.mutate(CREATE_AGENT, businessAdapter="emergencyservices")["agent"]["id"]
    workflow = caller.mutate(START, workflowName="run", idempotencyKey="run", agentId=agent)["workflow"]["id"]
    key = caller.mutate(ISSUE_KEY, name="second")["apiKey"]["id"]
    scene = Scene(caller, workflow, "", theirs, agent, key)
    usage = caller.mutate(ADD, **scene.usage(idempotencyKey="usage"))["serviceUsage"]["id"]
    return Scene(caller, workflow, usage, theirs, agent, key)


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


Given = Callable[[Scene], dict[str, Any]]

REFUSED: dict[str, tuple[str, Given, str]] = {
    "minutes of a language model": (ADD, lambda s: s.usage(unitType="MINUTES"), "UNKNOWN_UNIT"),
    "tokens of a phone call": (
        ADD,
        lambda s: s.usage(serviceType="PHONE", provider="twilio"),
        "UNKNOWN_UNIT",
    ),
    "a provider that is not priced": (ADD, lambda s: s.usage(provider="gpt-5"), "UNKNOWN_PROVIDER"),
    "a provider in other letters": (ADD, lambda s: s.usage(provider="GPT-4O"), "UNKNOWN_PROVIDER"),
    "a provider of another service": (ADD, lambda s: s.usage(provider="twilio"), "UNKNOWN_PROVIDER"),
    "a service that is not priced": (ADD, lambda s: s.usage(serviceType="SMS"), "UNKNOWN_SERVICE"),
    "a run that is nowhere": (ADD, lambda s: s.usage(workflowId=NOWHERE), "WORKFLOW_NOT_FOUND"),
    "another account's run": (
        ADD,
        lambda s: s.usage(workflowId=s.others.workflow_id),
        "WORKFLOW_NOT_FOUND",
    ),
    "ending another account's run": (
        COMPLETE,
        lambda s: {"workflowId": s.others.workflow_id},
        "WORKFLOW_NOT_FOUND",
    ),
    "cancelling a run that is nowhere": (CANCEL, lambda _: {"workflowId": NOWHERE}, "WORKFLOW_NOT_FOUND"),
    "ending before the start": (
        COMPLETE,
        lambda s: {"workflowId": s.workflow_id, "endedAt": ago(hours=1)},
        "TIME_OUT_OF_RANGE",
    ),
    "ending ahead of time": (
        COMPLETE,
        lambda s: {"workflowId": s.workflow_id, "endedAt": ago(minutes=-6)},
        "TIME_OUT_OF_RANGE",
    ),
    "another account's agent": (START, lambda s: s.run(agentId=s.others.agent_id), "AGENT_NOT_FOUND"),
    "another account's key": (START, lambda s: s.run(apiKeyId=s.others.key_id), "API_KEY_NOT_FOUND"),
    "another account's parent run": (
        START,
        lambda s: s.run(parentWorkflowId=s.others.workflow_id),
        "WORKFLOW_NOT_FOUND",
    ),
    "another account's usage": (
        VOID,
        lambda s: {"serviceUsageId": s.others.usage_id, "reason": "no", "idempotencyKey": "void"},
        "SERVICE_USAGE_NOT_FOUND",
    ),
    "revoking another account's key": (
        REVOKE_KEY,
        lambda s: {"apiKeyId": s.others.key_id},
        "API_KEY_NOT_FOUND",
    ),
    "a usage of 36 days ago": (ADD, lambda s: s.usage(usedAt=ago(days=36)), "TIME_OUT_OF_RANGE"),
    "a usage in six minutes": (ADD, lambda s: s.usage(usedAt=ago(minutes=-6)), "TIME_OUT_OF_RANGE"),
    "a start 36 days ago": (START, lambda s: s.run(startedAt=ago(days=36)), "TIME_OUT_OF_RANGE"),
    "a start in six minutes": (START, lambda s: s.run(startedAt=ago(minutes=-6)), "TIME_OUT_OF_RANGE"),
    "more credits than any account can hold": (
        ADD,
        lambda s: s.usage(provider="gpt-4o", serviceType="VISION", unitType="IMAGES", units="9" * 12),
        "AMOUNT_TOO_LARGE",
    ),
    "one bad line of a recorded run": (
        RECORD,
        lambda s: s.past_run({}, {"provider": "nobody"}, {}),
        "UNKNOWN_PROVIDER",
    ),
    "a recorded run's line too long ago": (
        RECORD,
        lambda s: s.past_run({}, {"usedAt": ago(days=36)}),
        "TIME_OUT_OF_RANGE",
    ),
    "a recorded run that ends before it starts": (
        RECORD,
        lambda s: s.past_run(startedAt=ago(hours=1), endedAt=ago(hours=2)),
        "TIME_OUT_OF_RANGE",
    ),
    "a recorded run of another account's agent": (
        RECORD,
        lambda s: s.past_run(agentId=s.others.agent_id),
        "AGENT_NOT_FOUND",
    ),
    "an agent of no known adapter": (
        CREATE_AGENT,
        lambda _: {"businessAdapter": "fortune_telling"},
        "INVALID_AGENT",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal(scene: Scene, what: str) -> None:
    mutation, given, code = REFUSED[what]
    assert scene.mine.mutate(mutation, **given(scene))["code"] == code


BAD: dict[str, tuple[str, Given]] = {
    "no units": (ADD, lambda s: s.usage(units="0")),
    "units too small to count": (ADD, lambda s: s.usage(units="0.0000001")),
    "negative units": (ADD, lambda s: s.usage(units="-5")),
    "negative units as a number": (ADD, lambda s: s.usage(units=-5)),
    "units that are not a number": (ADD, lambda s: s.usage(units="NaN")),
    "endless units": (ADD, lambda s: s.usage(units="Infinity")),
    "units with an exponent": (ADD, lambda s: s.usage(units="1e999999999")),
    "13 digits of units": (ADD, lambda s: s.usage(units="1" + "0" * 12)),
    "a thousand digits of units": (ADD, lambda s: s.usage(units="1" * 1_000)),
    "units in Arabic digits": (ADD, lambda s: s.usage(units="\u0665")),
    "units that are true": (ADD, lambda s: s.usage(units=True)),
    "a list of units": (ADD, lambda s: s.usage(units=["5"])),
    "no such service type": (ADD, lambda s: s.usage(serviceType="TELEPATHY")),
    "no such unit type": (ADD, lambda s: s.usage(unitType="FURLONGS")),
    "a field that does not exist": (ADD, lambda s: s.usage(price="1")),
    "no idempotency key": (ADD, lambda s: s.usage(idempotencyKey=None)),
    "an empty idempotency key": (ADD, lambda s: s.usage(idempotencyKey="")),
    "an idempotency key of 256 characters": (ADD, lambda s: s.usage(idempotencyKey="k" * 256)),
    "an idempotency key that is not ASCII": (ADD, lambda s: s.usage(idempotencyKey="cl\u00e9")),
    "an idempotency key with a line end": (ADD, lambda s: s.usage(idempotencyKey="key\n")),
    "an id that is none": (ADD, lambda s: s.usage(workflowId="17")),
    "an id of another kind": (ADD, lambda s: s.usage(workflowId=s.agent_id)),
    "an id in capitals": (ADD, lambda s: s.usage(workflowId=s.workflow_id.upper())),
    "a naive time": (ADD, lambda s: s.usage(usedAt="2026-01-31T12:00:00")),
    "a date without a time": (ADD, lambda s: s.usage(usedAt="2026-01-31")),
    "a time in seconds": (ADD, lambda s: s.usage(usedAt=1_769_860_800)),
    "a time that no calendar has": (ADD, lambda s: s.usage(usedAt="2026-02-30T12:00:00Z")),
    "a time before year 1": (ADD, lambda s: s.usage(usedAt="0001-01-01T00:00:00+23:59")),
    "a NUL in a provider": (ADD, lambda s: s.usage(provider="gpt\x004o")),
    "a control character in a provider": (ADD, lambda s: s.usage(provider="gpt\x1b[31m")),
    "half a character in a provider": (ADD, lambda s: s.usage(provider="gpt\ud800")),
    "a provider of 101 characters": (ADD, lambda s: s.usage(provider="p" * 101)),
    "no provider": (ADD, lambda s: s.usage(provider="")),
    "a NUL in a run's name": (START, lambda s: s.run(workflowName="call\x00")),
    "a run's name of 101 characters": (START, lambda s: s.run(workflowName="n" * 101)),
    "a run's name of a million characters": (START, lambda s: s.run(workflowName="n" * 500_000)),
    "a NUL in a user": (START, lambda s: s.run(userId="user\x00")),
    "a user of 256 characters": (START, lambda s: s.run(userId="u" * 256)),
    "a NUL in an adapter": (START, lambda s: s.run(businessAdapter="a\x00")),
    "metadata that is no object": (START, lambda s: s.run(metadata="text")),
    "metadata 11 levels deep": (START, lambda s: s.run(metadata=nested(11))),
    "metadata of 20 kB": (START, lambda s: s.run(metadata={"text": "m" * 20_000})),
    "half a character in metadata": (START, lambda s: s.run(metadata={"text": "\ud800"})),
    "no usages at all": (ADD_MANY, lambda _: {"usages": []}),
    "1,001 usages": (
        ADD_MANY,
        lambda s: {"usages": [s.usage(idempotencyKey=f"many-{n}") for n in range(1_001)]},
    ),
    "malformed input amid a good batch": (
        ADD_MANY,
        lambda s: {"usages": [s.usage(idempotencyKey="a"), s.usage(idempotencyKey="b", units="0")]},
    ),
    "a recorded run that goes on": (RECORD, lambda s: s.past_run(status="RUNNING")),
    "1,001 usages of a recorded run": (RECORD, lambda s: s.past_run(*[{}] * 1_001)),
    "no reason to void": (
        VOID,
        lambda s: {"serviceUsageId": s.usage_id, "reason": "", "idempotencyKey": "void"},
    ),
}


def nested(levels: int) -> dict[str, Any]:
    return {"inner": nested(levels - 1)} if levels > 1 else {}


@pytest.mark.parametrize("what", BAD)
def test_malformed_input(scene: Scene, what: str) -> None:
    mutation, given = BAD[what]
    answer = scene.mine.graphql(mutation, {"input": given(scene)})
    assert (answer.status, answer.codes) == (httpx2.codes.OK, ["BAD_USER_INPUT"]), answer
    assert answer.body.get("data") is None


LITERALS = ["0", "-5", "NaN", "1e400", "1e999999999", "1" * 400, "0.0000001", '"1e3"', "null", "[5]", "{}"]


@pytest.mark.parametrize("units", LITERALS, ids=lambda text: text[:12])
def test_malformed_literals(scene: Scene, units: str) -> None:
    query = f"""
    mutation {{
      addServiceUsage(input: {{
        workflowId: "{scene.workflow_id}" serviceType: GPT provider: "gpt-4o" units: {units}
        unitType: TOKENS idempotencyKey: "literal"
      }}) {{ __typename }}
    }}
    """
    answer = scene.mine.graphql(query)
    assert (answer.status, answer.codes) == (httpx2.codes.OK, ["BAD_USER_INPUT"]), answer


BODIES: dict[str, tuple[bytes, int]] = {
    "broken JSON": (b'{"query": "{ viewer', 400),
    "no JSON": (b"query { viewer { scopes } }", 400),
    "NaN in JSON": (b'{"query": "{ viewer { scopes } }", "variables": {"a": NaN}}', 400),
    "a list": (b"[]", 400),
    "no query": (b"{}", 400),
    "a query that is a number": (b'{"query": 5}', 400),
    "variables that are a list": (b'{"query": "{ viewer { scopes } }", "variables": []}', 400),
    "not UTF-8": (b'{"query": "\xff\xfe"}', 400),
    "endless nesting": (b'{"query": ' + b"[" * 100_000, 400),
    "two megabytes": (json.dumps({"query": "#" * 2_000_000}).encode(), 413),
    "an operation that is not there": (
        b'{"query": "query A { viewer { scopes } }", "operationName": "B"}',
        200,
    ),
    "half a document": (b'{"query": "{ viewer { "}', 200),
    "a field that does not exist": (b'{"query": "{ viewer { password } }"}', 200),
}


@pytest.mark.parametrize("what", BODIES)
def test_malformed_bodies(scene: Scene, what: str) -> None:
    content, status = BODIES[what]
    headers = {"authorization": f"Bearer {scene.mine.key}", "content-type": "application/json"}
    response = scene.mine.http.post(f"{scene.mine.url}/graphql", content=content, headers=headers)
    codes = [error["extensions"]["code"] for error in response.json()["errors"]]
    assert (response.status_code, codes) == (status, ["BAD_USER_INPUT"])


def test_a_document_of_too_many_characters(scene: Scene) -> None:
    answer = scene.mine.graphql("{ viewer { scopes } }".ljust(15_001, "#"))
    assert (answer.status, answer.codes) == (httpx2.codes.OK, ["QUERY_TOO_COMPLEX"])


KEYS: dict[str, Callable[[str], dict[str, str]]] = {
    "no key": lambda _: {},
    "an empty key": lambda _: {"authorization": "Bearer"},
    "no key of ours": lambda _: {"authorization": "Bearer sk-123"},
    "a key that was never issued": lambda _: {"authorization": "Bearer nexus_" + "A" * 38},
    "the last character changed": lambda key: {"x-api-key": key[:-1] + ("a" if key[-1] != "a" else "b")},
    "in capitals": lambda key: {"x-api-key": key.upper()},
    "cut short": lambda key: {"authorization": f"Bearer {key[:-1]}"},
    "as a password": lambda key: {"authorization": f"Basic {key}"},
    "with text after it": lambda key: {"x-api-key": f"{key} x"},
}


@pytest.mark.parametrize("what", KEYS)
def test_wrong_keys(scene: Scene, what: str) -> None:
    body = {"query": START, "variables": {"input": scene.run()}}
    response = scene.mine.http.post(
        f"{scene.mine.url}/graphql", json=body, headers=KEYS[what](scene.mine.key)
    )
    codes = [error["extensions"]["code"] for error in response.json()["errors"]]
    assert (response.status_code, codes) == (401, ["UNAUTHENTICATED"])
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_revoked_key_is_refused_at_once(shared: ServerProcess, service: Caller) -> None:
    issued = service.mutate(ISSUE_KEY, name="short-lived")
    short_lived = service.with_key(issued["secret"])
    assert short_lived.query("{ viewer { scopes } }") == {"scopes": ["READ", "TRACK", "MANAGE"]}
    service.mutate(REVOKE_KEY, apiKeyId=issued["apiKey"]["id"])
    before = written(shared.database_url)
    answer = short_lived.graphql(START, {"input": {"workflowName": "late", "idempotencyKey": "late"}})
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert written(shared.database_url) == before


FORBIDDEN: dict[str, tuple[str, str, Given]] = {
    "a reader tracks": ("READ", START, lambda s: s.run()),
    "a reader adds": ("READ", ADD, lambda s: s.usage()),
    "a tracker voids": (
        "TRACK",
        VOID,
        lambda s: {"serviceUsageId": s.usage_id, "reason": "x", "idempotencyKey": "x"},
    ),
    "a tracker issues keys": ("TRACK", ISSUE_KEY, lambda _: {"name": "x"}),
    "a tracker tracks for another key": ("TRACK", START, lambda s: s.run(apiKeyId=s.key_id)),
    "a manager tracks": ("MANAGE", RECORD, lambda s: s.past_run()),
    "a manager grants": (
        "MANAGE",
        GRANT,
        lambda s: {"accountId": s.mine.account_id, "amount": "1", "idempotencyKey": "x"},
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_missing_scopes(shared: ServerProcess, service: Caller, what: str) -> None:
    scene = _set(service)
    scope, mutation, given = FORBIDDEN[what]
    limited = service.with_key(service.mutate(ISSUE_KEY, name="limited", scopes=[scope])["secret"])
    before = written(shared.database_url)
    answer = limited.graphql(mutation, {"input": given(scene)})
    assert (answer.status, answer.codes) == (200, ["FORBIDDEN"]), answer
    assert written(shared.database_url) == before


CHANGED: dict[str, tuple[str, Given, dict[str, Any]]] = {
    "workflow": (ADD, Scene.usage, {"workflowId": "OTHER"}),
    "service": (ADD, Scene.usage, {"serviceType": "VISION", "unitType": "IMAGES"}),
    "provider": (ADD, Scene.usage, {"provider": "gpt-4"}),
    "units": (ADD, Scene.usage, {"units": "1500.000001"}),
    "unit": (ADD, Scene.usage, {"unitType": "INPUT_TOKENS"}),
    "time": (ADD, Scene.usage, {"usedAt": ago(minutes=1)}),
    "cover": (ADD, Scene.usage, {"ifUncovered": "REFUSE"}),
    "verb": (START, Scene.run, {}),
}


@pytest.mark.parametrize("what", CHANGED)
def test_same_key_with_other_input(shared: ServerProcess, service: Caller, what: str) -> None:
    scene = _set(service)
    first = service.mutate(ADD, **scene.usage())
    another = service.mutate(START, workflowName="another", idempotencyKey="another")["workflow"]["id"]
    before = written(shared.database_url)
    mutation, given, changed = CHANGED[what]
    changed = {name: another if value == "OTHER" else value for name, value in changed.items()}
    assert service.mutate(mutation, **given(scene) | changed)["code"] == "IDEMPOTENCY_CONFLICT"
    # The same input in other words is the same input.
    assert service.mutate(ADD, **scene.usage(units="1500.000")) == {**first, "replayed": True}
    assert written(shared.database_url) == before


RUN_CHANGED: dict[str, Any] = {
    "workflowName": "other",
    "agentId": None,
    "businessAdapter": "languagelearning",
    "userId": "user-2",
    "apiKeyId": None,
    "startedAt": None,
    "metadata": {"call": 2},
}


@pytest.mark.parametrize("field", RUN_CHANGED)
def test_same_key_with_another_run(shared: ServerProcess, service: Caller, field: str) -> None:
    scene = _set(service)
    given = scene.run(
        agentId=scene.agent_id,
        businessAdapter="emergencyservices",
        userId="user-1",
        apiKeyId=scene.key_id,
        startedAt=ago(minutes=1),
        metadata={"call": 1},
    )
    started = service.mutate(START, **given)
    before = written(shared.database_url)
    assert service.mutate(START, **given | {field: RUN_CHANGED[field]})["code"] == "IDEMPOTENCY_CONFLICT"
    assert service.mutate(START, **given) == {**started, "replayed": True}
    assert written(shared.database_url) == before


def test_a_refused_usage_harms_no_other_of_its_batch(service: Caller) -> None:
    scene = _set(service)
    usages = [
        scene.usage(idempotencyKey="good-1"),
        scene.usage(idempotencyKey="bad", provider="nobody"),
        scene.usage(idempotencyKey="nowhere", workflowId=NOWHERE),
        scene.usage(idempotencyKey="good-1", units="1"),
        scene.usage(idempotencyKey="good-2"),
        scene.usage(idempotencyKey="good-2"),
    ]
    answer = service.mutate(ADD_MANY, usages=usages)
    results = [result.get("code", result.get("replayed")) for result in answer["results"]]
    assert results == [False, "UNKNOWN_PROVIDER", "WORKFLOW_NOT_FOUND", "IDEMPOTENCY_CONFLICT", False, True]
    assert (answer["addedCount"], answer["replayedCount"], answer["refusedCount"]) == (2, 1, 3)
    # A refusal is not remembered: its key serves the corrected input.
    corrected = service.mutate(ADD, **scene.usage(idempotencyKey="bad"))
    assert (corrected["replayed"], corrected["workflow"]["usageCount"]) == (False, 4)


def test_another_accounts_things_look_as_if_they_were_not(scene: Scene) -> None:
    theirs = scene.others
    ids = [theirs.workflow_id, theirs.usage_id, theirs.agent_id, theirs.key_id, theirs.mine.account_id]
    assert scene.mine.query("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids}) == [None] * 5
    query = "query($id: ID!) { workflow(id: $id) { id } }"
    assert scene.mine.query(query, {"id": theirs.workflow_id}) == scene.mine.query(query, {"id": NOWHERE})


def test_names_are_kept_in_one_normal_form(service: Caller) -> None:
    name = f"caf{LATIN_SMALL_E_WITH_ACUTE_DECOMPOSED}"
    started = service.mutate(START, workflowName=name, idempotencyKey=fresh_key(), userId="\U0001f600")
    assert started["workflow"]["workflowName"] == "caf\u00e9"
    assert started["workflow"]["userId"] == "\U0001f600"
