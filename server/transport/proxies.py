"""Proxies: for whom they ask, by uvicorn's own rules, which hold for all that goes the long way too."""

from functools import lru_cache

from uvicorn import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

Peer = tuple[str, int] | None
"""Who is at the other end of a connection; None over a Unix socket."""


class Proxies:
    """The proxies that a server trusts to say whom they ask for."""

    def __init__(self, config: Config) -> None:
        self._rules = None
        if config.proxy_headers:
            self._rules = ProxyHeadersMiddleware(_answer_nothing, config.forwarded_allow_ips)

    def client(self, peer: Peer, forwarded_for: str) -> Peer:
        """Give whom a peer names by `X-Forwarded-For` as its client, or the peer where it is not trusted."""
        if self._rules is None:
            return peer
        headers = [(b"x-forwarded-for", forwarded_for.encode("latin-1"))]
        scope = {"type": "http", "client": peer, "headers": headers}
        asked = self._rules(scope, None, None)  # type: ignore[arg-type]  # all of a scope that it looks at
        try:
            asked.send(None)  # it waits for nothing
        except StopIteration:
            return scope["client"]  # type: ignore[return-value]  # which it may have changed
        raise AssertionError


async def _answer_nothing(_scope: object, _receive: object, _send: object) -> None:
    pass


proxies_of = lru_cache(maxsize=1)(Proxies)
"""Those of a server's configuration: made once, not for each connection."""
