"""What is wrong with an answer, whoever asked: more than its row allows, or anything of the inside."""

import re

from graph.errors import ErrorCode
from tests.hostile.rows.row import MARK, Row
from tests.hostile.talking import SWITCHING, Conversation

_ALLOWED = {code.value for code in ErrorCode} - {"INTERNAL"} | {"OK", "TEXT"}
_SERVER_ERROR = 500
_INTERNAL = re.compile(
    r"""
    Traceback | [Ss]tack\s?trace | File\s" | \.py\b | line\s\d+,\sin | site-packages | /usr/ | /home/ | /tmp/ | /root/
    | (?i:sqlalchemy | aiosqlite | asyncpg | strawberry | graphql-core | starlette | fastapi | uvicorn | pydantic)
    | \b(?:SELECT | INSERT | UPDATE | DELETE)\s.*\b(?:FROM | INTO | SET)\b
    | Did\syou\smean | NoneType | object\sat\s0x | <class | \b[A-Z]\w*(?:Error | Exception)\b
    | (?im:^server:)
    """,
    re.VERBOSE,
)
_TOLD = re.compile(rf"Traceback|exc_info|nexus_\w|{MARK}|__typename|\bviewer\b|fragment F|connection_init")


def wrongs(row: Row, heard: Conversation) -> list[str]:
    """Say in which ways an answer is not what the row allows; of a good one, nothing."""
    found = []
    if heard.statuses not in row.statuses:
        found.append(f"statuses {heard.statuses}, allowed: {sorted(row.statuses)}")
    if any(status >= _SERVER_ERROR for status in heard.statuses):
        found.append("a server error")
    if not heard.outcomes <= row.outcomes:
        found.append(f"outcomes {sorted(heard.outcomes)}, allowed: {sorted(row.outcomes)}")
    if not heard.outcomes <= _ALLOWED:
        found.append("a code that is not in the list, or a bug")
    if row.is_socket and heard.statuses == (SWITCHING,) and heard.close_code not in row.closes | {None}:
        found.append(f"closed with {heard.close_code}, allowed: {sorted(row.closes)}")
    if inside := _INTERNAL.findall(heard.text):
        found.append(f"it tells of the inside: {inside}")
    return [f"{row.name}: {each}; it said {heard.text[:1_500]!r}" for each in found]


def told(log: str) -> list[str]:
    """Give a log's lines that hold a traceback, a secret or a caller's text."""
    return [line[:2_000] for line in log.splitlines() if _TOLD.search(line)]
