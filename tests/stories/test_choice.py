"""A choice over its whole life: asked for, refused, told what fits, taken, run, explained, and replayed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.stories.caller import ADD, COMPLETE, CREATE_AGENT, GRANT, REFUSAL, Caller, fresh_key
from tests.stories.conftest import NewAccount

SPEECH = {"serviceType": "VOICE_STT", "units": "5", "unitType": "MINUTES"}
MODEL = {"serviceType": "GPT", "units": "3000", "unitType": "TOKENS"}
VOICE = {"serviceType": "VOICE_TTS", "units": "2000", "unitType": "CHARACTERS"}
NEEDS = [SPEECH, MODEL, VOICE]

QUOTE = """
query Ask($input: ServicePlanInput!) {
  quote(input: $input) {
    totalCredits
    withinLimits
    wouldFit { message offer { totalCredits lines { serviceType provider } tradeOffs { sentence } } }
    selection { decisions { serviceType provider rule } }
  }
}
"""
START_CHOSEN = f"""
mutation StartChosen($input: StartWorkflowInput!) {{
  startWorkflow(input: $input) {{
    ... on WorkflowStarted {{
      workflow {{ id agentVersion }}
      hold {{ amount lines {{ serviceType provider credits }} }}
      selection {{ totalCredits savedCredits decisions {{ serviceType provider rule reason }} }}
    }}
    ... on PlanOverLimit {{
      __typename estimate limit
      wouldFit {{ shortBy offer {{ totalCredits lines {{ serviceType provider }} }} }}
    }}
    {REFUSAL}
  }}
}}
"""
BALANCE = "query Balance { viewer { account { balance { available held spent } } } }"
EXPLAIN = """
query Explain($id: ID!) {
  workflow(id: $id) {
    totalCreditsUsed
    selection { totalCredits }
    holds { nodes { status captured released } }
    servicesUsed {
      nodes {
        provider
        creditsUsed
        asSelected
        explanation {
          text
          price { exactCredits creditsUsed rateCardVersion reproduced }
          payments { source credits }
          choice { selectedProvider decision { rule savedCredits } }
        }
      }
    }
  }
}
"""
REPLAY = """
query WhatIf($input: ReplayInput!) {
  replay(input: $input) {
    totals {
      runCount actualCredits refusedRunCount refusedCredits comparedCredits replayedCredits savedCredits
    }
    refusals { kind runCount }
    changedChoices { serviceType from to usageCount savedCredits }
  }
}
"""


@pytest.fixture
def paid(operator: Caller, new_account: NewAccount) -> Caller:
    """A caller whose account is prepaid and has 1,000 credits."""
    caller = new_account(overdraft_limit="0")
    operator.mutate(GRANT, accountId=caller.account_id, amount="1000", idempotencyKey=fresh_key())
    return caller


def premium_agent(caller: Caller) -> str:
    """Make an agent of the best quality that may spend 60 credits on a request."""
    settings = {"service_configuration": {"max_credits_per_request": "60"}}
    created = caller.mutate(
        CREATE_AGENT,
        name="Concierge",
        businessAdapter="languagelearning",
        preset="premium_quality",
        customSettings=settings,
    )
    agent_id: str = created["agent"]["id"]
    return agent_id


def start(caller: Caller, agent_id: str, **plan: Any) -> Any:
    """Start a run of the agent with a selection, and hold what was selected."""
    given = {"workflowName": "concierge_call", "agentId": agent_id, "idempotencyKey": fresh_key()}
    return caller.mutate(START_CHOSEN, **given, selection=plan, hold={})


def run(caller: Caller, workflow_id: str, providers: list[str]) -> None:
    """Use what was planned, by these providers, and end the run."""
    for need, provider in zip(NEEDS, providers, strict=True):
        caller.mutate(ADD, workflowId=workflow_id, provider=provider, idempotencyKey=fresh_key(), **need)
    caller.mutate(COMPLETE, workflowId=workflow_id)


def providers_of(lines: list[dict[str, Any]]) -> list[str]:
    return [line["provider"] for line in lines]


def test_a_choice_from_the_question_to_what_if(paid: Caller) -> None:
    begun = datetime.now(UTC) - timedelta(seconds=1)
    agent_id = premium_agent(paid)

    # Asked for: HIGH accuracy keeps the best speech-to-text, and nothing that accurate fits into 60 credits.
    asked = {"services": NEEDS, "accuracyRequirement": "HIGH"}
    quote = paid.query(QUOTE, {"input": asked | {"agentId": agent_id}})
    assert (quote["totalCredits"], quote["withinLimits"]) == ("129", False)
    offer = quote["wouldFit"]["offer"]
    assert (offer["totalCredits"], providers_of(offer["lines"])) == (
        "45",
        ["deepgram", "gpt-4o-mini", "openai-tts"],
    )
    assert "129" in quote["wouldFit"]["message"]

    # Refused: nothing starts and nothing is held, and the refusal tells the same.
    refused = start(paid, agent_id, **asked)
    assert (refused["code"], refused["estimate"], refused["limit"]) == ("PLAN_OVER_LIMIT", "129", "60")
    assert refused["wouldFit"]["shortBy"] == "69"
    assert refused["wouldFit"]["offer"]["totalCredits"] == "45"
    assert paid.query(BALANCE)["account"]["balance"]["held"] == "0"

    # Taken: once the offer, its providers named; once with the accuracy that fits.
    named = [
        need | {"provider": provider}
        for need, provider in zip(NEEDS, providers_of(offer["lines"]), strict=True)
    ]
    offered = start(paid, agent_id, services=named, accuracyRequirement="HIGH")
    assert (offered["hold"]["amount"], offered["selection"]["totalCredits"]) == ("45", "45")
    chosen = start(paid, agent_id, services=NEEDS)
    assert (chosen["hold"]["amount"], chosen["selection"]["totalCredits"]) == ("57", "57")
    assert (chosen["selection"]["savedCredits"], chosen["workflow"]["agentVersion"]) == ("72", 1)
    assert providers_of(chosen["hold"]["lines"]) == ["openai-whisper", "gpt-4o-mini", "elevenlabs"]

    # Run: what was held is what is charged.
    run(paid, offered["workflow"]["id"], ["deepgram", "gpt-4o-mini", "openai-tts"])
    run(paid, chosen["workflow"]["id"], ["openai-whisper", "gpt-4o-mini", "elevenlabs"])
    balance = paid.query(BALANCE)["account"]["balance"]
    assert (balance["spent"], balance["held"], balance["available"]) == ("102", "0", "898")

    # Explained: for every usage the price, who paid, and why this provider.
    explained = paid.query(EXPLAIN, {"id": chosen["workflow"]["id"]})
    assert (explained["totalCreditsUsed"], explained["selection"]["totalCredits"]) == ("57", "57")
    assert explained["holds"]["nodes"] == [{"status": "SETTLED", "captured": "57", "released": "0"}]
    speech, model, voice = explained["servicesUsed"]["nodes"]
    assert [usage["creditsUsed"] for usage in (speech, model, voice)] == ["50", "3", "4"]
    for usage in (speech, model, voice):
        explanation = usage["explanation"]
        assert usage["asSelected"] is True
        assert explanation["payments"] == [{"source": "HOLD", "credits": usage["creditsUsed"]}]
        assert explanation["price"]["reproduced"] is True
        assert explanation["choice"]["selectedProvider"] == usage["provider"]
        assert usage["provider"] in explanation["text"]
    assert model["explanation"]["choice"]["decision"] == {"rule": "OVER_LIMIT", "savedCredits": "72"}

    # Replayed by the preset for the lowest cost: the run that asked for HIGH accuracy would not have been
    # served, and the other one would have cost 12 credits less.
    period = {"from": begun.isoformat(), "to": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()}
    replay = paid.query(REPLAY, {"input": period | {"preset": "cost_optimized"}})
    assert replay["totals"] == {
        "runCount": 2,
        "actualCredits": "102",
        "refusedRunCount": 1,
        "refusedCredits": "45",
        "comparedCredits": "57",
        "replayedCredits": "45",
        "savedCredits": "12",
    }
    assert [(each["kind"], each["runCount"]) for each in replay["refusals"]] == [("OVER_LIMIT", 1)]
    assert sorted(
        (choice["from"], choice["to"], choice["savedCredits"]) for choice in replay["changedChoices"]
    ) == [("elevenlabs", "openai-tts", "2"), ("openai-whisper", "deepgram", "10")]
