"""Credits over a run's life: dry accounts, reserves, refunds, late usages, and who a run is counted for."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.stories.caller import (
    ADD,
    BALANCE,
    CANCEL,
    COMPLETE,
    CREATE_AGENT,
    FAIL,
    GRANT,
    ISSUE_KEY,
    RECORD,
    START,
    VOID,
    Caller,
    fresh_key,
)
from tests.stories.conftest import NewAccount
from tests.stories.process import ServerProcess
from tests.stories.stores import verify_books, written

LATE = "query Late { viewer { account { servicesUsed(filter: {late: true}) { totalCount nodes { creditsUsed } } } } }"
KEYS = """
query Keys {
  viewer {
    account {
      usage { totalCredits }
      apiKeys {
        nodes {
          name
          usage { totalCredits workflowsUsed { workflowName totalCredits } topConsumingServices { service totalCredits } }
          workflows { totalCount }
        }
      }
    }
  }
}
"""
CHILDREN = """
query Children($id: ID!) {
  viewer {
    account {
      workflows(filter: {parentWorkflowId: $id}) {
        nodes { id totalCreditsUsed parentWorkflow { id totalCreditsUsed parentWorkflow { id } } }
      }
    }
  }
}
"""


def start(caller: Caller, **given: Any) -> str:
    """Start a run and give its id."""
    given = {"workflowName": "phone_ai_call", "idempotencyKey": fresh_key()} | given
    workflow_id: str = caller.mutate(START, **given)["workflow"]["id"]
    return workflow_id


def call(caller: Caller, workflow_id: str, minutes: str, **given: Any) -> Any:
    """Add minutes of a phone call, at 20 credits each, and give the result."""
    usage = {"serviceType": "PHONE", "provider": "twilio", "units": minutes, "unitType": "MINUTES"}
    return caller.mutate(ADD, workflowId=workflow_id, idempotencyKey=fresh_key(), **usage, **given)


def grant(operator: Caller, caller: Caller, amount: str, **given: Any) -> Any:
    """Give credits to the caller's account."""
    return operator.mutate(
        GRANT, accountId=caller.account_id, amount=amount, idempotencyKey=fresh_key(), **given
    )


def balance(caller: Caller) -> dict[str, str]:
    """Give the account's balance."""
    found: dict[str, str] = caller.query(BALANCE)["account"]["balance"]
    return found


def booked(
    available: str = "0", granted: str = "0", spent: str = "0", overdraft: str = "0", expired: str = "0"
) -> dict[str, str]:
    return {
        "available": available,
        "granted": granted,
        "spent": spent,
        "overdraft": overdraft,
        "expired": expired,
    }


def test_a_prepaid_account_runs_dry(shared: ServerProcess, operator: Caller, new_account: NewAccount) -> None:
    prepaid = new_account("Prepaid", overdraft_limit="10")
    assert grant(operator, prepaid, "90")["grant"]["remaining"] == "90"
    run = start(prepaid)
    assert call(prepaid, run, "4")["serviceUsage"]["creditsUsed"] == "80"
    assert balance(prepaid) == booked(available="10", granted="90", spent="80")

    refused = call(prepaid, run, "1.05", ifUncovered="REFUSE")
    assert (refused["code"], refused["needed"], refused["available"]) == ("CREDITS_EXHAUSTED", "21", "20")
    assert balance(prepaid) == booked(available="10", granted="90", spent="80")

    assert call(prepaid, run, "1", ifUncovered="REFUSE")["serviceUsage"]["creditsUsed"] == "20"
    assert balance(prepaid) == booked(granted="90", spent="100", overdraft="10")

    before = written(shared.database_url)
    given = {"workflowName": "phone_ai_call", "idempotencyKey": "one too many"}
    assert prepaid.mutate(START, **given)["code"] == "CREDITS_EXHAUSTED"
    assert written(shared.database_url) == before

    # The call that runs on was made, so it is recorded, and so is a run that has happened.
    assert call(prepaid, run, "2")["workflow"] == {"totalCreditsUsed": "140", "usageCount": 3}
    past = {"serviceType": "GPT", "provider": "gpt-4", "units": "1000", "unitType": "TOKENS"}
    prepaid.mutate(RECORD, workflowName="past", idempotencyKey=fresh_key(), servicesUsed=[past])
    assert balance(prepaid) == booked(granted="90", spent="165", overdraft="75")

    grant(operator, prepaid, "66")
    assert prepaid.mutate(START, **given)["workflow"]["status"] == "RUNNING"
    verify_books(shared.database_url)


def test_a_reserve_serves_emergencies_only(
    shared: ServerProcess, operator: Caller, new_account: NewAccount
) -> None:
    prepaid = new_account("Prepaid", overdraft_limit="0")
    restricted = {"kind": "ADAPTER", "name": "emergencyservices"}
    grant(operator, prepaid, "200", restrictedTo=restricted)
    grant(operator, prepaid, "20", priority=1)
    dispatcher = prepaid.mutate(CREATE_AGENT, businessAdapter="emergencyservices")["agent"]["id"]

    lesson = start(prepaid, businessAdapter="languagelearning")
    assert call(prepaid, lesson, "1", ifUncovered="REFUSE")["workflow"]["totalCreditsUsed"] == "20"
    assert call(prepaid, lesson, "1", ifUncovered="REFUSE")["available"] == "0"
    refused = prepaid.mutate(
        START, workflowName="lesson", idempotencyKey="lesson", businessAdapter="languagelearning"
    )
    assert refused["code"] == "CREDITS_EXHAUSTED"

    emergency = start(prepaid, workflowName="emergency_medical_call", agentId=dispatcher)
    assert call(prepaid, emergency, "5", ifUncovered="REFUSE")["workflow"]["totalCreditsUsed"] == "100"
    assert balance(prepaid) == booked(available="100", granted="220", spent="120")
    verify_books(shared.database_url)


def test_voiding_gives_credits_back_to_who_paid(
    shared: ServerProcess, operator: Caller, new_account: NewAccount
) -> None:
    prepaid = new_account("Prepaid", overdraft_limit="0")
    grant(operator, prepaid, "50")
    run = start(prepaid)
    mistake = call(prepaid, run, "3")["serviceUsage"]["id"]
    assert balance(prepaid) == booked(granted="50", spent="60", overdraft="10")

    given = {"serviceUsageId": mistake, "reason": "never answered", "idempotencyKey": fresh_key()}
    voided = prepaid.mutate(VOID, **given)
    assert voided == {
        "__typename": "ServiceUsageVoided",
        "replayed": False,
        "refundedCredits": "60",
        "serviceUsage": {
            "id": mistake,
            "voided": True,
            "voidReason": "never answered",
            "workflow": {"totalCreditsUsed": "0", "usageCount": 0},
        },
    }
    assert balance(prepaid) == booked(available="50", granted="50")
    assert prepaid.mutate(VOID, **given) == {**voided, "replayed": True}
    again = prepaid.mutate(VOID, **given | {"idempotencyKey": fresh_key()})
    assert again["code"] == "SERVICE_USAGE_ALREADY_VOIDED"
    other = prepaid.mutate(VOID, **given | {"reason": "another reason"})
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    assert balance(prepaid) == booked(available="50", granted="50")
    verify_books(shared.database_url)


def test_usages_that_come_late_are_recorded_and_marked(service: Caller) -> None:
    run = start(service)
    assert call(service, run, "1")["serviceUsage"]["late"] is False
    ended = service.mutate(COMPLETE, workflowId=run)["workflow"]
    assert (ended["totalCreditsUsed"], ended["usageCount"]) == ("20", 1)
    late = call(service, run, "2")
    assert late["serviceUsage"]["late"] is True
    assert late["workflow"] == {"totalCreditsUsed": "60", "usageCount": 2}
    found = service.query(LATE)["account"]["servicesUsed"]
    assert found == {"totalCount": 1, "nodes": [{"creditsUsed": "40"}]}
    # It does not reopen the run.
    assert service.mutate(COMPLETE, workflowId=run)["workflow"] == {
        **ended,
        "totalCreditsUsed": "60",
        "usageCount": 2,
    }


def test_ending_twice_answers_the_same_and_never_otherwise(service: Caller) -> None:
    started_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    run = start(service, startedAt=started_at.isoformat())
    ended_at = (started_at + timedelta(seconds=90.5)).isoformat()
    ended = service.mutate(FAIL, workflowId=run, endedAt=ended_at)
    assert ended["workflow"]["durationSeconds"] == "90.5"
    assert ended["workflow"]["status"] == "FAILED"
    assert service.mutate(FAIL, workflowId=run) == ended
    for other in (COMPLETE, CANCEL):
        refused = service.mutate(other, workflowId=run)
        assert (refused["code"], refused["status"]) == ("WORKFLOW_ALREADY_ENDED", "FAILED")


def test_a_gateway_tracks_for_its_callers(service: Caller) -> None:
    mobile = service.mutate(ISSUE_KEY, name="mobile app", scopes=["TRACK"])
    run = start(service, apiKeyId=mobile["apiKey"]["id"])
    call(service, run, "5")
    own = start(service.with_key(mobile["secret"]), workflowName="voice_chat")
    call(service.with_key(mobile["secret"]), own, "0.25")
    assert service.query(KEYS)["account"] == {
        "usage": {"totalCredits": "105"},
        "apiKeys": {
            "nodes": [
                {
                    "name": "mobile app",
                    "usage": {
                        "totalCredits": "105",
                        "workflowsUsed": [
                            {"workflowName": "phone_ai_call", "totalCredits": "100"},
                            {"workflowName": "voice_chat", "totalCredits": "5"},
                        ],
                        "topConsumingServices": [{"service": "phone_twilio", "totalCredits": "105"}],
                    },
                    "workflows": {"totalCount": 2},
                },
                {
                    "name": "first",
                    "usage": {"totalCredits": "0", "workflowsUsed": [], "topConsumingServices": []},
                    "workflows": {"totalCount": 0},
                },
            ]
        },
    }


def test_a_run_starts_another(service: Caller) -> None:
    parent = start(service)
    child = start(service, workflowName="transcript", parentWorkflowId=parent)
    call(service, parent, "1")
    call(service, child, "2")
    # Each counts its own usages, so that totals over all runs count nothing twice.
    assert service.query(CHILDREN, {"id": parent})["account"]["workflows"]["nodes"] == [
        {
            "id": child,
            "totalCreditsUsed": "40",
            "parentWorkflow": {"id": parent, "totalCreditsUsed": "20", "parentWorkflow": None},
        }
    ]
    assert balance(service) == booked(spent="60", overdraft="60")
