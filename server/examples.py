"""The example operations that open in GraphiQL's tabs; with the demo key each runs as it stands."""

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

_WATCH_BALANCE = """
subscription WatchBalance {
  balanceChanged { sequence available held spent overdraft burnRatePerMinute secondsToExhaustion }
}
"""

EXAMPLES: tuple[ExampleOperation, ...] = (
    ExampleOperation("Record a whole phone-and-AI workflow: 103 credits", _FIRST_WORKFLOW, {}),
    ExampleOperation("Live, 1 of 2: start a workflow", _START_LIVE, {"idempotencyKey": "live-1"}),
    ExampleOperation(
        "Live, 2 of 2: add a usage as it happens (put the id from the tab before into the variables)",
        _ADD_LIVE,
        {"workflowId": "workflow_…", "idempotencyKey": "live-1-usage-1"},
    ),
    ExampleOperation(
        "Hold credits for a whole call before it starts", _START_WITH_HOLD, {"idempotencyKey": "held-call-1"}
    ),
    ExampleOperation(
        "Extend the call by a minute (put the hold's id into the variables)",
        _EXTEND,
        {"holdId": "hold_…", "idempotencyKey": "held-call-1-slice-1"},
    ),
    ExampleOperation("Balance, holds, budgets, and the proof that the books are right", _BALANCE, {}),
    ExampleOperation("Watch the balance live: run this, then record something elsewhere", _WATCH_BALANCE, {}),
    ExampleOperation("Where did the credits go?", _WHERE_CREDITS_WENT, {}),
    ExampleOperation("Agents, their latest runs and what these used", _AGENTS, {}),
    ExampleOperation("The prices in force", _RATE_CARD, {}),
)
"""The first one is the README's first query."""
