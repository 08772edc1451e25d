"""The catalogue: what the built-in one says, and what is said about a wrong one."""

import pytest

from adapters.registry import business_adapters
from adapters.service_configuration import ServicePresets
from pricing.catalogue import (
    Catalogue,
    CatalogueEntry,
    CatalogueError,
    InvalidCatalogue,
    ProviderTier,
    RequestComplexity,
    built_in_catalogue,
    parse_catalogue,
)
from pricing.configuration import refuse_unknown_providers
from pricing.rate_card_file import built_in_rate_card
from pricing.units import ServiceType

HEAD = 'version = "test"\n'
DEEPGRAM = """
[[providers]]
service_type = "VOICE_STT"
provider = "deepgram"
accuracy = "NORMAL"
quality = "NORMAL"
speed = "HIGH"
"""  # line 2 is empty, the provider's own fields stand on lines 4 to 8
LOW, NORMAL, HIGH = ProviderTier


def test_it_knows_every_provider_of_the_built_in_rate_card() -> None:
    catalogue = built_in_catalogue()
    priced = {(rate.service_type, rate.provider) for rate in built_in_rate_card().rates}
    assert {(entry.service_type, entry.provider) for entry in catalogue.entries} == priced
    assert catalogue.version == "2025-01-01"


@pytest.mark.parametrize(
    ("service_type", "providers"),
    [
        (ServiceType.PHONE, [("twilio", HIGH)]),
        (
            ServiceType.GPT,
            [("gpt-4o-mini", NORMAL), ("claude-3-haiku", NORMAL), ("gpt-4o", HIGH), ("gpt-4", HIGH)],
        ),
        (ServiceType.VOICE_STT, [("deepgram", NORMAL), ("openai-whisper", HIGH)]),
        (ServiceType.VOICE_TTS, [("openai-tts", HIGH), ("cartesia", HIGH), ("elevenlabs", HIGH)]),
        (ServiceType.VISION, [("gpt-4o-mini", NORMAL), ("gpt-4o", HIGH)]),
        (ServiceType.SMS, []),
    ],
)
def test_providers_stand_in_the_order_of_preference_with_their_accuracy(
    service_type: ServiceType, providers: list[tuple[str, ProviderTier]]
) -> None:
    catalogue = built_in_catalogue()
    entries = [catalogue.entry(service_type, provider) for provider in catalogue.providers(service_type)]
    assert [(entry.provider, entry.accuracy) for entry in entries if entry] == providers


def test_the_small_models_are_adequate_for_low_and_normal_complexity() -> None:
    adequate = {
        entry.provider: entry.adequate_for
        for entry in built_in_catalogue().entries
        if entry.service_type is ServiceType.GPT
    }
    small = {RequestComplexity.LOW, RequestComplexity.NORMAL}
    assert adequate == {
        "gpt-4o-mini": small,
        "claude-3-haiku": small,
        "gpt-4o": set(RequestComplexity),
        "gpt-4": set(RequestComplexity),
    }


def test_every_preset_and_adapter_names_known_providers() -> None:
    made = [adapter().get_service_configuration() for adapter in business_adapters().values()]
    presets = [ServicePresets.by_name(name) for name in ServicePresets.names()]
    for configuration in (*presets, *made):
        refuse_unknown_providers(configuration, built_in_rate_card(), built_in_catalogue())


def test_an_entry_may_leave_out_what_it_is_adequate_for_and_its_fallbacks() -> None:
    (entry,) = parse_catalogue(HEAD + DEEPGRAM).entries
    assert entry == CatalogueEntry(
        service_type=ServiceType.VOICE_STT,
        provider="deepgram",
        accuracy=NORMAL,
        quality=NORMAL,
        speed=HIGH,
        adequate_for=frozenset(RequestComplexity),
        fallbacks=(),
    )


def test_a_provider_that_is_not_there_has_no_entry() -> None:
    assert built_in_catalogue().entry(ServiceType.VOICE_STT, "own-ears") is None
    assert built_in_catalogue().entry(ServiceType.GPT, "deepgram") is None


def test_tiers_have_ranks_since_their_words_sort_by_letters() -> None:
    assert [tier.rank for tier in (LOW, NORMAL, HIGH)] == [0, 1, 2]
    assert sorted(ProviderTier) == [HIGH, LOW, NORMAL]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "catalogue.toml:1: providers: missing: add this field."),
        (DEEPGRAM, "catalogue.toml:1: version: missing: add this field."),
        (HEAD + 'date = "x"\n' + DEEPGRAM, "catalogue.toml:2: date: there is no such field."),
        (
            HEAD + DEEPGRAM + 'acuracy = "HIGH"\n',
            "catalogue.toml:9: providers[0].acuracy: there is no such field. Did you mean 'accuracy'?",
        ),
        (
            HEAD + DEEPGRAM.replace("VOICE_STT", "VOICE_SST"),
            (
                "catalogue.toml:4: providers[0].service_type: 'VOICE_SST' is not one of the words here. "
                "Did you mean 'VOICE_STT'?"
            ),
        ),
        (
            HEAD + DEEPGRAM.replace('speed = "HIGH"', 'speed = "FAST"'),
            "catalogue.toml:8: providers[0].speed: 'FAST' is not one of the words here.",
        ),
        (
            HEAD + DEEPGRAM.replace('"deepgram"', '""'),
            "catalogue.toml:5: providers[0].provider: a name has 1 to 100 characters, not 0.",
        ),
        (
            HEAD + DEEPGRAM + 'adequate_for = "LOW"\n',
            "catalogue.toml:9: providers[0].adequate_for: write a list of texts in brackets.",
        ),
        (
            HEAD + DEEPGRAM + 'adequate_for = [\n  "LOW",\n  "NORML",\n]\n',
            (
                "catalogue.toml:11: providers[0].adequate_for[1]: 'NORML' is not one of the words here. "
                "Did you mean 'NORMAL'?"
            ),
        ),
        (
            HEAD + DEEPGRAM + "fallbacks = [7]\n",
            "catalogue.toml:9: providers[0].fallbacks[0]: write text in quotes.",
        ),
        (
            HEAD + DEEPGRAM + 'fallbacks = ["deepgram"]\n',
            (
                "catalogue.toml:9: providers[0].fallbacks[0]: 'deepgram' is not another VOICE_STT provider of this "
                "catalogue."
            ),
        ),
        (
            HEAD + DEEPGRAM + DEEPGRAM,
            "catalogue.toml:10: providers[1]: a second entry for VOICE_STT, 'deepgram': keep one.",
        ),
        (HEAD + "providers = 7\n", "catalogue.toml:2: providers: write at least one table: [[providers]]."),
        (HEAD + "[[providers\n", "catalogue.toml: not valid TOML: "),
        ("a = " + "9" * 5000, "catalogue.toml: not valid TOML: "),
        ("a = " + "[" * 100_000, "catalogue.toml: not valid TOML: "),
    ],
)
def test_a_wrong_catalogue_is_told_with_line_field_and_fix(text: str, message: str) -> None:
    with pytest.raises(CatalogueError) as error:
        parse_catalogue(text)
    assert str(error.value).startswith(message)


def test_the_source_is_named() -> None:
    with pytest.raises(CatalogueError, match=r"^mine\.toml:1: providers: missing"):
        parse_catalogue(HEAD, source="mine.toml")


def test_a_catalogue_made_in_code_keeps_the_same_rules() -> None:
    entry = CatalogueEntry(
        service_type=ServiceType.GPT,
        provider="own",
        accuracy=LOW,
        quality=LOW,
        speed=LOW,
        fallbacks=("deepgram",),
    )
    with pytest.raises(InvalidCatalogue) as error:
        Catalogue("own", (entry, *built_in_catalogue().entries))
    assert error.value.path == ("providers", 0, "fallbacks", 0)
