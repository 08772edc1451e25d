"""Every place of the schema that takes a name or a cursor: another account's tell nothing, and find nothing."""

from tests.door import Door
from tests.graph.tenancy.asking import Caller, leaks
from tests.graph.tenancy.conftest import Neighbours
from tests.graph.tenancy.estate import needles, rows_of
from tests.graph.tenancy.positions import Position, positions

TEXTS = [each for each in positions("String") if not each.is_cursor]
CURSORS = [each for each in positions("String") if each.is_cursor]
NAMES = {
    "businessAdapter": "adapter",
    "description": "endpoint",
    "from": "version",
    "idempotencyKey": "start",
    "name": "budget",
    "preset": "agent",
    "provider": "provider",
    "rateCardVersion": "version",
    "reason": "grant",
    "subject": "user",
    "timeZone": "location",
    "to": "version",
    "userId": "user",
    "version": "version",
    "workflowName": "workflow",
}
"""Which of its names an account has in each place."""
BROKEN = "no~cursor"
IDS_IN_NAMES = {"Account.auditLog(filter.subject)", "Query.auditLog(filter.subject)"}
"""Text in which ids are looked for."""
UNLIKE = ("zypqvw", "zypqvx")
"""As long as the other account's mark, in the same place of the alphabet, and in nobody's names."""


def test_every_place_that_takes_a_name_says_which() -> None:
    assert {each.path[-1] for each in TEXTS} - {"url"} == set(NAMES)


async def test_another_s_names_are_names_of_nothing(ask: Door, neighbours: Neighbours) -> None:
    caller = neighbours.caller(ask)
    before = await rows_of(neighbours.theirs)
    marked = neighbours.theirs.mark
    tells = {each for each in await needles(neighbours.theirs, neighbours.mine) if marked not in each}
    for position in TEXTS:
        for theirs, nothing, other in named(neighbours, position):
            await caller.tell(position, other)  # what is set once is changed from then on
            expected = (await caller.tell(position, nothing)).masked(nothing).of_any_moment()
            told = (await caller.tell(position, theirs)).masked(theirs)
            assert leaks(told, tells, theirs) == [], (position, told.text)
            assert told.of_any_moment() == expected, position
            assert "INTERNAL" not in told.text, (position, told.text)
    assert await rows_of(neighbours.theirs) == before


async def test_another_s_cursors_are_no_cursors(ask: Door, neighbours: Neighbours) -> None:
    mine, theirs = neighbours.caller(ask), Caller(ask, neighbours.theirs, neighbours.theirs.secret)
    tells = await needles(neighbours.theirs, neighbours.mine)
    for position in CURSORS:
        if position.type_name == "Query":  # an operator's lists
            assert (await mine.tell(position, BROKEN)).codes == ["FORBIDDEN"]
            continue
        expected = (await mine.tell(position, BROKEN)).masked(BROKEN)
        assert expected.codes == ["BAD_USER_INPUT"], position
        cursor = await first_cursor(theirs, position)
        told = await mine.tell(position, cursor)
        assert leaks(told, tells) == [], position
        assert told.masked(cursor).text == expected.text, position
        assert told.statements == expected.statements, position
        own = await first_cursor(mine, position)
        assert (await mine.tell(position, own)).codes == [], position


async def first_cursor(caller: Caller, position: Position) -> str:
    """Give the cursor of the first thing of a list of the caller's."""
    text, _ = caller.operation(position, "", "edges { cursor }")
    field, _, rest = text.partition(f"{position.field_name}(")
    _, _, rest = rest.partition(")")
    query = "query" + field[field.index(" {") :] + f"{position.field_name}(first: 1){rest}"
    told = await caller.told(query, {})
    return told.text.partition('"cursor": "')[2].partition('"')[0]


def named(neighbours: Neighbours, position: Position) -> list[tuple[str, str, str]]:
    """Give what the other account has for a place, each with two names that nobody has."""
    theirs = neighbours.theirs
    text = f"https://example.com/{theirs.mark}" if position.path[-1] == "url" else ""
    name = text or theirs.name(NAMES[position.path[-1]])
    first, second = (name.replace(theirs.mark, unlike) for unlike in UNLIKE)
    found = [(name, first, second)]
    if str(position) in IDS_IN_NAMES:
        found += [(each, f"{each[:-4]}0000", f"{each[:-4]}0001") for each in theirs.ids.values()]
    return found
