"""`creditgraph provider`, as an operator types it."""

import json
from pathlib import Path

import pytest

from tests.server.test_cli import Shell


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    return Shell(database_url, tmp_path)


def test_a_provider_goes_down_and_comes_up(shell: Shell) -> None:
    down = shell.answer("provider", "down", "VOICE_STT", "deepgram", "--reason", "answers 503")
    assert down.startswith("Unavailable: VOICE_STT deepgram since 20")
    assert shell.answer("provider", "down", "VOICE_STT", "deepgram") == down
    listed = {each["provider"]: each for each in json.loads(shell.answer("provider", "list", "--json"))}
    assert (listed["deepgram"]["available"], listed["deepgram"]["reason"]) == (False, "answers 503")
    assert listed["openai-whisper"]["available"]
    [row] = [line for line in shell.answer("provider", "list").splitlines() if "deepgram" in line]
    assert row.split()[:5] == ["VOICE_STT", "deepgram", "NORMAL", "NORMAL", "HIGH"]
    assert row.rstrip().endswith(": answers 503")
    for _ in range(2):
        up = shell.answer("provider", "up", "VOICE_STT", "deepgram")
        assert up == "Available: VOICE_STT deepgram.\n"
    assert "503" not in shell.answer("provider", "list")


def test_an_unknown_provider_is_refused_with_the_nearest_name(shell: Shell) -> None:
    assert shell.refusal("provider", "down", "VOICE_STT", "deepgrm") == (
        "Error: VOICE_STT has no provider 'deepgrm'. Did you mean 'deepgram'?"
    )
