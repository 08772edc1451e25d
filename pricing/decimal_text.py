"""The one grammar of numbers at the edge: plain decimal text to whole millionths and back.

Text is ASCII digits, 1 to 12 before the point and, after an optional point, 1 to 6 more. A sign, an
exponent, a space or a word such as NaN is refused, so no number ever passes through a binary float.
"""

import re

MICROS = 1_000_000
DIGITS_BEFORE_POINT = 12
LIMIT_MICROS: int = 10**DIGITS_BEFORE_POINT * MICROS
"""The first number of millionths that no longer fits the grammar."""

_NUMBER = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?", re.ASCII)
_LONGEST_ECHO = 40


def micros_from_text(text: str) -> int:
    """Read decimal text as a whole number of millionths.

    Raises ValueError, with the text and the grammar in its message, for anything else.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{_shown(text)} is not a plain decimal number: "
            "write 1 to 12 digits and at most 6 more after a point, without sign, exponent or spaces."
        )
    whole, rest = match.groups(default="")
    return int(whole) * MICROS + int(rest.ljust(6, "0"))


def text_from_micros(micros: int) -> str:
    """Write millionths as canonical text: no needless zeros, a minus sign where the number is negative."""
    if micros >= 0 and not micros % MICROS:
        return str(micros // MICROS)  # as most amounts are
    whole, rest = divmod(abs(micros), MICROS)
    sign = "-" if micros < 0 else ""
    return f"{sign}{whole}.{rest:06d}".rstrip("0").rstrip(".") if rest else f"{sign}{whole}"


def _shown(text: str) -> str:
    # A caller may send a megabyte: the message repeats only its beginning.
    return repr(text) if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]!r}…"
