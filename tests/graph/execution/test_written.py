"""Texts that stand in answers as they are."""

import json

import orjson
import pytest

from graph.execution.written import Written, as_json

VALUES = (":", "::", ":x", '":', '"', '":"', 'x":"y', '\\":', "\\", ':"', "", "é:", '{"a":":"}', ',":":')


@pytest.mark.parametrize("value", VALUES)
def test_names_are_counted_and_nothing_else(value: str) -> None:
    told = {"name": value, "last": [{"a": value}, {}, {"b": None, "c": value}]}
    assert Written(orjson.dumps(told).decode()).fields == 5
    assert Written(json.dumps(told, separators=(",", ":"))).fields == 5


def test_the_text_stands_as_it_is() -> None:
    assert orjson.dumps({"a": Written('{"b":1e2}')}, default=as_json) == b'{"a":{"b":1e2}}'
