"""The checks of graphql-cop, which many who look for weak services run, by its names: none finds anything.

Each is what a stranger, and one who has a frontend's key, would try. The dearest are tried with more rights by
the rows of documents.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.hostile.rows.doors import keyed
from tests.hostile.rows.row import KEY, Row, asked, post, row
from tests.hostile.talking import Conversation, talk
from tests.hostile.target import Target

Weak = Callable[[str, Any], bool]
"""Whether an answer, as text and as JSON, shows that the service is weak."""


@dataclass(frozen=True, slots=True)
class Check:
    """What is sent, and by what it would be known that it worked."""

    requests: tuple[bytes, ...]
    is_weak: Weak


def data_of(answer: Any) -> dict[str, Any]:
    """Give an answer's data."""
    return (answer.get("data") or {}) if isinstance(answer, dict) else {}


def answers(text: str, answer: Any) -> bool:
    """Tell whether there is any data."""
    return bool(data_of(answer)) and "__typename" in text


CHECKS = {
    "alias overloading": Check(
        (asked("{" + " ".join(f"alias{n}:__typename" for n in range(101)) + "}"),),
        lambda _, answer: "alias100" in data_of(answer),
    ),
    "array-based query batching": Check(
        (post(json.dumps([{"query": "{__typename}"}] * 10)),),
        lambda _, answer: isinstance(answer, list) and len(answer) >= 10,
    ),
    "circular fragment": Check(
        (asked("{...A} fragment A on Query{__typename ...B} fragment B on Query{...A}"),),
        lambda _, answer: "errors" not in answer,
    ),
    "introspection-based circular query": Check(
        (asked("{__schema{types{" + "fields{type{" * 4 + "name" + "}}" * 4 + "}}}"),),
        lambda _, answer: len(data_of(answer).get("__schema", {}).get("types", [])) > 25,
    ),
    "directive overloading": Check(
        (asked("{__typename" + "@aa" * 10 + "}"),),
        lambda _, answer: len(answer["errors"]) >= 10,
    ),
    "field duplication": Check((asked("{" + "__typename " * 500 + "}"),), answers),
    "field suggestions": Check(
        (asked("{__schema{directive}}"), asked("{viewr{scopes}}")), lambda text, _: "Did you mean" in text
    ),
    "GET method query support": Check((keyed("GET", "/graphql?query=%7B__typename%7D"),), answers),
    "mutation over GET": Check((keyed("GET", "/graphql?query=mutation%7B__typename%7D"),), answers),
    "POST based url-encoded query": Check(
        (post(b"query=%7B__typename%7D", media_type="application/x-www-form-urlencoded"),), answers
    ),
    "GraphQL IDE": Check(
        tuple(
            keyed("GET", path, "accept: text/html")
            for path in ("/graphiql", "/playground", "/console", "/graphql")
        ),
        lambda text, _: "graphiql" in text.lower() or "playground" in text.lower(),
    ),
    "introspection": Check(
        (asked("{__schema{types{name fields{name}}}}"), asked('{__type(name:"Account"){name}}')),
        lambda _, answer: bool(data_of(answer)),
    ),
    "trace mode": Check(
        (asked("{__typename}"), asked("{nowhere}")),
        lambda text, _: any(word in text.lower() for word in ("tracing", "exception", "stacktrace")),
    ),
    "unhandled error": Check((asked("qwerty cop { abc }"),), lambda text, _: "exception" in text.lower()),
}
CALLERS: dict[str, Callable[[Target], str]] = {
    "a stranger": lambda _: "nexus_" + "A" * 38,
    "a frontend": lambda target: target.frontend_key,
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", CHECKS)
async def test_a_known_attack(sqlite_target: Target, name: str, caller: str) -> None:
    check = CHECKS[name]
    attacker = replace(sqlite_target, key=CALLERS[caller](sqlite_target))
    for sent in check.requests:
        assert KEY in sent
        heard: Conversation = await talk(attacker, _row(name, sent))
        [answer] = heard.answers
        said = answer.body.decode()
        assert not check.is_weak(said, json.loads(said)), said[:1_000]


def _row(name: str, sent: bytes) -> Row:
    return row(name, sent, (), ())
