"""Built-in adapters, plug-ins from real installed metadata, and broken ones."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from adapters.emergency_services import EmergencyServicesAdapter
from adapters.language_learning import LanguageLearningAdapter
from adapters.registry import BrokenAdapter, UnknownAdapter, adapter_named, business_adapters
from adapters.resolution import resolve_service_configuration

TUTORING = """
    from adapters.base import AdapterSettings, BusinessAdapter
    from adapters.service_configuration import ServicePresets

    class TutoringSettings(AdapterSettings):
        subject: str = "maths"

    class TutoringAdapter(BusinessAdapter):
        name = "tutoring"
        settings_model = TutoringSettings

        def get_service_configuration(self):
            return ServicePresets.balanced().overridden_by({"cost_optimization": self.settings.subject != "law"})
"""
Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package `tutoring_plugin` with the given source and entry point, for one test."""

    def write(source: str, entry_point: str) -> None:
        (tmp_path / "tutoring_plugin.py").write_text(dedent(source), encoding="utf-8")
        metadata = tmp_path / "tutoring-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: tutoring\nVersion: 1.0\n", encoding="utf-8"
        )
        (metadata / "entry_points.txt").write_text(
            f"[creditgraph.business_adapters]\n{entry_point}\n", encoding="utf-8"
        )

    monkeypatch.syspath_prepend(tmp_path)
    business_adapters.cache_clear()
    yield write
    business_adapters.cache_clear()
    sys.modules.pop("tutoring_plugin", None)


def test_the_built_in_adapters() -> None:
    assert business_adapters() == {
        "emergencyservices": EmergencyServicesAdapter,
        "languagelearning": LanguageLearningAdapter,
    }
    assert adapter_named("languagelearning") is LanguageLearningAdapter


def test_an_unknown_adapter_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownAdapter) as refusal:
        adapter_named("emergency")
    assert isinstance(refusal.value, LookupError)
    assert str(refusal.value) == (
        "There is no business adapter 'emergency'; there are emergencyservices, languagelearning."
    )


def test_an_installed_package_adds_an_adapter(install: Install) -> None:
    install(TUTORING, "tutoring = tutoring_plugin:TutoringAdapter")
    assert list(business_adapters()) == ["emergencyservices", "languagelearning", "tutoring"]
    assert not resolve_service_configuration("tutoring", {"subject": "law"}).cost_optimization
    assert resolve_service_configuration("tutoring", {}).cost_optimization


@pytest.mark.parametrize(
    ("source", "entry_point", "message"),
    [
        (
            TUTORING,
            "tutoring = tutoring_plugin:Missing",
            "Business adapter 'tutoring' of tutoring (tutoring_plugin:Missing) cannot be loaded: AttributeError",
        ),
        (
            "raise RuntimeError('no licence')",
            "tutoring = tutoring_plugin:TutoringAdapter",
            (
                "Business adapter 'tutoring' of tutoring (tutoring_plugin:TutoringAdapter) cannot be loaded: "
                "RuntimeError('no licence'). Repair or uninstall the package."
            ),
        ),
        (
            "TutoringAdapter = dict",
            "tutoring = tutoring_plugin:TutoringAdapter",
            (
                "Business adapter 'tutoring' of tutoring (tutoring_plugin:TutoringAdapter) is not a subclass of "
                "adapters.base.BusinessAdapter."
            ),
        ),
        (
            TUTORING,
            "teaching = tutoring_plugin:TutoringAdapter",
            (
                "Business adapter 'teaching' of tutoring (tutoring_plugin:TutoringAdapter): "
                "the class needs the attribute name = 'teaching'."
            ),
        ),
        (
            TUTORING.replace('"tutoring"', '"languagelearning"'),
            "languagelearning = tutoring_plugin:TutoringAdapter",
            (
                "Business adapter 'languagelearning' of tutoring (tutoring_plugin:TutoringAdapter): "
                "the name 'languagelearning' is taken: rename one or uninstall one."
            ),
        ),
        (
            TUTORING.replace('subject: str = "maths"', "subject: str"),
            "tutoring = tutoring_plugin:TutoringAdapter",
            (
                "Business adapter 'tutoring' of tutoring (tutoring_plugin:TutoringAdapter) has no service "
                "configuration without settings: subject: Field required. Give each setting a default."
            ),
        ),
    ],
    ids=["missing", "failing", "foreign", "misnamed", "duplicate", "required"],
)
def test_a_broken_plug_in_is_reported_with_its_package(
    install: Install, source: str, entry_point: str, message: str
) -> None:
    install(source, entry_point)
    with pytest.raises(BrokenAdapter) as report:
        business_adapters()
    assert str(report.value).startswith(message)
