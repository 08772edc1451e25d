"""Which documents ask for the schema, and which keys are told it."""

import time
from itertools import product

import pytest
from graphql import get_introspection_query, parse

from graph.introspection import Introspection, asks_introspection, introspection_refused, may_introspect
from models.api_key import ApiKey, Scope

ASKING = {
    "the schema": "{ __schema { queryType { name } } }",
    "a type": '{ __type(name: "Account") { name } }',
    "under another name": "{ viewer: __schema { types { name } } }",
    "in an inline fragment": "{ ... on Query { ... { __schema { types { name } } } } }",
    "in a fragment of a fragment": "{ ...A } fragment A on Query { ...B } fragment B on Query { __schema { types { name } } }",
    "in the second operation": 'query A { viewer { scopes } } query B { __type(name: "A") { name } }',
    "left out by a directive": "query ($no: Boolean!) { __schema @skip(if: $no) { types { name } } }",
    "where it means nothing": "{ viewer { __schema { types { name } } } }",
    "as GraphiQL does": get_introspection_query(),
}
NOT_ASKING = {
    "__typename": "{ __typename viewer { __typename } ...A } fragment A on Query { __typename }",
    "as an alias": "{ __type: __typename __schema: viewer { scopes } }",
    "as a name": "query __schema { ...__type } fragment __type on Query { __typename }",
    "as a text": 'mutation { createAgent(input: {name: "__schema"}) { __typename } }',
    "a type definition": "type __schema { __type: String }",
}


@pytest.mark.parametrize("query", ASKING.values(), ids=ASKING)
def test_a_document_that_asks_is_seen(query: str) -> None:
    assert asks_introspection(parse(query)) is True


@pytest.mark.parametrize("query", NOT_ASKING.values(), ids=NOT_ASKING)
def test_a_document_that_does_not_ask_is_left_alone(query: str) -> None:
    assert asks_introspection(parse(query)) is False


def test_fragments_that_unfold_without_end_are_looked_at_once() -> None:
    levels = 400
    fragments = (f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    document = parse(
        "{ ...F0 } " + " ".join(fragments) + f" fragment F{levels} on Query {{ ...F0 __typename }}"
    )
    started = time.thread_time()
    assert asks_introspection(document) is False
    assert time.thread_time() - started < 0.05


@pytest.mark.parametrize(("allowed", "scope"), [*product(Introspection, Scope)])
def test_managers_are_keys_that_manage_or_operate(allowed: Introspection, scope: Scope) -> None:
    key = ApiKey(scope_names=scope.value)
    expected = {
        Introspection.EVERYBODY: True,
        Introspection.MANAGERS: scope in {Scope.MANAGE, Scope.OPERATE},
        Introspection.NOBODY: False,
    }
    assert may_introspect(allowed, key) is expected[allowed]


def test_a_key_of_several_scopes_may_if_one_of_them_may() -> None:
    assert may_introspect(Introspection.MANAGERS, ApiKey(scope_names="READ TRACK MANAGE")) is True
    assert may_introspect(Introspection.MANAGERS, ApiKey(scope_names="READ TRACK")) is False


def test_the_refusal_names_the_fix() -> None:
    error = introspection_refused(Introspection.MANAGERS)
    assert error.extensions == {"code": "FORBIDDEN"}
    assert error.message == (
        "Introspection needs a key with the scope MANAGE or OPERATE; "
        "the schema is also printed by `creditgraph schema`."
    )
    assert introspection_refused(Introspection.NOBODY).message == (
        "Introspection is off here (CREDITGRAPH_INTROSPECTION); "
        "the schema is also printed by `creditgraph schema`."
    )
