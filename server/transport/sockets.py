"""WebSockets as uvicorn speaks them, but letting go of a peer that does not read or breaks the protocol."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

LINGER_SECONDS = 10.0
MOST_PIECES = 4_096
"""How many frames one message may come in: empty ones cost a peer next to nothing, and would be kept."""


class LettingGo(WebSocketsSansIOProtocol):
    """Closes in good order, and cuts the connection where that has not worked after a while.

    A transport that is closed waits until all that was written is read, and so for ever where nobody reads.
    """

    async def run_asgi(self) -> None:
        """Serve the socket, then see that it is gone."""
        try:
            await super().run_asgi()
        finally:
            self._let_go()

    def data_received(self, data: bytes) -> None:
        """Take what comes; a handshake that is none is answered, and not left open."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # To some it has an answer of its own.
            self.transport.write(b"".join(self.conn.data_to_send()) or _NO_HANDSHAKE)
            self.transport.close()
            self._let_go()

    def pause_writing(self) -> None:
        """Read nothing more from one who does not read: each ping would be answered, and the answers kept."""
        super().pause_writing()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on, unless what came before is still waiting."""
        super().resume_writing()
        if not self.read_paused:
            self.transport.resume_reading()

    def keepalive_timeout(self) -> None:
        """Close a connection whose peer is silent."""
        super().keepalive_timeout()
        self._let_go()

    def handle_cont(self, event: Frame) -> None:
        """Take a piece of a message."""
        if len(self.frames) >= MOST_PIECES:
            self._refuse(_TOO_BIG)
            return
        super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Hand on a whole message; a text must be UTF-8."""
        if self.curr_msg_data_type == "text" and not _is_text(b"".join(self.frames)):
            self._refuse(_NO_TEXT)
            return
        super().send_receive_event_to_app()

    def _refuse(self, code: int) -> None:
        self.frames = []
        if not self.close_sent:
            self.conn.fail(code)
            self.handle_parser_exception()
            self._let_go()

    def _let_go(self) -> None:
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)


def _is_text(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True


_NO_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_NO_TEXT = 1007
_TOO_BIG = 1009
