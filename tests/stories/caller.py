"""A caller of the service: an API key, an address, and questions over real HTTP."""

import json
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

import httpx2

TIMEOUT_SECONDS = 60
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status and the GraphQL body."""

    status: int
    body: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        """The data of an operation in which nothing went wrong."""
        assert self.status == httpx2.codes.OK, self
        assert "errors" not in self.body, self.body["errors"]
        data: dict[str, Any] = self.body["data"]
        return data

    @property
    def codes(self) -> list[str]:
        """The codes of the errors."""
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]


@dataclass(frozen=True, slots=True)
class Caller:
    """One key at one address."""

    http: httpx2.Client
    url: str
    key: str
    account_id: str = ""

    def graphql(self, query: str, variables: object = None, *, key: str | None = None) -> Answer:
        """Ask, with another key where one is given."""
        headers = {
            "authorization": f"Bearer {self.key if key is None else key}",
            "content-type": "application/json",
        }
        # All in ASCII, so that text which no encoding allows can be sent too.
        content = json.dumps({"query": query, "variables": variables})
        response = self.http.post(f"{self.url}/graphql", content=content, headers=headers)
        return Answer(response.status_code, response.json())

    def query(self, query: str, variables: object = None) -> Any:
        """Ask for one root field and give its value."""
        (value,) = self.graphql(query, variables).data.values()
        return value

    def mutate(self, mutation: str, /, **given: Any) -> Any:
        """Run one of the mutations below with its input and give the result."""
        return self.query(mutation, {"input": given})

    def with_key(self, key: str) -> Self:
        """Call with another key."""
        return type(self)(self.http, self.url, key, self.account_id)

    def at(self, url: str) -> Self:
        """Call another address."""
        return type(self)(self.http, url, self.key, self.account_id)


def http_client() -> httpx2.Client:
    """Make a client that goes straight to this machine, whatever proxies the environment names."""
    return httpx2.Client(trust_env=False, timeout=TIMEOUT_SECONDS)


def fresh_key() -> str:
    """Make an idempotency key that no other call has."""
    return f"story-{next(_numbers)}"


REFUSAL = "... on Refusal { __typename code message }"

START = f"""
mutation Start($input: StartWorkflowInput!) {{
  startWorkflow(input: $input) {{
    ... on WorkflowStarted {{
      __typename replayed
      workflow {{ id workflowName status businessAdapter userId startedAt endedAt totalCreditsUsed }}
    }}
    {REFUSAL}
  }}
}}
"""

ADD = f"""
mutation Add($input: AddServiceUsageInput!) {{
  addServiceUsage(input: $input) {{
    ... on ServiceUsageAdded {{
      __typename replayed
      serviceUsage {{ id serviceType provider unitsConsumed unitType creditsUsed exactCredits late voided }}
      workflow {{ totalCreditsUsed usageCount }}
    }}
    ... on CreditsExhausted {{ needed available }}
    {REFUSAL}
  }}
}}
"""

ADD_MANY = f"""
mutation AddMany($input: AddServiceUsagesInput!) {{
  addServiceUsages(input: $input) {{
    ... on ServiceUsagesAdded {{
      addedCount replayedCount refusedCount
      results {{
        ... on ServiceUsageAdded {{ __typename replayed serviceUsage {{ id creditsUsed }} }}
        {REFUSAL}
      }}
    }}
    {REFUSAL}
  }}
}}
"""

ADD_MANY_COUNTED = f"""
mutation AddManyCounted($input: AddServiceUsagesInput!) {{
  addServiceUsages(input: $input) {{
    ... on ServiceUsagesAdded {{ addedCount replayedCount refusedCount }}
    {REFUSAL}
  }}
}}
"""

RECORD = f"""
mutation Record($input: RecordWorkflowInput!) {{
  recordWorkflow(input: $input) {{
    ... on WorkflowRecorded {{
      __typename replayed
      workflow {{
        id workflowName status businessAdapter durationSeconds totalCreditsUsed usageCount
        servicesUsed {{ totalCount nodes {{ serviceType provider unitsConsumed creditsUsed exactCredits }} }}
        serviceBreakdown {{ serviceType provider usageCount totalCredits units {{ unitType units }} }}
      }}
    }}
    {REFUSAL}
  }}
}}
"""

_ENDED = f"""
    ... on WorkflowEnded {{
      __typename workflow {{ id status endedAt durationSeconds totalCreditsUsed usageCount }}
    }}
    ... on WorkflowAlreadyEnded {{ status }}
    {REFUSAL}
"""
COMPLETE = (
    f"mutation Complete($input: EndWorkflowInput!) {{ completeWorkflow(input: $input) {{ {_ENDED} }} }}"
)
FAIL = f"mutation Fail($input: EndWorkflowInput!) {{ failWorkflow(input: $input) {{ {_ENDED} }} }}"
CANCEL = f"mutation Cancel($input: EndWorkflowInput!) {{ cancelWorkflow(input: $input) {{ {_ENDED} }} }}"

VOID = f"""
mutation Void($input: VoidServiceUsageInput!) {{
  voidServiceUsage(input: $input) {{
    ... on ServiceUsageVoided {{
      __typename replayed refundedCredits
      serviceUsage {{ id voided voidReason workflow {{ totalCreditsUsed usageCount }} }}
    }}
    {REFUSAL}
  }}
}}
"""

CREATE_AGENT = f"""
mutation CreateAgent($input: CreateAgentInput!) {{
  createAgent(input: $input) {{ ... on AgentCreated {{ agent {{ id businessAdapter }} }} {REFUSAL} }}
}}
"""

_HOLD = "hold { id status amount captured released lent remaining expiresAt closedAt }"

START_HELD = f"""
mutation StartHeld($input: StartWorkflowInput!) {{
  startWorkflow(input: $input) {{
    ... on WorkflowStarted {{ replayed workflow {{ id }} {_HOLD} }}
    {REFUSAL}
  }}
}}
"""

HOLD = f"""
mutation Hold($input: HoldCreditsInput!) {{
  holdCredits(input: $input) {{ ... on CreditsHeld {{ replayed {_HOLD} }} {REFUSAL} }}
}}
"""

EXTEND = f"""
mutation Extend($input: ExtendHoldInput!) {{
  extendHold(input: $input) {{
    ... on HoldExtended {{ replayed addedCredits heldUntil affordableUntil {_HOLD} }}
    {REFUSAL}
  }}
}}
"""

RELEASE = f"""
mutation Release($input: ReleaseHoldInput!) {{
  releaseHold(input: $input) {{ ... on HoldReleased {{ replayed releasedCredits {_HOLD} }} {REFUSAL} }}
}}
"""

SET_BUDGET = f"""
mutation SetBudget($input: SetBudgetInput!) {{
  setBudget(input: $input) {{ ... on BudgetSet {{ budget {{ id }} }} {REFUSAL} }}
}}
"""

CREATE_ACCOUNT = f"""
mutation CreateAccount($input: CreateAccountInput!) {{
  createAccount(input: $input) {{ ... on AccountCreated {{ account {{ id }} }} {REFUSAL} }}
}}
"""

ISSUE_KEY = f"""
mutation IssueKey($input: IssueApiKeyInput!) {{
  issueApiKey(input: $input) {{ ... on ApiKeyIssued {{ secret apiKey {{ id }} }} {REFUSAL} }}
}}
"""

REVOKE_KEY = f"""
mutation RevokeKey($input: RevokeApiKeyInput!) {{
  revokeApiKey(input: $input) {{ ... on ApiKeyRevoked {{ __typename }} {REFUSAL} }}
}}
"""

GRANT = f"""
mutation Grant($input: GrantCreditsInput!) {{
  grantCredits(input: $input) {{ ... on CreditsGranted {{ replayed grant {{ id remaining }} }} {REFUSAL} }}
}}
"""

VOID_GRANT = f"""
mutation VoidGrant($input: VoidGrantInput!) {{
  voidGrant(input: $input) {{ ... on GrantVoided {{ replayed voidedCredits grant {{ id }} }} {REFUSAL} }}
}}
"""

BALANCE = "query Balance { viewer { account { balance { available granted spent overdraft expired } } } }"
