"""Why a provider was chosen and why another was not: sentences with their figures."""

import pytest

from pricing.selection import SelectionRule
from tests.pricing.selections import HIGH, NO_LIMIT, PRESETS, STT, TOKENS, TTS, selected


@pytest.mark.parametrize(
    ("override", "needs", "request_", "reason"),
    [
        (
            {},
            TOKENS,
            {"complexity": "LOW"},
            (
                "The request is of LOW complexity and cost is optimised: gpt-4o-mini serves as the cheapest adequate "
                "model at 3 credits, in place of gpt-4o at 24: 21 credits saved."
            ),
        ),
        (
            {},
            STT,
            {"accuracy": "HIGH"},
            (
                "HIGH accuracy is asked for: openai-whisper serves as the most accurate at 50 credits, "
                "in place of deepgram at 40: 10 credits more."
            ),
        ),
        (
            {"stt_provider": "openai-whisper"},
            "VOICE_STT 30 SECONDS",
            {},
            (
                "Cost is optimised: deepgram serves as the cheapest at 4 credits, "
                "in place of openai-whisper at 5: 1 credit saved."
            ),
        ),
        (
            {"fallback_ai_model": None, "primary_ai_model": "gpt-4"},
            TOKENS,
            {"unavailable": "GPT gpt-4,GPT gpt-4o", "complexity": "HIGH", "accuracy": "HIGH"},
            (
                "gpt-4 is marked unavailable: gpt-4o-mini serves as its fallback, though it is not adequate for HIGH "
                "complexity and of NORMAL accuracy where HIGH is asked for, at 3 credits, "
                "in place of gpt-4 at 75: 72 credits saved."
            ),
        ),
        (
            {"primary_ai_model": "gpt-6"},
            TOKENS,
            {},
            (
                "GPT has no provider 'gpt-6'; the rate card has claude-3-haiku, gpt-4, gpt-4o, gpt-4o-mini: "
                "gpt-4o-mini serves as its fallback at 3 credits, in place of gpt-6, which has no price here."
            ),
        ),
        (
            {"max_credits_per_request": "23"},
            TOKENS,
            {},
            (
                "The plan costs 24 credits and the limit is 23: gpt-4o-mini serves as the fallback model at 3 credits, "
                "in place of gpt-4o at 24: 21 credits saved."
            ),
        ),
        ({}, TOKENS, {}, "gpt-4o is configured, and no rule asks for another."),
        ({}, TOKENS + " gpt-4o", {}, "The request names gpt-4o, and so it is kept."),
    ],
)
def test_each_reason_is_a_sentence_with_its_figures(
    override: dict[str, object], needs: str, request_: dict[str, str], reason: str
) -> None:
    (decision,) = selected(PRESETS["balanced"].overridden_by(override), needs, **request_).decisions
    assert decision.reason == reason


def test_every_candidate_has_its_estimate_and_the_rule_that_excluded_it() -> None:
    configuration = PRESETS["balanced"].overridden_by({**HIGH, "primary_ai_model": "gpt-4", **NO_LIMIT})
    (decision,) = selected(
        configuration, TOKENS, limit="74", complexity="HIGH", unavailable="GPT claude-3-haiku"
    ).decisions
    assert [
        (candidate.provider, str(candidate.estimate), candidate.excluded_by, candidate.reason)
        for candidate in decision.candidates
    ] == [
        ("gpt-4o-mini", "3", SelectionRule.INADEQUATE, "gpt-4o-mini is not adequate for HIGH complexity."),
        ("claude-3-haiku", "3", SelectionRule.UNAVAILABLE, "claude-3-haiku is marked unavailable."),
        ("gpt-4o", "24", None, decision.reason),
        ("gpt-4", "75", SelectionRule.OVER_LIMIT, decision.reason),
    ]
    assert [candidate.provider for candidate in decision.candidates if candidate.chosen] == ["gpt-4o"]


def test_candidates_that_no_rule_asked_for_are_told_too() -> None:
    configuration = PRESETS["premium_quality"].overridden_by(HIGH)
    stt, tts = selected(configuration, STT, TTS).decisions
    assert [(one.provider, one.excluded_by, one.reason) for one in stt.candidates if not one.chosen] == [
        (
            "deepgram",
            SelectionRule.INACCURATE,
            "deepgram has NORMAL accuracy, and HIGH is asked for.",
        )
    ]
    assert [(one.provider, one.excluded_by, one.reason) for one in tts.candidates if not one.chosen] == [
        (
            "openai-tts",
            SelectionRule.AS_CONFIGURED,
            "elevenlabs is configured, and no rule asks for openai-tts at 2 credits.",
        ),
        (
            "cartesia",
            SelectionRule.AS_CONFIGURED,
            "elevenlabs is configured, and no rule asks for cartesia at 3 credits.",
        ),
    ]


def test_a_provider_that_lost_is_told_the_winners_price() -> None:
    (decision,) = selected(PRESETS["balanced"], TOKENS, complexity="LOW").decisions
    haiku = next(one for one in decision.candidates if one.provider == "claude-3-haiku")
    assert haiku.excluded_by is SelectionRule.LOW_COMPLEXITY
    assert haiku.reason == "gpt-4o-mini serves at 3 credits; claude-3-haiku costs 3."
