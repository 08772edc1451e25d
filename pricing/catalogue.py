"""What each provider is: its tiers, what it is adequate for, who stands in for it. Data, read from TOML."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final, TypeVar

from pricing.names import did_you_mean, name_from_text
from pricing.rate import InvalidRateCard
from pricing.table import Table
from pricing.toml_lines import Path, line_of
from pricing.units import ServiceType

_BUILT_IN: Final = "catalogue.toml"
_FIELDS = ("version", "providers")
_PROVIDER_FIELDS = ("service_type", "provider", "accuracy", "quality", "speed", "adequate_for", "fallbacks")
_Item = TypeVar("_Item")


class RequestComplexity(StrEnum):
    """How much thinking a request needs."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"


class ProviderTier(StrEnum):
    """How good a provider is in one respect, compared with others of its service type."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"

    @property
    def rank(self) -> int:
        """0 for LOW, 1 for NORMAL, 2 for HIGH; the words themselves would sort by their letters."""
        return _RANKS[self]


_RANKS = {tier: rank for rank, tier in enumerate(ProviderTier)}


class InvalidCatalogue(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """A catalogue that breaks a rule; `path` leads to the field, e.g. ("providers", 3, "fallbacks", 0)."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


class CatalogueError(ValueError):
    """A text that is not a valid catalogue; the message begins with the source and says the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One provider of one service type; `fallbacks` stand in for it, the first that can serve."""

    service_type: ServiceType
    provider: str
    accuracy: ProviderTier
    quality: ProviderTier
    speed: ProviderTier
    adequate_for: frozenset[RequestComplexity] = frozenset(RequestComplexity)
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every provider that a selection may put in another's place; of equals, the first is preferred.

    InvalidCatalogue for two entries of one provider, and a fallback that is unknown or the provider itself.
    """

    version: str
    entries: tuple[CatalogueEntry, ...]
    _by_provider: dict[tuple[ServiceType, str], CatalogueEntry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_provider", _by_provider(self.entries))
        for position, entry in enumerate(self.entries):
            self._check_fallbacks(entry, position)

    def entry(self, service_type: ServiceType, provider: str) -> CatalogueEntry | None:
        """Return what the provider is; None for one that the catalogue does not know."""
        return self._by_provider.get((service_type, provider))

    def providers(self, service_type: ServiceType) -> tuple[str, ...]:
        """Return the providers of a service type, the preferred first."""
        return tuple(entry.provider for entry in self.entries if entry.service_type is service_type)

    def _check_fallbacks(self, entry: CatalogueEntry, position: int) -> None:
        known = [name for name in self.providers(entry.service_type) if name != entry.provider]
        for place, fallback in enumerate(entry.fallbacks):
            if fallback not in known:
                raise InvalidCatalogue(
                    f"{fallback!r} is not another {entry.service_type} provider of this catalogue. "
                    f"{did_you_mean(fallback, known)}",
                    *("providers", position, "fallbacks", place),
                )


@cache
def built_in_catalogue() -> Catalogue:
    """Return the catalogue that comes with the package; it knows every provider of the built-in rate card."""
    return parse_catalogue(files("pricing").joinpath(_BUILT_IN).read_text(encoding="utf-8"))


def parse_catalogue(text: str, *, source: str = _BUILT_IN) -> Catalogue:
    """Read a catalogue; CatalogueError, which says where and what, for anything that is not in order."""
    try:
        fields = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # the parser's own words say where
        raise CatalogueError(f"{source}: not valid TOML: {error}.") from None
    try:
        return _catalogue(Table(fields))
    except (InvalidCatalogue, InvalidRateCard) as error:
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.path)
        raise CatalogueError(
            f"{source}:{line_of(text, error.path)}: {name.removeprefix('.')}: {error}"
        ) from error


def _catalogue(table: Table) -> Catalogue:
    table.refuse_unknown(_FIELDS)
    return Catalogue(table.name("version"), tuple(_entry(entry) for entry in table.tables("providers")))


def _entry(table: Table) -> CatalogueEntry:
    table.refuse_unknown(_PROVIDER_FIELDS)
    adequate_for = frozenset(RequestComplexity)
    if "adequate_for" in table:
        adequate_for = frozenset(_items(table, "adequate_for", _complexity))
    return CatalogueEntry(
        service_type=table.word("service_type", ServiceType),
        provider=table.name("provider"),
        accuracy=table.word("accuracy", ProviderTier),
        quality=table.word("quality", ProviderTier),
        speed=table.word("speed", ProviderTier),
        adequate_for=adequate_for,
        fallbacks=_items(table, "fallbacks", name_from_text) if "fallbacks" in table else (),
    )


def _items(table: Table, name: str, read: Callable[[str], _Item]) -> tuple[_Item, ...]:
    values = table.fields[name]
    if not isinstance(values, list):
        raise table.invalid(name, "write a list of texts in brackets.")
    return tuple(_item(table, (name, position), value, read) for position, value in enumerate(values))


def _item(table: Table, path: Path, value: object, read: Callable[[str], _Item]) -> _Item:
    if not isinstance(value, str):
        raise table.invalid_at(path, "write text in quotes.")
    try:
        return read(value)
    except ValueError as error:
        raise table.invalid_at(path, str(error)) from None


def _complexity(text: str) -> RequestComplexity:
    if text not in set(RequestComplexity):
        raise ValueError(
            f"{text[:40]!r} is not one of the words here. {did_you_mean(text, RequestComplexity)}"
        )
    return RequestComplexity(text)


def _by_provider(entries: tuple[CatalogueEntry, ...]) -> dict[tuple[ServiceType, str], CatalogueEntry]:
    by_provider: dict[tuple[ServiceType, str], CatalogueEntry] = {}
    for position, entry in enumerate(entries):
        if by_provider.setdefault((entry.service_type, entry.provider), entry) is not entry:
            raise InvalidCatalogue(
                f"a second entry for {entry.service_type}, {entry.provider!r}: keep one.",
                "providers",
                position,
            )
    return by_provider
