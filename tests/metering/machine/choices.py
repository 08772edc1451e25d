"""What the machine chooses from: few values, near each other, so that stories meet."""

from datetime import UTC, datetime, timedelta

from hypothesis.strategies import SearchStrategy, integers, lists, sampled_from

from tests.clock import NOON
from tests.metering.machine.oracle import HOUR, Plan
from tests.metering.machine.prices import CREDIT, SECOND_CARD_FROM

AMOUNTS = sampled_from([1, CREDIT // 4, 20 * CREDIT, 33_333_333, 60 * CREDIT, 100 * CREDIT])
USAGES = sampled_from(
    [
        "PHONE twilio 1 MINUTES",
        "PHONE twilio 5 MINUTES",
        "PHONE twilio 45.5 SECONDS",
        "VOICE_STT deepgram 1 MINUTES",
        "VOICE_STT deepgram 4 MINUTES",
        "GPT gpt-4o 1500 TOKENS",
        "GPT gpt-4o 10001 TOKENS",
        "VOICE_TTS openai-tts 450 CHARACTERS",
        "OTHER house 1 REQUESTS",
    ]
)
SPANS = sampled_from(
    [
        timedelta(seconds=1),
        timedelta(minutes=1),
        timedelta(minutes=59, seconds=59),
        HOUR,
        timedelta(hours=6),
        timedelta(days=1),
        timedelta(days=8),
        timedelta(days=33),
    ]
)
NAMES = sampled_from(["call", "chat"])
ADAPTERS = sampled_from([None, "emergencyservices", "emergencyservices", "languagelearning"])
USERS = sampled_from([None, "ann", "bob"])
KEYS = sampled_from(["key 1", "key 2"])
AGENTS = sampled_from([None, None, "agent 1"])
ENDS = sampled_from(["COMPLETED", "COMPLETED", "FAILED", "CANCELLED"])
SERVICES: SearchStrategy[Plan] = lists(USAGES, min_size=1, max_size=3).map(tuple)
PLANS: SearchStrategy[Plan] = AMOUNTS | SERVICES
RESTRICTIONS = sampled_from([None, ("ADAPTER", "emergencyservices"), ("WORKFLOW", "call")])
# Mostly now; sometimes back as far as can be, too far back, ahead, or too far ahead.
AGO = sampled_from(
    [
        None,
        None,
        None,
        timedelta(hours=1),
        timedelta(days=3),
        timedelta(days=35),
        timedelta(days=36),
        timedelta(minutes=-4),
        timedelta(minutes=-6),
    ]
)
WHOSE: SearchStrategy[tuple[str, str | None]] = sampled_from(
    [
        ("ACCOUNT", None),
        ("API_KEY", None),
        ("API_KEY", "key 1"),
        ("AGENT", None),
        ("AGENT", "agent 1"),
        ("USER", None),
        ("USER", "ann"),
        ("WORKFLOW_NAME", None),
        ("WORKFLOW_NAME", "call"),
    ]
)
ZONES = sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
PICKS = integers(0, 999)
PRIORITIES = sampled_from([100, 100, 5])
# Just before other prices come into force; just before a clock in Europe is set; or neither.
BEGINNINGS = sampled_from([NOON, SECOND_CARD_FROM - HOUR, datetime(2026, 3, 29, 0, 30, tzinfo=UTC)])
