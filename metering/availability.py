"""Availability: which providers an operator has taken out of selections, since when, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metering.audit_log import log_act
from metering.errors import NoRateCardInForce, ProviderNotFound
from metering.prices import PriceBook, price_book
from models.audit_entry import AuditAct
from models.identity import new_id
from models.provider_outage import ProviderOutage
from pricing.catalogue import CatalogueEntry, built_in_catalogue
from pricing.rate_card import Rate
from pricing.units import ServiceType

ProviderKey = tuple[ServiceType, str]


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """A provider of a service type: what the catalogue says of it, its rates in force, its open outage."""

    service_type: ServiceType
    provider: str
    entry: CatalogueEntry | None
    rates: tuple[tuple[Rate, UUID], ...]
    outage: ProviderOutage | None

    @property
    def available(self) -> bool:
        """Whether selections may take it."""
        return self.outage is None


def unavailable_providers(session: Session) -> frozenset[ProviderKey]:
    """Give the providers that no selection takes, whoever asks."""
    return frozenset((outage.service_type, outage.provider) for outage in session.execute(_UNAVAILABLE))


def set_availability(
    session: Session,
    *,
    service_type: ServiceType,
    provider: str,
    available: bool,
    reason: str | None,
    now: datetime,
) -> ProviderOutage | None:
    """Take a provider out of selections, or put it back; give its outage, None where it is available.

    Where it is so already, nothing changes: an outage keeps its beginning and its reason.
    Raises ProviderNotFound for one that neither a rate card nor the catalogue knows.
    """
    _one_at_a_time(session)
    outage = session.scalar(
        _OPEN.where(ProviderOutage.service_type == service_type, ProviderOutage.provider == provider)
    )
    if outage is None:
        _require_known(session, service_type, provider)
        outage = None if available else _begun(session, service_type, provider, reason, now)
    elif available:
        # Another process's clock may be ahead of this one's.
        outage.ended_at = max(now, outage.began_at)
        session.flush()
        _log(session, outage, now)
        outage = None
    return outage


def known_providers(session: Session, *, account_id: UUID | None, now: datetime) -> list[KnownProvider]:
    """List what the catalogue knows or the account's prices in force name, by service type.

    Without an account, by everybody's prices, and with every provider that is unavailable. Within a service
    type the catalogue's come first, in its order of preference.
    """
    outages = {(outage.service_type, outage.provider): outage for outage in session.scalars(_OPEN)}
    rates = _rates_in_force(price_book(session), account_id, now)
    catalogue = built_in_catalogue()
    named = {*rates, *(outages if account_id is None else ())}
    preferred = [(entry.service_type, entry.provider) for entry in catalogue.entries]
    others = sorted(named.difference(preferred))
    in_order = sorted((*preferred, *others), key=lambda key: _SERVICE_TYPES.index(key[0]))
    return [
        KnownProvider(
            service_type,
            provider,
            catalogue.entry(service_type, provider),
            tuple(rates.get((service_type, provider), ())),
            outages.get((service_type, provider)),
        )
        for service_type, provider in in_order
    ]


def _begun(
    session: Session, service_type: ServiceType, provider: str, reason: str | None, now: datetime
) -> ProviderOutage:
    outage = ProviderOutage(
        id=new_id(),
        service_type=service_type,
        provider=provider,
        reason=reason,
        began_at=now,
        ended_at=None,
    )
    session.add(outage)
    session.flush()
    _log(session, outage, now)
    return outage


def _log(session: Session, outage: ProviderOutage, now: datetime) -> None:
    available = outage.ended_at is not None
    log_act(
        session,
        AuditAct.SET_PROVIDER_AVAILABILITY,
        account_id=None,
        subject=f"{outage.service_type} {outage.provider}",
        details={"available": available} | ({} if available else {"reason": outage.reason}),
        now=now,
    )


def _require_known(session: Session, service_type: ServiceType, provider: str) -> None:
    book = price_book(session)
    rates = (rate for card in book.every_card() for rate in card.rates)
    known = {rate.provider for rate in rates if rate.service_type is service_type}
    known.update(built_in_catalogue().providers(service_type))
    if provider not in known:
        raise ProviderNotFound(service_type, provider, sorted(known))


def _rates_in_force(
    book: PriceBook, account_id: UUID | None, now: datetime
) -> dict[ProviderKey, list[tuple[Rate, UUID]]]:
    rates: dict[ProviderKey, list[tuple[Rate, UUID]]] = {}
    for rate, rate_id in _priced(book, account_id, now):
        rates.setdefault((rate.service_type, rate.provider), []).append((rate, rate_id))
    return rates


def _priced(book: PriceBook, account_id: UUID | None, now: datetime) -> Iterable[tuple[Rate, UUID]]:
    try:
        return book.rates_of(book.in_force(now, account_id=account_id))
    except NoRateCardInForce:
        return ()


def _one_at_a_time(session: Session) -> None:
    # On SQLite there is one writer at a time anyway.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_SETTING_LOCK)))


_OPEN = select(ProviderOutage).where(ProviderOutage.ended_at.is_(None))
_UNAVAILABLE = select(ProviderOutage.service_type, ProviderOutage.provider).where(
    ProviderOutage.ended_at.is_(None)
)
_SERVICE_TYPES = tuple(ServiceType)
# Any constant will do, as long as every process asks for the same lock.
_SETTING_LOCK = 0x61766169
