"""The walk's questions: one position of the schema asked with one value, and what is told by the answer."""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    get_named_type,
    get_nullable_type,
    is_required_argument,
    is_required_input_field,
)

from models.identity import IdKind
from tests.databases.statements import statements
from tests.door import Door
from tests.graph.tenancy.estate import FROM, TO, Estate
from tests.graph.tenancy.positions import KINDS, ROOTS, Position
from tests.graph.tenancy.selections import arguments, everything
from tests.graph.test_inputs import REQUIRED

SCALARS: dict[str, Any] = {
    "Boolean": False,
    "Credits": "1",
    "DateTime": FROM,
    "Decimal": "1",
    "Int": 1,
    "JSON": {},
    "Long": 0,
    "String": "x",
}
VALUES: dict[str, dict[str, Any]] = {
    "EndWorkflowInput": {},
    "GrantRestrictionInput": {"kind": "WORKFLOW", "name": "w"},
    "HoldInput": {"amount": "1"},
    "ReplayInput": {"from": FROM, "to": TO, "preset": "balanced"},
    "RotateApiKeyInput": {"overlapSeconds": 0},
    "CreateWebhookEndpointInput": {"url": "https://example.com/another"},
    "AddServiceUsagesInput": {},
}
"""What makes an input valid where its required fields alone, or the table of tests/graph/test_inputs.py, do not."""
IN_PLACE_OF = {
    ("HoldInput", "quoteId"): {"amount"},
    ("HoldCreditsInput", "quoteId"): {"amount"},
    ("HoldCreditsInput", "selection"): {"amount"},
    ("ReplayInput", "rateCardVersion"): {"preset"},
    ("SetShadowPolicyInput", "configuration"): {"preset"},
}
"""Fields of which one is given: these make room for the one that is walked."""
CALLING_KEY = {"rotateApiKey", "revokeApiKey"}
"""What would end the walk, done to the key that walks: they are given another of the account's keys."""
_fresh = count(1)
_ID = re.compile(r"\b[a-z]+_[0-9a-f]{32}\b")
_SECRET = re.compile(r"\b(?:nexus|whsec)_[\w+/=-]+")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_OF_THE_KEY = re.compile(r"^BEGIN$|WHERE \(?(api_key|old_secret)\.secret_hash")
"""What finds the calling key, once a second whatever is asked, with the beginning of the snapshot that it is read in."""
_PACKED = re.compile(r"[\w+/=-]{16,}")


@dataclass(frozen=True, slots=True)
class Told:
    """All that an answer tells: its status and text, and the statements that it took, which is its time."""

    status: int
    text: str
    statements: tuple[str, ...]

    @property
    def codes(self) -> list[str]:
        """The codes of its errors."""
        return [error["extensions"]["code"] for error in json.loads(self.text).get("errors", [])]

    def masked(self, value: str) -> "Told":
        """Take out what was asked with, so that answers to two values can be compared."""
        text = self.text.replace(value, "VALUE")
        if _ID.fullmatch(value):
            text = text.replace(value.rpartition("_")[2], "VALUE")
        return Told(self.status, text, self.statements)

    def of_any_moment(self) -> "Told":
        """Take out ids, secrets and numbers too, which are new for each thing that is made."""
        text = _NUMBER.sub("0", _SECRET.sub("SECRET", _ID.sub("ID", self.text)))
        return Told(self.status, text, self.statements)


@dataclass(slots=True)
class Caller:
    """A key, whose own things are given wherever a position is not what is walked."""

    ask: Door
    estate: Estate
    secret: str
    asked: int = field(default=0)

    async def tell(self, position: Position, value: str, *, selected: str | None = None) -> Told:
        """Ask one position with one value."""
        text, variables = self.operation(position, value, selected)
        return await self.told(text, variables)

    async def told(self, text: str, variables: dict[str, Any]) -> Told:
        """Ask an operation."""
        self.asked += 1
        body = json.dumps({"query": text, "variables": variables}).encode()
        accept = {"accept": "text/event-stream"} if text.startswith("subscription") else {}
        with statements(self.ask.database) as sent:
            response = await self.ask.post(self.secret, body, **accept)
        # Fields that are worked out side by side send theirs in whatever order the database answers.
        apart = sorted(each for each in sent if not _OF_THE_KEY.search(each))
        return Told(response.status_code, _answer(response.text), tuple(apart))

    def operation(
        self, position: Position, value: str, selected: str | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Write the operation that asks a position with a value, all else being the caller's own."""
        field_ = position.field
        given = {
            name: self._argument(position, name, it.type, value)
            for name, it in field_.args.items()
            if name == position.path[0] or is_required_argument(it)
        }
        declared = ", ".join(f"${name}: {field_.args[name].type}" for name in given)
        shown = everything(get_named_type(field_.type), 1) if selected is None else selected
        passed = arguments(position.type_name, position.field_name, **{name: f"${name}" for name in given})
        asked = f"{position.field_name}{passed}{f' {{ {shown} }}' if shown else ''}"
        root = ROOTS.get(position.type_name)
        if root is not None:
            return f"{root}({declared}) {{ {asked} }}", given
        if position.type_name == "UsageAnalytics":
            period = arguments("Account", "usage")
            return f"query({declared}) {{ viewer {{ account {{ usage{period} {{ {asked} }} }} }} }}", given
        own = f'node(id: "{self.own_node(position.type_name)}")'
        return f"query({declared}) {{ {own} {{ ... on {position.type_name} {{ {asked} }} }} }}", given

    def own_node(self, type_name: str) -> str:
        """Give the id of the caller's own thing of a type that has ids."""
        return self.estate.ids[_NODES[type_name]]

    def _argument(self, position: Position, name: str, type_: GraphQLInputType, value: str) -> Any:
        path = position.path[1:] if name == position.path[0] else ()
        if name == position.path[0] and not path:
            return [value] if isinstance(get_nullable_type(type_), GraphQLList) else value
        return self._value(position, name, type_, path, value)

    def _value(
        self, position: Position, name: str, type_: GraphQLInputType, path: tuple[str, ...], value: str
    ) -> Any:
        bare = get_nullable_type(type_)
        if isinstance(bare, GraphQLList):
            return [self._value(position, name, bare.of_type, path, value)]
        if isinstance(bare, GraphQLInputObjectType):
            return self._object(position, bare, path, value)
        if isinstance(bare, GraphQLEnumType):
            return next(iter(bare.values))
        if bare.name == "ID":
            kind = KINDS[name]
            assert kind is not None
            return self._own(position, kind)
        if name == "workflowName":
            return self.estate.name("workflow")
        return f"fresh {next(_fresh)}" if name == "idempotencyKey" else SCALARS[bare.name]

    def _object(
        self, position: Position, type_: GraphQLInputObjectType, path: tuple[str, ...], value: str
    ) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name, it in type_.fields.items():
            if is_required_input_field(it):
                given[name] = self._value(position, name, it.type, (), value)
        prepared = VALUES.get(type_.name, REQUIRED.get(type_.name, {}))
        given |= {
            key: one for key, one in prepared.items() if not key.endswith("Id") and key != "idempotencyKey"
        }
        if path:
            [name, *rest] = path
            for other in IN_PLACE_OF.get((type_.name, name), set()):
                given.pop(other, None)
            it = type_.fields[name]
            given[name] = self._value(position, name, it.type, tuple(rest), value) if rest else value
        return given

    def _own(self, position: Position, kind: IdKind) -> str:
        if kind is IdKind.API_KEY and position.field_name in CALLING_KEY:
            return self.estate.second_key
        return self.estate.ids[kind]


def nothing_like(handle: str) -> str:
    """Make the id of a thing that is not there, of the same kind."""
    return f"{handle.partition('_')[0]}_{uuid4().hex}"


def leaks(told: Told, needles: Iterable[str], asked_with: str = "") -> list[str]:
    """Name what an answer tells of another account, in any spelling; what it was asked with it may repeat."""
    text = told.text.casefold()
    for echo in (asked_with, asked_with.rpartition("_")[2]):
        text = text.replace(echo.casefold(), "") if echo else text
    for packed in _PACKED.findall(told.text):
        with suppress(binascii.Error, ValueError):
            padded = packed.replace("-", "+").replace("_", "/") + "=" * (-len(packed) % 4)
            inner = base64.b64decode(padded)
            text += f" {inner.decode(errors='replace').casefold()} {inner.hex()}"
    dense = text.replace("-", "")
    return [needle for needle in needles if needle in text or needle in dense]


def _answer(text: str) -> str:
    """Read the answer, or the first event of a stream, and leave out what was paid for it."""
    data = next((line for line in text.splitlines() if line.startswith("data: {")), text)
    answer = json.loads(data.removeprefix("data: "))
    # What remains of a key's points falls with every operation, whatever it asks.
    answer.pop("extensions", None)
    return json.dumps(answer)


_NODES = {
    "Account": IdKind.ACCOUNT,
    "Agent": IdKind.AGENT,
    "ApiKey": IdKind.API_KEY,
    "AuditEntry": IdKind.AUDIT_ENTRY,
    "Budget": IdKind.BUDGET,
    "Event": IdKind.EVENT,
    "Grant": IdKind.GRANT,
    "Hold": IdKind.HOLD,
    "LedgerTransfer": IdKind.LEDGER_TRANSFER,
    "Rate": IdKind.RATE,
    "RateCard": IdKind.RATE_CARD,
    "ReplayJob": IdKind.REPLAY_JOB,
    "RunSelection": IdKind.SELECTION,
    "ServiceUsage": IdKind.SERVICE_USAGE,
    "ShadowPolicy": IdKind.SHADOW_POLICY,
    "StoredQuote": IdKind.QUOTE,
    "WebhookDelivery": IdKind.WEBHOOK_DELIVERY,
    "WebhookEndpoint": IdKind.WEBHOOK_ENDPOINT,
    "Workflow": IdKind.WORKFLOW,
}
