"""The example operations that open in GraphiQL's tabs; with the demo key each runs as it stands."""

from datetime import datetime, timedelta

from server.graphiql import ExampleOperation

_FIRST_WORKFLOW = """
mutation FirstWorkflow {
  recordWorkflow(input: {
    workflowName: "phone_ai_call"
    idempotencyKey: "first-workflow"
    servicesUsed: [
      {serviceType: PHONE, provider: "twilio", units: "5", unitType: MINUTES}
      {serviceType: GPT, provider: "gpt-4o-mini", units: "3000", unitType: TOKENS}
    ]
  }) {
    ... on WorkflowRecorded {
      workflow { workflowName totalCreditsUsed servicesUsed { nodes { provider creditsUsed } } }
    }
    ... on Refusal { code message }
  }
}
"""

_START_LIVE = """
mutation StartLive($idempotencyKey: String!) {
  startWorkflow(input: {
    workflowName: "voice_chat"
    userId: "user-01"
    idempotencyKey: $idempotencyKey
  }) {
    ... on WorkflowStarted {
      workflow { id workflowName status startedAt }
      replayed
    }
    ... on Refusal { code message }
  }
}
"""

_ADD_LIVE = """
mutation AddLive($workflowId: ID!, $idempotencyKey: String!) {
  addServiceUsage(input: {
    workflowId: $workflowId
    serviceType: GPT
    provider: "gpt-4o"
    units: "1500"
    unitType: TOKENS
    idempotencyKey: $idempotencyKey
  }) {
    ... on ServiceUsageAdded {
      serviceUsage { provider unitsConsumed creditsUsed }
      workflow { totalCreditsUsed }
      replayed
    }
    ... on Refusal { code message }
  }
}
"""

_START_WITH_HOLD = """
mutation StartWithHold($idempotencyKey: String!) {
  startWorkflow(input: {
    workflowName: "phone_ai_call"
    userId: "caller-01"
    idempotencyKey: $idempotencyKey
    hold: {
      services: [
        {serviceType: PHONE, provider: "twilio", units: "5", unitType: MINUTES}
        {serviceType: VOICE_STT, provider: "deepgram", units: "5", unitType: MINUTES}
        {serviceType: GPT, provider: "gpt-4o-mini", units: "3000", unitType: TOKENS}
        {serviceType: VOICE_TTS, provider: "openai-tts", units: "2000", unitType: CHARACTERS}
      ]
      expiresInSeconds: 900
    }
  }) {
    ... on WorkflowStarted {
      workflow { id status }
      hold { id status amount expiresAt lines { serviceType provider units credits remaining } }
    }
    ... on CreditsExhausted { available fitting { serviceType units unitType credits } }
    ... on Refusal { code message }
  }
}
"""

_EXTEND = """
mutation ExtendCall($holdId: ID!, $idempotencyKey: String!) {
  extendHold(input: {
    holdId: $holdId
    services: [{serviceType: PHONE, provider: "twilio", units: "60", unitType: SECONDS}]
    idempotencyKey: $idempotencyKey
  }) {
    ... on HoldExtended { addedCredits heldUntil affordableUntil hold { amount remaining } }
    ... on CreditsExhausted { available fitting { serviceType units unitType credits } }
    ... on Refusal { code message }
  }
}
"""

_BALANCE = """
query BalanceAndBooks {
  viewer {
    account {
      balance { available held spendable granted spent overdraft expired }
      grants { nodes { amount remaining status restrictedTo { kind name } } }
      holds(first: 5) { nodes { status amount captured released remaining workflow { workflowName } } }
      budgets { nodes { name scope window limit action uses(first: 3) { subject used held left } } }
      ledgerTransfers(first: 5) { nodes { sequence debitBook creditBook amount postedAt } }
    }
  }
  ledgerAudit { ok transferCount differences { what recorded recomputed } }
}
"""

_WHERE_CREDITS_WENT = """
query WhereDidTheCreditsGo {
  viewer {
    account {
      name
      usage {
        totalCredits
        workflowBreakdown { workflowName count totalCredits averageDurationSeconds }
        serviceBreakdown { serviceType provider usageCount units { units unitType } totalCredits }
      }
    }
  }
}
"""

_AGENTS = """
query AgentsAndTheirRuns {
  viewer {
    account {
      agents(first: 10) {
        nodes {
          name
          businessAdapter
          workflows(first: 3) {
            nodes {
              workflowName
              status
              totalCreditsUsed
              servicesUsed(first: 5) { nodes { serviceType provider unitsConsumed creditsUsed } }
            }
          }
        }
      }
    }
  }
}
"""

_RATE_CARD = """
query RateCard {
  rateCard {
    version
    effectiveFrom
    rates { serviceType provider unitType price per }
  }
}
"""

_WHAT_WOULD_IT_COST = """
query WhatWouldItCost {
  quote(input: {
    preset: "balanced"
    accuracyRequirement: HIGH
    workflowName: "voice_chat"
    services: [
      {serviceType: VOICE_STT, units: "5", unitType: MINUTES}
      {serviceType: GPT, units: "3000", unitType: TOKENS}
      {serviceType: VOICE_TTS, units: "2000", unitType: CHARACTERS}
    ]
  }) {
    totalCredits
    savedCredits
    withinLimits
    obstacles { kind message }
    wouldFit { message }
    history { runs p10 p50 p90 message }
    selection {
      decisions { serviceType provider credits rule reason candidates { provider estimate reason } }
    }
  }
}
"""

_CHOOSE_AND_RUN = """
mutation ChooseAndStart($idempotencyKey: String!) {
  startWorkflow(input: {
    workflowName: "voice_chat"
    idempotencyKey: $idempotencyKey
    selection: {
      preset: "cost_optimized"
      services: [
        {serviceType: VOICE_STT, units: "2", unitType: MINUTES}
        {serviceType: GPT, units: "1500", unitType: TOKENS}
      ]
    }
    hold: {}
  }) {
    ... on WorkflowStarted {
      workflow { id }
      hold { amount lines { serviceType provider credits } }
      selection { totalCredits savedCredits decisions { serviceType provider reason } }
    }
    ... on PlanOverLimit { wouldFit { message } }
    ... on Refusal { code message }
  }
}
"""

_WHY = """
query WhyThisPrice {
  viewer {
    account {
      workflows(first: 1, filter: {status: [COMPLETED]}) {
        nodes { workflowName servicesUsed { nodes { provider creditsUsed explanation { text } } } }
      }
    }
  }
}
"""

_WHAT_IF = """
query WhatIf($from: DateTime!, $to: DateTime!) {
  replay(input: {from: $from, to: $to, preset: "cost_optimized", filter: {workflowName: "voice_chat"}}) {
    totals { runCount comparedCredits replayedCredits savedCredits refusedRunCount }
    changedChoices { serviceType from to usageCount savedCredits }
    refusals { kind runCount actualCredits }
  }
}
"""

_WATCH_BALANCE = """
subscription WatchBalance {
  balanceChanged { sequence available held spent overdraft burnRatePerMinute secondsToExhaustion }
}
"""

_PERIOD = timedelta(days=30)


def examples(now: datetime) -> tuple[ExampleOperation, ...]:
    """Give the examples; the first one is the README's first query, and what asks for a period ends today."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    period = {"from": (today - _PERIOD).isoformat(), "to": (today + timedelta(days=1)).isoformat()}
    return (
        ExampleOperation("Record a whole phone-and-AI workflow: 103 credits", _FIRST_WORKFLOW, {}),
        ExampleOperation("Live, 1 of 2: start a workflow", _START_LIVE, {"idempotencyKey": "live-1"}),
        ExampleOperation(
            "Live, 2 of 2: add a usage as it happens (put the id from the tab before into the variables)",
            _ADD_LIVE,
            {"workflowId": "workflow_…", "idempotencyKey": "live-1-usage-1"},
        ),
        ExampleOperation("What would it cost, who would serve it, and why?", _WHAT_WOULD_IT_COST, {}),
        ExampleOperation(
            "Choose the providers as a run starts, and hold what they cost",
            _CHOOSE_AND_RUN,
            {"idempotencyKey": "chosen-1"},
        ),
        ExampleOperation("Why did it cost what it did?", _WHY, {}),
        ExampleOperation("What would the last month have cost under another preset?", _WHAT_IF, period),
        ExampleOperation(
            "Hold credits for a whole call before it starts",
            _START_WITH_HOLD,
            {"idempotencyKey": "held-call-1"},
        ),
        ExampleOperation(
            "Extend the call by a minute (put the hold's id into the variables)",
            _EXTEND,
            {"holdId": "hold_…", "idempotencyKey": "held-call-1-slice-1"},
        ),
        ExampleOperation("Balance, holds, budgets, and the proof that the books are right", _BALANCE, {}),
        ExampleOperation(
            "Watch the balance live: run this, then record something elsewhere", _WATCH_BALANCE, {}
        ),
        ExampleOperation("Where did the credits go?", _WHERE_CREDITS_WENT, {}),
        ExampleOperation("Agents, their latest runs and what these used", _AGENTS, {}),
        ExampleOperation("The prices in force", _RATE_CARD, {}),
    )
