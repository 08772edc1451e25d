"""On which line of a TOML text each field stands, so that an error can say where to look."""

import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

Path = tuple[str | int, ...]

_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?!")'
    r"|'''.*?'''(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|\n"
    r"|[\[\]{}=,.]"
    r"|[^\s\[\]{}=,.\"'\#]+"
    r"|[^\S\n]+",
    re.DOTALL,
)


class _Piece(NamedTuple):
    text: str
    line: int


def line_of(text: str, path: Path) -> int:
    """Return the line of the field at the path, or of the nearest thing around it that the text has.

    The text must be valid TOML.
    """
    lines = _lines(text)
    while path not in lines:
        path = path[:-1]
    return lines[path]


def _lines(text: str) -> dict[Path, int]:
    lines: dict[Path, int] = {(): 1}
    tables: dict[Path, int] = {}
    here: Path = ()
    for statement in _statements(text):
        if statement[0].text == "[":
            here = _header([piece.text for piece in statement], tables)
            for length in range(len(here)):
                lines.setdefault(here[: length + 1], statement[0].line)
        else:
            _field(statement, here, lines)
    return lines


def _statements(text: str) -> Iterator[deque[_Piece]]:
    # A line break ends a statement unless a bracket is still open.
    statement: deque[_Piece] = deque()
    depth = 0
    line = 1
    for match in _PIECE.finditer(text + "\n"):
        piece = _Piece(match.group(), line)
        line += piece.text.count("\n")
        if piece.text == "\n" and depth == 0:
            if statement:
                yield statement
            statement = deque()
        elif not piece.text.isspace() and not piece.text.startswith("#"):
            statement.append(piece)
            depth += (piece.text in {"[", "{"}) - (piece.text in {"]", "}"})


def _header(texts: list[str], tables: dict[Path, int]) -> Path:
    is_array = texts[:2] == ["[", "["]
    names = [_name(text) for text in texts if text not in {"[", "]", "."}]
    path: Path = ()
    for position, name in enumerate(names):
        path = (*path, name)
        if is_array and position == len(names) - 1:
            tables[path] = tables.get(path, -1) + 1
        if path in tables:
            path = (*path, tables[path])
    return path


def _field(pieces: deque[_Piece], here: Path, lines: dict[Path, int]) -> None:
    while (piece := pieces.popleft()).text != "=":
        if piece.text != ".":
            here = (*here, _name(piece.text))
            lines.setdefault(here, piece.line)
    _value(pieces, here, lines)


def _value(pieces: deque[_Piece], here: Path, lines: dict[Path, int]) -> None:
    match pieces[0].text:
        case "[":
            pieces.popleft()
            position = 0
            while not _closed(pieces, "]"):
                lines.setdefault((*here, position), pieces[0].line)
                _value(pieces, (*here, position), lines)
                position += 1
        case "{":
            pieces.popleft()
            while not _closed(pieces, "}"):
                _field(pieces, here, lines)
        case _:  # 0.5 and dates come in several pieces
            while pieces and pieces[0].text not in {",", "]", "}"}:
                pieces.popleft()


def _closed(pieces: deque[_Piece], bracket: str) -> bool:
    """Step over a comma and, where it follows, the closing bracket."""
    if pieces[0].text == ",":
        pieces.popleft()
    if pieces[0].text != bracket:
        return False
    pieces.popleft()
    return True


def _name(text: str) -> str:
    return text[1:-1] if text[0] in "\"'" else text
