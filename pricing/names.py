"""Names of providers, models and versions: short, normalised, printable; and the nearest right one."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_NAME = 100
LONGEST_TEXT = 255


def name_from_text(text: str) -> str:
    """Return the name in Unicode NFC.

    Raises ValueError unless it has 1 to 100 characters, no control character and no space at its ends.
    """
    # Normalising is slow on huge input and never shortens a text to a hundredth: refuse that first.
    if len(text) > LONGEST_NAME * 10:
        raise ValueError(f"a name has 1 to {LONGEST_NAME} characters, not {len(text)}.")
    name = unicodedata.normalize("NFC", text)
    if not 1 <= len(name) <= LONGEST_NAME:
        raise ValueError(f"a name has 1 to {LONGEST_NAME} characters, not {len(name)}.")
    if not name.isprintable() and any(unicodedata.category(each) in {"Cc", "Cs"} for each in name):
        raise ValueError(f"{name!r} has a control character: remove it.")
    if name != name.strip():
        raise ValueError(f"{name!r} begins or ends with a space: remove it.")
    return name


def free_text(text: str) -> str:
    """Return free text, such as a reason, in Unicode NFC.

    Raises ValueError unless it has 1 to 255 characters and no control character.
    """
    # Normalising is slow on huge input and never shortens a text to a tenth.
    normal = unicodedata.normalize("NFC", text) if len(text) <= LONGEST_TEXT * 10 else text
    if not 1 <= len(normal) <= LONGEST_TEXT:
        raise ValueError(f"1 to {LONGEST_TEXT} characters are needed, not {len(normal)}.")
    if not normal.isprintable() and any(unicodedata.category(each) in {"Cc", "Cs"} for each in normal):
        raise ValueError("it holds a control character: remove it.")
    return normal


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence that offers the nearest known name, or else lists what is known."""
    known = [str(candidate) for candidate in known]  # an enum's members show their values
    by_folded = {candidate.casefold(): candidate for candidate in known}
    nearest = get_close_matches(name[:LONGEST_NAME].casefold(), by_folded, n=1)
    if nearest:
        return f"Did you mean {by_folded[nearest[0]]!r}?"
    return f"Known: {', '.join(known)}."
