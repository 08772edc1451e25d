"""Names: short, normalised, printable; and the nearest right one."""

import pytest

from pricing.names import did_you_mean, name_from_text


def test_names_are_normalised() -> None:
    assert name_from_text("cafe\u0301") == "caf\u00e9"
    assert name_from_text("e\u0301" * 100) == "\u00e9" * 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1 to 100 characters, not 0"),
        ("n" * 101, "1 to 100 characters, not 101"),
        ("n" * 10_000_000, "1 to 100 characters, not 10000000"),
        ("a\x00b", "control character"),
        ("a\nb", "control character"),
        ("\ud800", "control character"),
        (" a", "begins or ends with a space"),
        ("a\u3000", "begins or ends with a space"),
    ],
)
def test_bad_names_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        name_from_text(text)


def test_the_nearest_name_is_offered() -> None:
    assert did_you_mean("deepgrm", ["cartesia", "deepgram"]) == "Did you mean 'deepgram'?"
    assert did_you_mean("GPT-4O", ["gpt-4o"]) == "Did you mean 'gpt-4o'?"
    assert did_you_mean("zzz", ["cartesia", "deepgram"]) == "Known: cartesia, deepgram."
