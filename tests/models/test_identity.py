"""Ids rise, and their texts say what they name."""

import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, SafeUUID

import pytest

from models.identity import IdKind, InvalidId, _read, format_id, new_id, new_ids, parse_any_id, parse_id

SAMPLE = UUID("0199a2b4-7c00-7000-8000-0123456789ab")
HEX = "0199a2b47c0070008000" + "0123456789ab"


def test_ids_rise_in_bytes_and_in_text() -> None:
    made = [new_id() for _ in range(10_000)]
    assert [value.bytes for value in made] == sorted(value.bytes for value in made)
    assert [value.hex for value in made] == sorted({value.hex for value in made})


def test_ids_that_are_made_together_rise_too() -> None:
    made = [new_id(), *new_ids(3), new_id(), *new_ids(1_000), *new_ids(0), new_id()]
    assert len(made) == 1_006
    assert [value.int for value in made] == sorted({value.int for value in made})
    assert {(value.version, value.variant) for value in made} == {(7, "specified in RFC 4122")}


def test_an_id_is_like_any_uuid() -> None:
    value = new_id()
    assert value == UUID(str(value)) == pickle.loads(pickle.dumps(value))  # noqa: S301 - our own
    assert (value.is_safe, hash(value)) == (SafeUUID.unknown, hash(UUID(int=value.int)))


def test_ids_of_many_threads_are_all_different() -> None:
    with ThreadPoolExecutor(4) as executor:
        made = [
            made
            for several in executor.map(lambda _: [new_id() for _ in range(500)], range(8))
            for made in several
        ]
    assert len(set(made)) == 4_000


def test_an_id_is_a_uuid_of_version_7_that_tells_its_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    value = new_id()
    after = time.time_ns() // 1_000_000
    assert (value.version, value.variant) == (7, "specified in RFC 4122")
    # Ids that were made faster than the clock ticks run a little ahead of it.
    assert before <= value.int >> 80 <= after + 10


@pytest.mark.parametrize("kind", IdKind)
def test_an_id_is_written_with_its_kind_and_read_again(kind: IdKind) -> None:
    text = format_id(kind, SAMPLE)
    assert text == f"{kind.value}_{HEX}"
    assert parse_id(text, kind) == SAMPLE
    assert parse_any_id(text) == (kind, SAMPLE)


def test_an_id_of_another_kind_is_named() -> None:
    message = "This is the id of an API key; an id that starts with 'workflow_' is needed."
    with pytest.raises(InvalidId, match=message):
        parse_id(format_id(IdKind.API_KEY, SAMPLE), IdKind.WORKFLOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "workflow",
        "workflow_",
        HEX,
        f"workflow_{HEX[1:]}",
        f"workflow_{HEX}0",
        f"workflow_{HEX.upper()}",
        f"workflow_{SAMPLE}",
        f"Workflow_{HEX}",
        f"nothing_{HEX}",
        f" workflow_{HEX}",
        f"workflow_{HEX}\n",
        "workflow_" + "\u0660" * 32,
        f"workflow__{HEX[1:]}",
    ],
)
def test_garbage_is_no_id(text: str) -> None:
    with pytest.raises(InvalidId, match="This is not an id"):
        parse_any_id(text)


def test_the_example_of_a_refusal_is_of_the_kind_that_is_wanted() -> None:
    with pytest.raises(
        InvalidId, match=r"^This is not an id: ids look like 'agent_' and 32 hexadecimal digits"
    ):
        parse_id("ann", IdKind.AGENT)


def test_garbage_is_not_kept() -> None:
    parse_any_id(format_id(IdKind.WORKFLOW, SAMPLE))
    kept = _read.cache_info().currsize
    for number in range(3):
        with pytest.raises(InvalidId):
            parse_any_id(f"{number}_{'x' * 1_000}")
    assert _read.cache_info().currsize == kept
