"""WebSockets as uvicorn speaks them, but letting go of a peer that does not read."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LINGER_SECONDS = 10.0


class LettingGo(WebSocketsSansIOProtocol):
    """Closes in good order, and cuts the connection where that has not worked after a while.

    A transport that is closed waits until all that was written is read, and so for ever where nobody reads.
    """

    async def run_asgi(self) -> None:
        """Serve the socket, then see that it is gone."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(LINGER_SECONDS, self.transport.abort)
