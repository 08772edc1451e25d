"""One attempt over real sockets: what is sent, where it goes, and what each answer means."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from metering.webhooks import PRIVATE_TARGETS, PUBLIC_TARGETS, Attempt, Failure, Message, TargetRules
from models.identity import new_id
from server.background.webhooks_http import MOST_ANSWER_BYTES, Delivered, WebhookSender
from tests.receiver import Receiver, receiving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = Message(
    "event_1", '{"type":"webhook.test","timestamp":"2026-03-04T12:00:00Z","data":{"name":"Zoë"}}'
)
HTTPS_ONLY = TargetRules(("https",), private_addresses=True)
# A certificate that speaks for hooks.test, and its key: nobody but these tests trusts it.
CERTIFICATE = Path(__file__).parent / "hooks_test.pem"


def attempt(url: str, message: Message = MESSAGE) -> Attempt:
    return Attempt(new_id(), new_id(), new_id(), 1, url, (SECRET,), message)


async def at_home(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


async def send(url: str, rules: TargetRules = PRIVATE_TARGETS, **given: Any) -> Delivered | Failure:
    async with sending(rules, **given) as sender:
        return await sender.send(attempt(url), now=datetime.now(UTC))


@asynccontextmanager
async def sending(rules: TargetRules = PRIVATE_TARGETS, **given: Any) -> AsyncIterator[WebhookSender]:
    sender = WebhookSender(rules, **given)
    try:
        yield sender
    finally:
        await sender.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def test_a_request_is_signed_and_complete(receiver: Receiver) -> None:
    assert await send(receiver.url("/hook?a=1")) == Delivered(204)
    [request] = receiver.received
    assert request.line == "POST /hook?a=1 HTTP/1.1"
    assert request.body.decode() == MESSAGE.body
    headers = request.headers
    assert (headers["content-type"], headers["user-agent"]) == ("application/json", "creditgraph-webhooks")
    assert (headers["host"], headers["webhook-id"]) == (f"127.0.0.1:{receiver.port}", "event_1")
    assert Webhook(SECRET).verify(request.body, headers)["data"] == {"name": "Zoë"}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(request.body, headers)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("200 OK", Delivered(200)),
        ("299 Fine", Delivered(299)),
        ("400 Bad Request", Failure("The endpoint answered 400.", 400)),
        ("410 Gone", Failure("The endpoint answered 410.", 410)),
        ("500 Oh\r\nretry-after: 7", Failure("The endpoint answered 500.", 500)),
        ("503 Later\r\nretry-after: 120", Failure("The endpoint answered 503.", 503, timedelta(seconds=120))),
        ("429 Slower\r\nretry-after: soon", Failure("The endpoint answered 429.", 429)),
        ("429 Slower\r\nretry-after: 99999999999", Failure("The endpoint answered 429.", 429)),
    ],
)
async def test_only_the_status_counts(receiver: Receiver, answer: str, outcome: Delivered | Failure) -> None:
    receiver.answers = [answer]
    assert await send(receiver.url()) == outcome


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_not_followed(receiver: Receiver, status: str) -> None:
    receiver.answers = [f"{status}\r\nlocation: {receiver.url('/elsewhere')}"]
    code = int(status[:3])
    assert await send(receiver.url()) == Failure(
        f"The endpoint answered {code}; redirects are not followed.", code
    )
    assert [request.line for request in receiver.received] == ["POST /hook HTTP/1.1"]


async def test_nothing_is_kept_from_one_attempt_to_the_next(receiver: Receiver) -> None:
    receiver.answers = ["200 OK\r\nset-cookie: a=b; path=/"]
    async with sending() as sender:
        for _ in range(2):
            await sender.send(attempt(receiver.url()), now=datetime.now(UTC))
    assert "cookie" not in receiver.received[1].headers


async def test_a_long_answer_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.body = b"x" * (200 * MOST_ANSWER_BYTES)
    receiver.answers = ["200 OK"]
    assert await send(receiver.url()) == Delivered(200)


async def test_an_answer_that_never_comes_is_a_failure(receiver: Receiver) -> None:
    receiver.hold()
    assert await send(receiver.url(), attempt_seconds=0.2) == Failure("No answer came within 0.2 seconds.")


async def test_a_name_that_is_looked_up_for_ever_is_a_failure() -> None:
    async def never(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    outcome = await send("http://hooks.test/", resolve=never, attempt_seconds=0.1)
    assert outcome == Failure("No answer came within 0.1 seconds.")


async def test_nobody_at_home_is_a_failure() -> None:
    async with receiving() as receiver:
        url = receiver.url()
    assert await send(url) == Failure("The endpoint does not take connections.")


async def test_a_broken_connection_is_a_failure() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = await send(f"http://127.0.0.1:{port}/")
    server.close()
    assert outcome == Failure("The connection broke before an answer came.")


async def test_another_address_of_the_host_may_do(receiver: Receiver) -> None:
    async def two(_host: str, _port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    assert await send(receiver.url(host="hooks.test"), resolve=two) == Delivered(204)
    assert receiver.received[0].headers["host"] == f"hooks.test:{receiver.port}"


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["::1"],
        ["8.8.8.8", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
    ],
)
async def test_addresses_that_are_not_public_are_refused(receiver: Receiver, addresses: list[str]) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return addresses

    outcome = await send(receiver.url(scheme="https", host="hooks.test"), PUBLIC_TARGETS, resolve=resolve)
    assert outcome == Failure("The host's address is not public.")
    assert receiver.received == []


async def test_numbers_that_are_names_are_looked_at_as_addresses(receiver: Receiver) -> None:
    for host in ("localhost", "127.1", "2130706433"):
        outcome = await send(receiver.url(scheme="https", host=host), PUBLIC_TARGETS)
        assert outcome == Failure("The host's address is not public."), host
    assert receiver.received == []


async def test_plain_http_is_refused_where_it_is_not_allowed(receiver: Receiver) -> None:
    outcome = await send(receiver.url(), PUBLIC_TARGETS, resolve=at_home)
    assert outcome == Failure("The address must begin with https://.")
    assert receiver.received == []


async def test_a_name_that_does_not_exist_is_a_failure() -> None:
    async def nothing(_host: str, _port: int) -> list[str]:
        raise OSError("Name or service not known")

    async def none(_host: str, _port: int) -> list[str]:
        return []

    for resolve in (nothing, none):
        assert await send("http://hooks.test/", resolve=resolve) == Failure("The host's name is not found.")


async def test_the_certificate_must_speak_for_the_name_and_not_for_the_address() -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(CERTIFICATE)
    asked: list[str | None] = []
    serving.sni_callback = lambda _socket, name, _context: asked.append(name)
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    invalid = Failure("The endpoint's certificate is not valid for its name.")
    async with receiving(serving) as receiver:

        async def outcome(host: str, **given: Any) -> Delivered | Failure:
            return await send(receiver.url(scheme="https", host=host), HTTPS_ONLY, resolve=at_home, **given)

        assert await outcome("hooks.test", verify=trusting) == Delivered(204)
        assert await outcome("other.test", verify=trusting) == invalid
        assert await outcome("127.0.0.1", verify=trusting) == invalid
        assert await outcome("hooks.test") == invalid
        assert asked == ["hooks.test", "other.test", None, "hooks.test"]
        [request] = receiver.received
        assert request.headers["host"] == f"hooks.test:{receiver.port}"
