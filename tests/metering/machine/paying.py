"""Who pays, in the oracle: what covers a run, who gives how much of it, and taking it from them."""

from collections.abc import Iterable, Iterator

from tests.metering.machine.books import Books

Source = str | tuple[str, int] | None  # a grant, a part of a hold, or the credit line
Draw = tuple[Source, int]


def cover(books: Books, run: str, lenders: Iterable[str]) -> int:
    """Add up all that may pay: open holds of the lenders, grants and credit line."""
    held = (part.remaining for lender in lenders for _, _, part, _ in books.open_parts(lender))
    return books.headroom(run) + sum(held)


def draws(
    books: Books, run: str, amount: int, wanted: tuple[str, str] | None, lenders: Iterable[str]
) -> list[Draw]:
    """Say who pays how much, as far as there is cover, changing nothing."""
    found: list[Draw] = []
    for source, most in _sources(books, run, wanted, lenders):
        paid = min(amount, most)
        if paid:
            found.append((source, paid))
            amount -= paid
    return found


def take(books: Books, source: Source, amount: int) -> str | None:
    """Take credits out of their source; tell the grant that they came from."""
    if isinstance(source, tuple):
        part = books.holds[source[0]].parts[source[1]]
        part.remaining -= amount
        return part.grant
    if source is not None:
        books.grants[source].remaining -= amount
    return source


def _sources(
    books: Books, run: str, wanted: tuple[str, str] | None, lenders: Iterable[str]
) -> Iterator[Draw]:
    others: list[Draw] = []
    for lender in lenders:
        matching: list[Draw] = []
        open_: list[Draw] = []
        for hold, number, part, line in books.open_parts(lender):
            fit = open_ if line.service is None else matching if line.service == wanted else others
            fit.append(((hold, number), part.remaining))
        yield from matching
        yield from open_
    claimed = books.claimed
    free: list[Draw] = []
    late: list[Draw] = []
    for label in reversed(books.usable(run)):
        grant = books.grants[label]
        part = 0 if grant.restriction else min(claimed, grant.remaining)
        claimed -= part
        free.insert(0, (label, grant.remaining - part))
        late.insert(0, (label, part))
    yield from free
    yield None, books.room
    yield from others
    yield from late
