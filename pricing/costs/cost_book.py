"""All places where cost rates come from, the first that knows a unit winning."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pricing.costs.cost_rate import CostLayer, CostRate, NoCost, UnitCost
from pricing.units import ServiceType, UnitType, priced_in

_BOTH_KINDS = (UnitType.INPUT_TOKENS, UnitType.OUTPUT_TOKENS)


@dataclass(frozen=True, slots=True)
class CostBook:
    """The cost rates of all layers, in one currency; of two layers that know a unit, the first counts.

    `remark` is a sentence that follows wherever no layer knows a unit.
    """

    currency: str
    layers: tuple[CostLayer, ...]
    remark: str = ""

    def unit_cost(
        self, service_type: ServiceType, provider: str, unit_type: UnitType, at: datetime
    ) -> UnitCost | NoCost:
        """Return what a unit costs at a time.

        Within a layer the unit's own rate comes first; a unit is charged in whatever unit it is priced in.
        Tokens of either kind have a cost only where both kinds cost the same.
        """
        for layer in self.layers:
            found = self._in_layer(layer, service_type, provider, unit_type, at)
            if found is not None:
                return found
        return NoCost(self._unknown(service_type, provider, unit_type, at))

    def changes(
        self, services: Iterable[tuple[ServiceType, str]], start: datetime | None, end: datetime | None
    ) -> tuple[datetime, ...]:
        """Return when rates of these services change after a period's start and before its end, in order."""
        found = {moment for layer in self.layers for key in services for moment in layer.changes(*key)}
        return tuple(
            sorted(
                moment
                for moment in found
                if (start is None or start < moment) and (end is None or moment < end)
            )
        )

    def _in_layer(
        self,
        layer: CostLayer,
        service_type: ServiceType,
        provider: str,
        unit_type: UnitType,
        at: datetime,
    ) -> UnitCost | NoCost | None:
        for exact, units_in_one in priced_in(service_type, unit_type):
            rate = layer.rate(service_type, provider, exact, at)
            if rate is not None:
                return UnitCost(rate, units_in_one) if isinstance(rate, CostRate) else rate
        if unit_type is UnitType.TOKENS and any(
            layer.rate(service_type, provider, kind, at) for kind in _BOTH_KINDS
        ):
            return self._either_kind(service_type, provider, at)
        return None

    def _either_kind(self, service_type: ServiceType, provider: str, at: datetime) -> UnitCost | NoCost:
        # An upper layer may know one kind and a lower one the other: only the whole book can compare them.
        read, written = (self.unit_cost(service_type, provider, kind, at) for kind in _BOTH_KINDS)
        if isinstance(read, NoCost):
            return read
        if isinstance(written, UnitCost) and read.of(1) == written.of(1):
            return read
        return NoCost(
            f"{provider!r} charges input and output tokens differently: "
            "record INPUT_TOKENS and OUTPUT_TOKENS in place of TOKENS."
        )

    def _unknown(self, service_type: ServiceType, provider: str, unit_type: UnitType, at: datetime) -> str:
        later = [
            moment
            for moment in self.changes([(service_type, provider)], at, None)
            if any(
                isinstance(layer.rate(service_type, provider, exact, moment), CostRate)
                for layer in self.layers
                for exact, _ in priced_in(service_type, unit_type)
            )
        ]
        when = f" before {later[0].isoformat().replace('+00:00', 'Z')}" if later else ""
        reason = f"No cost rate for {unit_type} of {service_type} {provider!r}{when}: add one to your costs."
        return f"{reason} {self.remark}" if self.remark else reason
