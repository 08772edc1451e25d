"""TOML texts and the mistakes in them: each is told with its source, its line, its field and the fix."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal

from pricing.table import field_name
from pricing.toml_lines import Path, line_of

_GIANT_NUMBER = re.compile(r"[0-9_]{4301,}", re.ASCII)
_TOML_LINE = re.compile(r" \(at line (\d+), column \d+\)$", re.ASCII)


class InvalidToml(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """A text that is not TOML; the message begins "source:line: "."""


def fields_of(text: str, source: str) -> Mapping[str, object]:
    """Read the fields of a text, numbers with a point as decimals; InvalidToml for what cannot be read."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        # tomllib says where in words; without a line, the text ends too early.
        message = str(error)
        at = _TOML_LINE.search(message)
        line = int(at[1]) if at else len(text.splitlines()) or 1
        raise InvalidToml(f"{source}:{line}: not valid TOML: {_TOML_LINE.sub('', message)}.") from None
    except RecursionError:
        raise InvalidToml(f"{source}:1: the text is nested too deeply.") from None
    except ValueError:
        # Python refuses to read whole numbers of thousands of digits, and does not say where they stand.
        before = _GIANT_NUMBER.split(text, maxsplit=1)[0]
        line = before.count("\n") + 1
        raise InvalidToml(f"{source}:{line}: write at most 12 digits before the point.") from None


def located(text: str, source: str, path: Path, message: str) -> str:
    """Begin the message for a field of a valid text with where the field stands and what it is called."""
    name = field_name(path)
    return f"{source}:{line_of(text, path)}: {name and f'{name}: '}{message}"
