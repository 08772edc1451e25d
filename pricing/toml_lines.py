"""On which line of a TOML text each field stands, so that an error can say where to look."""

import re
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
Lines = Mapping[Path, int]

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""'
    r"|'''.*?'''"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|\n"
    r"|[\[\]{}=,.]"
    r"|[^\s\[\]{}=,.\"'\#]+"
    r"|[^\S\n]+",
    re.DOTALL,
)
_OPENING = ("[", "{")
_CLOSING = ("]", "}")


class _Token(str):
    """A piece of the text that knows its line."""

    __slots__ = ("line",)
    line: int


def lines_of(text: str) -> dict[Path, int]:
    """Map the path of every table and field to its line; the text must already be valid TOML."""
    lines: dict[Path, int] = {(): 1}
    tables: dict[Path, int] = {}
    here: Path = ()
    for statement in _statements(text):
        if statement[0] == "[":
            here = _header(statement, tables)
            lines.setdefault(here, statement[0].line)
        else:
            _field(statement, here, lines)
    return lines


def line_of(lines: Lines, path: Path) -> int:
    """Return the line of the path, or of the nearest thing around it that the text has."""
    while path not in lines:
        path = path[:-1]
    return lines[path]


def _statements(text: str) -> Iterator[list[_Token]]:
    # A line break ends a statement unless a bracket is still open.
    statement: list[_Token] = []
    depth = 0
    line = 1
    for match in _TOKEN.finditer(text + "\n"):
        token = _Token(match.group())
        token.line = line
        line += token.count("\n")
        if token == "\n" and depth == 0:
            if statement:
                yield statement
            statement = []
        elif not token.isspace() and not token.startswith("#"):
            statement.append(token)
            depth += (token in _OPENING) - (token in _CLOSING)


def _header(statement: list[_Token], tables: dict[Path, int]) -> Path:
    is_array = statement[:2] == ["[", "["]
    names = [_name(token) for token in statement if token not in {"[", "]", "."}]
    path: Path = ()
    for position, name in enumerate(names):
        path = (*path, name)
        if is_array and position == len(names) - 1:
            tables[path] = tables.get(path, -1) + 1
        if path in tables:
            path = (*path, tables[path])
    return path


def _field(tokens: list[_Token], here: Path, lines: dict[Path, int]) -> list[_Token]:
    """Note one `key = value` and return the tokens after it."""
    equals = tokens.index(_Token("="))
    for token in tokens[:equals]:
        if token != ".":
            here = (*here, _name(token))
            lines.setdefault(here, token.line)
    return _value(tokens[equals + 1 :], here, lines)


def _value(tokens: list[_Token], here: Path, lines: dict[Path, int]) -> list[_Token]:
    """Note what a value holds and return the tokens after it."""
    first, rest = tokens[0], tokens[1:]
    if first == "[":
        position = 0
        while rest[0] != "]":
            lines.setdefault((*here, position), rest[0].line)
            rest = _after_comma(_value(rest, (*here, position), lines))
            position += 1
        return rest[1:]
    if first == "{":
        while rest[0] != "}":
            rest = _after_comma(_field(rest, here, lines))
        return rest[1:]
    while rest and rest[0] not in {",", "]", "}"}:  # 0.5 and dates come in several pieces
        rest = rest[1:]
    return rest


def _after_comma(tokens: list[_Token]) -> list[_Token]:
    return tokens[1:] if tokens[0] == "," else tokens


def _name(token: _Token) -> str:
    return token[1:-1] if token[0] in "\"'" else str(token)
