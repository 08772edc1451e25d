"""Rows of nests: whose they are and how they are selected, wherever a nest has them."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute

from graph.context import AnySelect
from graph.loaders.pages import ListKey, Page, Place, beyond, ordering_of
from graph.loaders.shapes import shape_of, values_of, with_parameters
from metering import analytics
from models.base import Base, BigInt
from models.rate_card import PublishedRate, PublishedRateCard

Owner = tuple[Any, Any]
"""The account and the id of what a list belongs to: parameters, or columns of the list around it."""


class Described(Protocol):
    """What a field lists, or what it tells of a list, whosever it is."""

    @property
    def shape(self) -> Hashable:
        """What its statement depends on."""

    @property
    def values(self) -> Mapping[str, Any]:
        """What its statement is given."""


class Rows(Described, Protocol):
    """The rows of a list, or the one row that another names."""

    @property
    def owned_by(self) -> tuple[str, str]:
        """Name the columns of the row around them that tell the account and what they belong to."""

    def select(self, owner: Owner, names: Sequence[str], prefix: str) -> AnySelect:
        """Select columns of one owner's rows, in order; names of parameters begin with the prefix."""


@dataclass(frozen=True, slots=True)
class PageRows:
    """A page of a list, read forward; whose list its key is of, is told by the rows around it."""

    key: ListKey[Any]
    page: Page

    @property
    def shape(self) -> Hashable:
        """Its filter without the values, its order, and whether it begins at a place."""
        return self.key.listing, shape_of(self.key.filter), self.key.order, self.is_preceded

    @property
    def values(self) -> Mapping[str, Any]:
        """The values of its filter, how many rows, and after which place."""
        place = self.page.place
        places = {} if place is None else {"place": place.value, "place_id": place.id}
        return {"size": self.page.size, **places, **values_of(self.key.filter)}

    @property
    def owned_by(self) -> tuple[str, str]:
        """Whatever has the list."""
        return _OF_ITSELF

    @property
    def place(self) -> tuple[str, str]:
        """Name the columns that tell a row's place."""
        return self.key.order.column.key, self.key.listing.id.key

    @property
    def is_preceded(self) -> bool:
        """Whether the page begins at a place."""
        return self.page.place is not None

    def select(self, owner: Owner, names: Sequence[str], prefix: str) -> AnySelect:
        """Select a page."""
        listing = self.key.listing
        columns = (_column(listing.model, name) for name in names)
        ordering = ordering_of(self.key.order, listing, self.page)
        return self._following(select(*columns), owner, prefix).order_by(*ordering).limit(_size(prefix))

    def counted(self, owner: Owner, prefix: str) -> ColumnElement[int]:
        """Count the whole list."""
        counting = select(func.count()).select_from(self.key.listing.model)
        return self._all(counting, owner, prefix).scalar_subquery()

    def is_followed(self, owner: Owner, prefix: str) -> ColumnElement[bool]:
        """Whether the list has more rows than the page; in which order does not matter."""
        one: AnySelect = select(literal_column("1")).select_from(self.key.listing.model)
        return self._following(one, owner, prefix).limit(1).offset(_size(prefix)).exists()

    def _following(self, statement: AnySelect, owner: Owner, prefix: str) -> AnySelect:
        statement = self._all(statement, owner, prefix)
        if not self.is_preceded:
            return statement
        place: Any = Place(bindparam(f"{prefix}place"), bindparam(f"{prefix}place_id"))  # type: ignore[arg-type]
        return statement.where(beyond(self.key.order, self.key.listing, replace(self.page, place=place)))

    def _all(self, statement: AnySelect, owner: Owner, prefix: str) -> AnySelect:
        listing, (account_id, owner_id) = self.key.listing, owner
        assert listing.account is not None  # noqa: S101 - nests begin below an account
        assert listing.owner is not None  # noqa: S101 - likewise
        conditions = [listing.account == account_id]
        if listing.owner is not listing.account:
            conditions.append(listing.owner == owner_id)
        like = with_parameters(self.key.filter, prefix)
        return statement.where(*conditions, *like.conditions())


@dataclass(frozen=True, slots=True)
class ServiceRows:
    """What each service of a run cost, dearest first."""

    owned_by = ("account_id", "id")
    shape = "services"

    @property
    def values(self) -> Mapping[str, Any]:
        """None."""
        return {}

    def select(self, owner: Owner, names: Sequence[str], prefix: str) -> AnySelect:  # noqa: ARG002 - it has no parameters
        """Add up by service."""
        return analytics.services_of_run(owner)


@dataclass(frozen=True, slots=True)
class RowOf:
    """The one row of an account that the row around it names by a column."""

    model: type[Base]
    named_by: str

    @property
    def owned_by(self) -> tuple[str, str]:
        """The same account, and the column that names it."""
        return "account_id", self.named_by

    @property
    def shape(self) -> Hashable:
        """All of it."""
        return self

    @property
    def values(self) -> Mapping[str, Any]:
        """None."""
        return {}

    def select(self, owner: Owner, names: Sequence[str], prefix: str) -> AnySelect:  # noqa: ARG002 - it has no parameters
        """Select the row by its key."""
        model: Any = self.model
        columns = (_column(model, name) for name in names)
        return select(*columns).where(model.account_id == owner[0], model.id == owner[1])


@dataclass(frozen=True, slots=True)
class RateRow:
    """The rate that priced a usage, with the version of the card that it stands on."""

    owned_by = ("account_id", "rate_id")
    shape = "rate"

    @property
    def values(self) -> Mapping[str, Any]:
        """None."""
        return {}

    def select(self, owner: Owner, names: Sequence[str], prefix: str) -> AnySelect:  # noqa: ARG002 - likewise
        """Select the rate, and of its card what a rate has not."""
        models = (PublishedRate if hasattr(PublishedRate, name) else PublishedRateCard for name in names)
        columns = (_column(model, name) for model, name in zip(models, names, strict=True))
        on_card = PublishedRateCard.id == PublishedRate.rate_card_id
        return (
            select(*columns)
            .join_from(PublishedRate, PublishedRateCard, on_card)
            .where(PublishedRate.id == owner[1])
        )


@dataclass(frozen=True, slots=True)
class Whole:
    """The list that it is told of, and nothing else."""

    @property
    def shape(self) -> Hashable:
        """Nothing."""
        return None

    @property
    def values(self) -> Mapping[str, Any]:
        """None."""
        return {}


def _column(model: Any, name: str) -> ColumnElement[Any]:  # noqa: ANN401 - a mapped class
    attribute: InstrumentedAttribute[Any] = getattr(model, name)
    columns: list[ColumnElement[Any]] = attribute.property.columns
    return columns[0].label(name)


def _size(prefix: str) -> BindParameter[int]:
    return bindparam(f"{prefix}size", type_=BigInt())


_OF_ITSELF = ("account_id", "id")
