"""Scalars: the same verdict and the same exact value, as a literal and as a variable."""

import json
import re
from typing import Any

from tests.door import Door
from tests.tenant import Tenant, next_key

# What is written (as JSON, which is also a GraphQL literal) and what it is, or None where it is refused.
DECIMALS: list[tuple[str, str | None]] = [
    ('"5"', "5"),
    ("5", "5"),
    ('"0.9"', "0.9"),
    ("0.9", "0.9"),
    ('"0.1"', "0.1"),
    ("0.1", "0.1"),
    ("0.3", "0.3"),
    ("0.000001", "0.000001"),
    ('"0.000001"', "0.000001"),
    ("1.10", "1.1"),
    ('"007"', "7"),
    ('"1.000000"', "1"),
    ("999999999999", "999999999999"),
    ("999999999999.999999", "999999999999.999999"),
    ('"999999999999.999999"', "999999999999.999999"),
    ("123456789012.123456", "123456789012.123456"),
    ("1000000000000", None),
    ('"1000000000000"', None),
    ("0.0000001", None),
    ('"1.1234567"', None),
    ('"1e3"', None),
    ("-1", None),
    ('"-1"', None),
    ('"+5"', None),
    ('" 5"', None),
    ('"5 "', None),
    ('"5."', None),
    ('".5"', None),
    ('"1,5"', None),
    ('"1_000"', None),
    ('"0x10"', None),
    ('"NaN"', None),
    ('"Infinity"', None),
    ('"١٢"', None),
    ('"\uff15"', None),
    ('"½"', None),
    ('""', None),
    ('"abc"', None),
    ('"5\\u0000"', None),
    ('"5\\n"', None),
    ("true", None),
    ("null", None),
    ("[]", None),
    ('["5"]', None),
    ("{}", None),
    (f'"{"9" * 900}"', None),
    ("9" * 900, None),
    ("1e3", None),
    ("1E-2", None),
    ("1.5e0", None),
    ("1e400", None),
    ("1e-400", None),
    ("1e999999999", None),
]
TIMES: list[tuple[str, str | None]] = [
    ('"2026-03-04T12:00:00Z"', "2026-03-04T12:00:00Z"),
    ('"2026-03-04t12:00:00z"', "2026-03-04T12:00:00Z"),
    ('"2026-03-04T12:00:00.5Z"', "2026-03-04T12:00:00.500000Z"),
    ('"2026-03-04T12:00:00.000001Z"', "2026-03-04T12:00:00.000001Z"),
    ('"2026-03-04T14:00:00+02:00"', "2026-03-04T12:00:00Z"),
    ('"2026-03-04T06:30:00-05:30"', "2026-03-04T12:00:00Z"),
    ('"2026-03-04T12:00:00-00:00"', "2026-03-04T12:00:00Z"),
    ('"2026-03-04T12:00:00"', None),
    ('"2026-03-04 12:00:00Z"', None),
    ('"2026-03-04T12:00Z"', None),
    ('"2026-03-04"', None),
    ('"2026-02-30T12:00:00Z"', None),
    ('"2026-03-04T24:00:00Z"', None),
    ('"2026-03-04T12:00:60Z"', None),
    ('"2026-03-04T12:00:00.1234567Z"', None),
    ('"2026-03-04T12:00:00+24:00"', None),
    ('"2026-03-04T12:00:00+0200"', None),
    ('"0000-01-01T00:00:00Z"', None),
    ('"0001-01-01T00:00:00+14:00"', None),
    ('"9999-12-31T23:59:59-14:00"', None),
    ('"\uff12\uff10\uff12\uff16-03-04T12:00:00Z"', None),
    ('"now"', None),
    ('""', None),
    ("1772625600", None),
    ("1772625600.5", None),
    ("true", None),
    ("[]", None),
    ("{}", None),
]

START = """startWorkflow(input: {workflowName: "w", idempotencyKey: "KEY", FIELD: VALUE}) {
  ... on WorkflowStarted { workflow { startedAt metadata } } ... on Refusal { message } }"""
ADD = """addServiceUsage(input: {workflowId: "WORKFLOW", idempotencyKey: "KEY", units: VALUE,
  serviceType: GPT, provider: "gpt-4o-mini", unitType: TOKENS}) {
  ... on ServiceUsageAdded { serviceUsage { unitsConsumed } } ... on Refusal { message } }"""
CREATE = """createAccount(input: {name: "a", overdraftLimit: VALUE}) {
  ... on AccountCreated { account { overdraftLimit } } }"""


async def literally(ask: Door, key: str, field: str, value: str) -> Any:
    """Send a value as a literal; give the values of the answer, or None where it is BAD_USER_INPUT."""
    query = f"mutation {{ {field.replace('VALUE', value)} }}"
    return await answered(ask, key, f'{{"query": {json.dumps(query)}}}')


async def as_variable(ask: Door, key: str, field: str, type_: str, value: str) -> Any:
    """Send a value as a variable, exactly as it is written: json.dumps would pass it through a float."""
    query = f"mutation($value: {type_}) {{ {field.replace('VALUE', '$value')} }}"
    return await answered(ask, key, f'{{"query": {json.dumps(query)}, "variables": {{"value": {value}}}}}')


async def answered(ask: Door, key: str, body: str) -> Any:
    answer = (await ask.post(key, body.replace("KEY", next_key()).encode())).json()
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    assert codes <= {"BAD_USER_INPUT"}, (body, answer)
    return None if codes else next(iter(next(iter(answer["data"].values())).values()))


async def both(ask: Door, key: str, field: str, type_: str, value: str) -> list[Any]:
    """Send a value both ways."""
    return [await literally(ask, key, field, value), await as_variable(ask, key, field, type_, value)]


async def test_decimals(ask: Door, tenant: Tenant) -> None:
    field = ADD.replace("WORKFLOW", f"workflow_{(await tenant.start()).id.hex}")
    for value, exact in DECIMALS:
        wanted = exact and {"unitsConsumed": exact}
        assert await both(ask, tenant.secret, field, "Decimal!", value) == [wanted] * 2, value


async def test_no_units_are_no_quantity(ask: Door, tenant: Tenant) -> None:
    field = ADD.replace("WORKFLOW", f"workflow_{(await tenant.start()).id.hex}")
    for value in ("0", '"0"', "0.000000", '"000000"'):
        assert await both(ask, tenant.secret, field, "Decimal!", value) == [None, None], value


async def test_credits(ask: Door, operator: str) -> None:
    cases = [(value, exact) for value, exact in DECIMALS if value != "null"]
    for value, exact in [*cases, ("0", "0"), ("-0", "0"), ('"-0"', None), ('"0.000"', "0")]:
        wanted = exact and {"overdraftLimit": exact}
        assert await both(ask, operator, CREATE, "Credits", value) == [wanted] * 2, value
    assert await both(ask, operator, CREATE, "Credits", "null") == [{"overdraftLimit": None}] * 2


async def test_times(ask: Door, tenant: Tenant) -> None:
    field = START.replace("FIELD", "startedAt").replace(" metadata", "")
    for value, exact in TIMES:
        wanted = exact and {"startedAt": exact}
        assert await both(ask, tenant.secret, field, "DateTime", value) == [wanted] * 2, value


async def test_json(ask: Door, tenant: Tenant) -> None:
    field = START.replace("FIELD", "metadata").replace(" startedAt", "")
    deep = "{" + '"a": {' * 9 + "}" * 10
    for value, exact in [
        ("{}", {}),
        (
            '{"a": [1, -2, 0.5, "é", true, null, [], {"b": {}}]}',
            {"a": [1, -2, 0.5, "é", True, None, [], {"b": {}}]},
        ),
        ('{"a": 9223372036854775807, "b": -9223372036854775807}', {"a": 2**63 - 1, "b": 1 - 2**63}),
        ('{"a": 9223372036854775808}', None),
        ('{"a": 1e999}', None),
        ('{"a": "\\ud800"}', None),
        (f'{{"a": "{"x" * 10_000}"}}', {"a": "x" * 10_000}),
        (f'{{"a": "{"é" * 10_000}"}}', None),
        (deep, json.loads(deep)),
        (f'{{"a": {deep}}}', None),
        ("[]", None),
        ('[{"a": 1}]', None),
        ('"text"', None),
        ("1", None),
        ("true", None),
    ]:
        wanted = None if exact is None else {"metadata": exact}
        # In GraphQL's literals the names of an object's fields stand without quotes.
        assert await literally(ask, tenant.secret, field, re.sub(r'"(\w)":', r"\1:", value)) == wanted, value
        assert await as_variable(ask, tenant.secret, field, "JSON", value) == wanted, value


async def test_json_holds_variables(ask: Door, tenant: Tenant) -> None:
    field = START.replace("FIELD", "metadata").replace("startedAt", "status").replace("KEY", "holds")
    given = field.replace("VALUE", "{given: $given, left_out: $absent, list: [$absent, $given]}")
    query = f"mutation($given: Int, $absent: String) {{ {given} }}"
    answer = await ask.data(tenant.secret, query, {"given": 7})
    assert answer["startWorkflow"]["workflow"]["metadata"] == {"given": 7, "list": [None, 7]}
    query = f"mutation($at: DateTime) {{ {field.replace('VALUE', '{at: $at}')} }}"
    assert await ask.code(tenant.secret, query, {"at": "2026-03-04T12:00:00Z"}) == "BAD_USER_INPUT"


async def test_ids(ask: Door, tenant: Tenant) -> None:
    account = f"account_{tenant.account_id.hex}"
    for value, code in [
        (account, None),
        ("workflow_" + "0" * 32, None),
        ("", "BAD_USER_INPUT"),
        ("x", "BAD_USER_INPUT"),
        (account.upper(), "BAD_USER_INPUT"),
        (account + " ", "BAD_USER_INPUT"),
        (account[:-1], "BAD_USER_INPUT"),
        (account + "0", "BAD_USER_INPUT"),
        ("thing_" + "0" * 32, "BAD_USER_INPUT"),
        ("account_" + "\u0660" * 32, "BAD_USER_INPUT"),
        ("a" * 100_000, "BAD_USER_INPUT"),
        ("\0", "BAD_USER_INPUT"),
        ("\ud800", "BAD_USER_INPUT"),
        (5, "BAD_USER_INPUT"),
        (10**30, "BAD_USER_INPUT"),
        (1.5, "BAD_USER_INPUT"),
        (True, "BAD_USER_INPUT"),
        (None, "BAD_USER_INPUT"),
        ([], "BAD_USER_INPUT"),
        ({}, "BAD_USER_INPUT"),
    ]:
        _, answer = await ask(tenant.secret, "query($id: ID!) { node(id: $id) { id } }", {"id": value})
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        assert codes == ([code] if code else []), value


async def test_an_id_of_another_kind_is_named(ask: Door, tenant: Tenant) -> None:
    query = "query($id: ID!) { agent(id: $id) { id } }"
    error = await ask.error(tenant.secret, query, {"id": f"account_{tenant.account_id.hex}"})
    assert error["message"] == (
        "id: This is the id of an account; an id that starts with 'agent_' is needed."
    )
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "id"}


async def test_counts_are_plain_numbers(ask: Door, tenant: Tenant) -> None:
    await tenant.start()
    answer = await ask.post(
        tenant.secret, b'{"query": "{ viewer { account { workflows { totalCount } } } }"}'
    )
    assert b'{"workflows":{"totalCount":1}}' in answer.content
