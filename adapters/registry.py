"""Which business adapters there are: the built-in ones and those that installed packages register."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from adapters.base import BusinessAdapter
from adapters.emergency_services import EmergencyServicesAdapter
from adapters.language_learning import LanguageLearningAdapter

ENTRY_POINT_GROUP = "creditgraph.business_adapters"
_BUILT_IN: tuple[type[BusinessAdapter], ...] = (EmergencyServicesAdapter, LanguageLearningAdapter)


class UnknownAdapter(LookupError):  # noqa: N818 - named for the state, as every refusal here
    """No business adapter has that name; the message lists those there are."""


class BrokenAdapter(RuntimeError):  # noqa: N818 - named for the state, as every refusal here
    """A registered adapter that cannot be used; the message names its package and the cure."""


@cache
def business_adapters() -> Mapping[str, type[BusinessAdapter]]:
    """Return every business adapter by name, built-in ones first; read once in a process.

    Raises BrokenAdapter for a plug-in that cannot be loaded, is no adapter, or takes a name twice.
    """
    adapters = {adapter.name: adapter for adapter in _BUILT_IN}
    for entry_point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda found: found.name):
        adapter = _loaded(entry_point)
        if adapter.name in adapters:
            raise BrokenAdapter(
                f"{_shown(entry_point)}: the name {adapter.name!r} is taken: rename one or uninstall one."
            )
        adapters[adapter.name] = adapter
    return MappingProxyType(adapters)


def adapter_named(name: str) -> type[BusinessAdapter]:
    """Return the adapter of that name; UnknownAdapter lists the known ones."""
    adapters = business_adapters()
    if name not in adapters:
        raise UnknownAdapter(
            f"There is no business adapter {name[:100]!r}; there are {', '.join(sorted(adapters))}."
        )
    return adapters[name]


def _loaded(entry_point: EntryPoint) -> type[BusinessAdapter]:
    try:
        adapter = entry_point.load()
    except Exception as error:  # a plug-in's import may fail in any way; none may go unnamed
        raise BrokenAdapter(
            f"{_shown(entry_point)} cannot be loaded: {error!r}. Repair or uninstall the package."
        ) from error
    if not (isinstance(adapter, type) and issubclass(adapter, BusinessAdapter)):
        raise BrokenAdapter(f"{_shown(entry_point)} is not a subclass of adapters.base.BusinessAdapter.")
    if getattr(adapter, "name", None) != entry_point.name:
        raise BrokenAdapter(
            f"{_shown(entry_point)}: the class needs the attribute name = {entry_point.name!r}."
        )
    try:
        adapter().get_service_configuration()
    except Exception as error:  # a plug-in's own code may fail in any way; none may go unnamed
        raise BrokenAdapter(
            f"{_shown(entry_point)} has no service configuration without settings: {error} "
            "Give each setting a default."
        ) from error
    return adapter


def _shown(entry_point: EntryPoint) -> str:
    package = entry_point.dist.name if entry_point.dist else "an unknown package"
    return f"Business adapter {entry_point.name!r} of {package} ({entry_point.value})"
