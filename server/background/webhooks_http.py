"""One attempt of a delivery: a signed POST to an address that was checked, and what the endpoint says to it.

Nothing of an answer but its status counts. No redirect is followed, no proxy is asked, and nothing is kept
from one attempt to the next: no cookies, and no connections, which could carry an account's delivery to
another's host.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import httpx2

from metering.webhooks import Attempt, Failure, TargetRules, is_public, signed_headers

Resolve = Callable[[str, int], Awaitable[list[str]]]

ATTEMPT_SECONDS = 20
"""What one attempt may take in all: finding the host, connecting, sending, and waiting for the answer."""
CONNECT_SECONDS = 5
MOST_ANSWER_BYTES = 16_384
"""How much of an answer is read, and thrown away, so that the receiver can end in good order."""

_PORTS = {"http": 80, "https": 443}
_RESOLVERS = 8


class NotDeliverable(Exception):  # noqa: N818 - named for the state
    """The attempt cannot be made; the message says why, for the endpoint's owner."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The endpoint took it."""

    status_code: int


class WebhookSender:
    """Sends attempts; its connections and threads end with `close`."""

    def __init__(
        self,
        rules: TargetRules,
        *,
        resolve: Resolve | None = None,
        verify: ssl.SSLContext | bool = True,
        attempt_seconds: float = ATTEMPT_SECONDS,
    ) -> None:
        """Send by the rules; `resolve` looks names up, `verify` says whose certificates are trusted."""
        self._rules = rules
        self._attempt_seconds = attempt_seconds
        self._threads = ThreadPoolExecutor(_RESOLVERS, "creditgraph-resolver")
        self._resolve = resolve or self._look_up
        self._verify = verify
        self._transport: httpx2.AsyncHTTPTransport | None = None

    async def send(self, attempt: Attempt, *, now: datetime) -> Delivered | Failure:
        """Send, and say what came of it; `now` is the time that is signed."""
        try:
            async with asyncio.timeout(self._attempt_seconds):
                return await self._send(attempt, now)
        except NotDeliverable as error:
            return Failure(str(error))
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            return Failure(_why_not_connected(error))
        except (TimeoutError, httpx2.TimeoutException):
            return Failure(f"No answer came within {self._attempt_seconds:g} seconds.")
        except httpx2.TransportError:
            return Failure("The connection broke before an answer came.")

    async def close(self) -> None:
        """Let go of everything; a name that is still being looked up is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._transport is not None:
            await self._transport.aclose()

    def _opened(self) -> httpx2.AsyncHTTPTransport:
        """Give the transport, made for the first attempt: to read the trusted certificates takes a while."""
        if self._transport is None:
            self._transport = httpx2.AsyncHTTPTransport(
                verify=self._verify, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0)
            )
        return self._transport

    async def _send(self, attempt: Attempt, now: datetime) -> Delivered | Failure:
        url = httpx2.URL(attempt.url)
        if url.scheme not in self._rules.schemes:
            raise NotDeliverable("The address must begin with https://.")
        headers = {
            "host": url.netloc.decode("ascii"),
            "user-agent": "creditgraph-webhooks",
            **signed_headers(attempt.message, attempt.secrets, now),
        }
        content = attempt.message.body.encode()
        *others, last = await self._addresses(url)
        for address in others:
            # Nothing has been sent where no connection was made, so another address of the host may do.
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await self._post(url, address, headers, content)
        return await self._post(url, last, headers, content)

    async def _post(
        self, url: httpx2.URL, address: str, headers: dict[str, str], content: bytes
    ) -> Delivered | Failure:
        # To the very address that was checked: a second look-up could give another.
        target = url.copy_with(host=address)
        extensions = {"sni_hostname": url.raw_host.decode("ascii"), "timeout": _TIMEOUT}
        request = httpx2.Request("POST", target, headers=headers, content=content, extensions=extensions)
        return await self._answer(await self._opened().handle_async_request(request))

    async def _answer(self, response: httpx2.Response) -> Delivered | Failure:
        status = response.status_code
        retry_after = _retry_after(response)
        try:
            read = 0
            async for part in response.aiter_raw():
                read += len(part)
                if read > MOST_ANSWER_BYTES:
                    break
        except httpx2.TransportError:
            pass  # the status has come, and it is all that counts
        finally:
            await response.aclose()
        if response.is_success:
            return Delivered(status)
        note = "; redirects are not followed" if response.is_redirect else ""
        return Failure(f"The endpoint answered {status}{note}.", status, retry_after)

    async def _addresses(self, url: httpx2.URL) -> list[str]:
        try:
            found = await self._resolve(url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme])
        except (OSError, UnicodeError) as error:
            raise NotDeliverable("The host's name is not found.") from error
        if not found:
            raise NotDeliverable("The host's name is not found.")
        if not self._rules.private_addresses and not all(map(is_public, found)):
            raise NotDeliverable("The host's address is not public.")
        return list(dict.fromkeys(found))[:_MOST_ADDRESSES]

    async def _look_up(self, host: str, port: int) -> list[str]:
        # In threads of its own: names that nobody answers for must not fill those of the service.
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(address[0]) for *_, address in found]


def _why_not_connected(error: httpx2.TransportError) -> str:
    if "certificate" in str(error).lower():
        return "The endpoint's certificate is not valid for its name."
    return "The endpoint does not take connections."


def _retry_after(response: httpx2.Response) -> timedelta | None:
    if response.status_code not in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return None
    text = response.headers.get("retry-after", "")
    return (
        timedelta(seconds=int(text)) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
    )


_TIMEOUT = {
    "connect": CONNECT_SECONDS,
    "read": ATTEMPT_SECONDS,
    "write": ATTEMPT_SECONDS,
    "pool": ATTEMPT_SECONDS,
}
_DIGITS = 6
_MOST_ADDRESSES = 3
