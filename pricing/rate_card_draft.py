"""Rate cards that are about to be published: what may still be open, and all that is wrong at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pricing.credits import RoundingMode
from pricing.rate import InvalidRateCard, Rate
from pricing.rate_card import MADE_UP_OF, RateCard
from pricing.rate_card_fields import CARD_FIELDS, rate_from_table
from pricing.table import Table

_Read = Callable[[], object]
_Rates = Callable[[Table], Iterable[Table]]
_ANY_DATE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RateCardDraft:
    """A version of the prices before it is published.

    Without a date it is in force as soon as it may be. Without rounding and precision it holds some account's
    own rates, which stand in place of everybody's. InvalidRateCard for one that breaks a card's rules.
    """

    version: str
    effective_from: datetime | None
    rounding: RoundingMode | None
    precision: int | None
    rates: tuple[Rate, ...]

    def __post_init__(self) -> None:
        if MADE_UP_OF in self.version:
            raise InvalidRateCard(
                f"{MADE_UP_OF!r} stands between the two versions that an account's prices are made up of: "
                "write the name without it.",
                "version",
            )
        self.dated(self.effective_from or _ANY_DATE, rounding=RoundingMode.UP, precision=0)

    def dated(self, effective_from: datetime, *, rounding: RoundingMode, precision: int) -> RateCard:
        """Make it a card; what the draft says itself about rounding and precision holds."""
        return RateCard(
            self.version,
            effective_from,
            self.rounding or rounding,
            precision if self.precision is None else self.precision,
            self.rates,
        )


class InvalidDraft(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """All that is wrong with the fields of a draft, each with its path, in the order of the fields."""

    def __init__(self, problems: tuple[InvalidRateCard, ...]) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = problems


def draft_from_fields(fields: Mapping[str, object]) -> RateCardDraft:
    """Read everybody's next card; only its date may be left out. Raises InvalidDraft."""
    table = Table(fields)
    _refuse_problems(
        table, _some_rates, partial(table.word, "rounding", RoundingMode), partial(table.integer, "precision")
    )
    rounding, precision = table.word("rounding", RoundingMode), table.integer("precision")
    return _built(table, _some_rates, rounding=rounding, precision=precision)


def override_from_fields(fields: Mapping[str, object]) -> RateCardDraft:
    """Read an account's own rates: a card without rounding and precision. Raises InvalidDraft.

    An empty list of rates ends those that the account has.
    """
    table = Table(fields)
    _refuse_problems(
        table, _any_rates, *(partial(_require_left_out, table, field) for field in ("rounding", "precision"))
    )
    return _built(table, _any_rates, rounding=None, precision=None)


def _some_rates(table: Table) -> Iterable[Table]:
    return table.tables("rates")


def _any_rates(table: Table) -> Iterable[Table]:
    return () if table.fields.get("rates") == [] else table.tables("rates")


def _refuse_problems(table: Table, rates: _Rates, *terms: _Read) -> None:
    reads: tuple[_Read, ...] = (
        partial(table.refuse_unknown, CARD_FIELDS),
        partial(table.name, "version"),
        partial(_date, table),
        *terms,
    )
    problems = [problem for read in reads for problem in _problems(read)]
    try:
        for each in rates(table):
            problems.extend(_problems(partial(rate_from_table, each)))
    except InvalidRateCard as error:
        problems.append(error)
    if problems:
        raise InvalidDraft(tuple(problems))


def _problems(read: _Read) -> Iterator[InvalidRateCard]:
    try:
        read()
    except InvalidRateCard as error:
        yield error


def _built(
    table: Table, rates: _Rates, *, rounding: RoundingMode | None, precision: int | None
) -> RateCardDraft:
    read = tuple(rate_from_table(each) for each in rates(table))
    try:
        return RateCardDraft(table.name("version"), _date(table), rounding, precision, read)
    except InvalidRateCard as error:
        raise InvalidDraft((error,)) from error


def _date(table: Table) -> datetime | None:
    return table.time("effective_from") if "effective_from" in table else None


def _require_left_out(table: Table, field: str) -> None:
    if field in table:
        raise table.invalid(
            field, "leave it out: an account's own rates are rounded as everybody's card says."
        )
