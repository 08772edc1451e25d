"""WebSockets: handshakes that are none, frames that are broken, messages that the protocol does not know."""

import json
from collections.abc import Iterable

from tests.hostile.rows.row import (
    EITHER,
    FINE,
    KEY,
    MARK,
    OTHER_KEY,
    PLAIN,
    REFUSED,
    Heard,
    Leave,
    Opened,
    Pause,
    Piece,
    Row,
    lines,
    row,
)

PROTOCOL = "sec-websocket-protocol: graphql-transport-ws"
UPGRADE = ("host: here", "connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13")
NONCE = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="
OPEN = lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, PROTOCOL)
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
NOBODY = frozenset[str]()
LARGEST = 2**20


def frame(payload: bytes | str, opcode: int = TEXT, *, last: bool = True, reserved: int = 0) -> bytes:
    """Write a frame as a client does, under a mask of zeros."""
    content = payload if isinstance(payload, bytes) else payload.encode()
    return opened(len(content), opcode, last=last, reserved=reserved) + content


def opened(length: int, opcode: int = TEXT, *, last: bool = True, reserved: int = 0) -> bytes:
    """Write the beginning of a frame of so many bytes."""
    first = bytes([(0x80 if last else 0) | reserved << 4 | opcode])
    if length < 126:
        return first + bytes([0x80 | length]) + bytes(4)
    size = (b"\xfe" + length.to_bytes(2, "big")) if length < 2**16 else (b"\xff" + length.to_bytes(8, "big"))
    return first + size + bytes(4)


def message(**content: object) -> bytes:
    """Write a message of the protocol."""
    return frame(json.dumps(content))


INIT = frame(b'{"type":"connection_init","payload":{"authorization":"Bearer ' + KEY + b'"}}')


def subscribe(query: str, name: str = "1", **more: object) -> bytes:
    """Write the message that runs an operation."""
    return message(id=name, type="subscribe", payload={"query": query} | more)


ALIVE = subscribe("{viewer{scopes}}")
BALANCE = "subscription{balanceChanged{sequence}}"
KNOWN = (OPEN, Opened(), INIT, Heard(1))
"""A socket that has said who it is, and heard that this is known."""

NO_HANDSHAKES: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "without a nonce": (lines("GET /graphql HTTP/1.1", *UPGRADE, PROTOCOL), (400, 403, 404)),
    "with a nonce that is none": (
        lines("GET /graphql HTTP/1.1", *UPGRADE, "sec-websocket-key: x", PROTOCOL),
        (400, 403, 404),
    ),
    "with two nonces": (lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, NONCE, PROTOCOL), (400, 403, 404)),
    "of an old version": (
        lines("GET /graphql HTTP/1.1", *UPGRADE[:3], "sec-websocket-version: 8", NONCE, PROTOCOL),
        (400, 426),
    ),
    "by POST": (lines("POST /graphql HTTP/1.1", *UPGRADE, NONCE, PROTOCOL), (400, 404, 405)),
    "elsewhere": (lines("GET /elsewhere HTTP/1.1", *UPGRADE, NONCE, PROTOCOL), (400, 403, 404)),
    "at the REST door": (
        lines("GET /api/v1/agent/create HTTP/1.1", *UPGRADE, NONCE, PROTOCOL),
        (400, 403, 404),
    ),
    "with a body": (
        lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, PROTOCOL, "content-length: 5") + b"hello",
        (400,),
    ),
    "with 1,000 headers": (
        lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, PROTOCOL, *[f"x-{n}: y" for n in range(1_000)]),
        (400, 431),
    ),
    "with a header of 20,000 bytes": (
        lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, PROTOCOL, "x-a: " + "y" * 20_000),
        (400, 431),
    ),
    "from a foreign page": (
        lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, PROTOCOL, "origin: https://evil.example"),
        (403,),
    ),
    "from no page": (lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, PROTOCOL, "origin: null"), (403,)),
    "from a page whose name begins like ours": (
        lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, PROTOCOL, "origin: http://here.evil.example"),
        (403,),
    ),
    "from a page that names us as a user": (
        lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, PROTOCOL, "origin: http://here@evil.example"),
        (403,),
    ),
    "from an address that is none": (
        lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, PROTOCOL, "origin: http://[::"),
        (400, 403),
    ),
    "of an empty subprotocol": (
        lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, "sec-websocket-protocol:"),
        (400,),
    ),
    "from two pages": (
        lines(
            "GET /graphql HTTP/1.1",
            *UPGRADE,
            NONCE,
            PROTOCOL,
            "origin: http://here",
            "origin: https://evil.example",
        ),
        (400, 403),
    ),
}
WRONG_PROTOCOLS: dict[str, tuple[str, ...]] = {
    "none": (),
    "the one of old": ("sec-websocket-protocol: graphql-ws",),
    "one that nobody knows": (f"sec-websocket-protocol: {MARK}",),
    "one in capitals": ("sec-websocket-protocol: GRAPHQL-TRANSPORT-WS",),
    "a thousand": ("sec-websocket-protocol: " + ", ".join(f"p{n}" for n in range(1_000)),),
}
FIRST_WORDS: dict[str, tuple[bytes, int]] = {
    "a subscription": (ALIVE, 4401),
    "an init without a key": (message(type="connection_init"), 4403),
    "an init with a wrong key": (
        message(type="connection_init", payload={"authorization": "Bearer nexus_x"}),
        4403,
    ),
    "an init with a key that is a list": (
        message(type="connection_init", payload={"authorization": ["x"]}),
        4403,
    ),
    "an init with a key of a million characters": (
        message(type="connection_init", payload={"authorization": "Bearer nexus_" + "A" * 900_000}),
        4403,
    ),
    "an init whose payload is text": (message(type="connection_init", payload=MARK), 4400),
    "an init whose payload is a list": (message(type="connection_init", payload=[]), 4400),
    "an ack": (message(type="connection_ack"), 4400),
    "a start of old": (message(type="start", id="1", payload={"query": "{viewer{scopes}}"}), 4400),
    "HTTP": (frame("POST /graphql HTTP/1.1\r\n\r\n"), 4400),
}
WORDS: dict[str, tuple[bytes, int]] = {
    "no JSON": (frame("hello"), 4400),
    "nothing": (frame(""), 4400),
    "a list": (frame("[]"), 4400),
    "a number": (frame("5"), 4400),
    "a list of messages": (frame('[{"type":"ping"},{"type":"ping"}]'), 4400),
    "NaN": (frame('{"type":"ping","payload":NaN}'), 4400),
    "a type twice": (frame('{"type":"ping","type":"subscribe"}'), 4400),
    "no type": (frame("{}"), 4400),
    "a type that is a list": (frame('{"type":["ping"]}'), 4400),
    "a type that is an object": (frame('{"type":{}}'), 4400),
    "a type in capitals": (frame('{"type":"PING"}'), 4400),
    "a type that only we send": (message(type="next", id="1", payload={}), 4400),
    "21 levels": (frame('{"type":"ping","payload":' + "[" * 21 + "]" * 21 + "}"), 4400),
    "300,000 levels": (frame('{"type":"ping","payload":' + "[" * 300_000), 4400),
    "a number of 900,000 digits": (frame('{"type":"ping","payload":' + "9" * 900_000 + "}"), 4400),
    "half a character as an id": (frame('{"type":"complete","id":5}'), 4400),
    "a subscription without an id": (
        frame('{"type":"subscribe","payload":{"query":"{viewer{scopes}}"}}'),
        4400,
    ),
    "a subscription with an empty id": (subscribe("{viewer{scopes}}", ""), 4400),
    "a subscription with an id of 256 characters": (subscribe("{viewer{scopes}}", "i" * 256), 4400),
    "a subscription with an id that is a number": (frame('{"type":"subscribe","id":1,"payload":{}}'), 4400),
    "a subscription without a payload": (message(type="subscribe", id="1"), 4400),
    "a subscription whose payload is text": (
        message(type="subscribe", id="1", payload="{viewer{scopes}}"),
        4400,
    ),
    "a second init": (INIT, 4429),
    "a message in bytes": (frame('{"type":"ping"}', BINARY), 4400),
    "a message with a mark": (frame(b'\xef\xbb\xbf{"type":"ping"}'), 4400),
    "one id for two subscriptions": (subscribe(BALANCE) + subscribe(BALANCE), 4409),
}
BROKEN: dict[str, tuple[bytes, int]] = {
    "a frame without a mask": (b"\x81\x0f" + b'{"type":"ping"}', 1002),
    "a frame with a reserved bit": (frame('{"type":"ping"}', reserved=4), 1002),
    "a frame that says it is compressed": (frame(b"\x00\x01\x02", reserved=4), 1002),
    "a frame of a reserved kind": (frame("x", 3), 1002),
    "a ping of 126 bytes": (frame(b"p" * 126, PING), 1002),
    "a ping in pieces": (frame(b"p", PING, last=False), 1002),
    "a good-bye of one byte": (frame(b"\x03", CLOSE), 1002),
    "a good-bye of a forbidden code": (frame((1005).to_bytes(2, "big"), CLOSE), 1002),
    "a good-bye that is no text": (frame(b"\x03\xe8\xff\xfe", CLOSE), 1007),
    "text that is not UTF-8": (frame(b'{"type":"ping\xff"}'), 1007),
    "text with half a surrogate pair": (frame(b'{"type":"ping\xed\xa0\x80"}'), 1007),
    "a continuation of nothing": (frame("x", 0), 1002),
    "a text within a text": (frame('{"type":', last=False) + frame('{"type":"ping"}'), 1002),
    "a megabyte and a byte": (opened(LARGEST + 1), 1009),
    "a frame of 2^62 bytes": (opened(2**62), 1009),
    "a frame of 2^63 bytes": (opened(2**63), 1009),
    "two megabytes in pieces": (
        frame(b" " * 2**19, last=False) + frame(b" " * 2**19, 0, last=False) + opened(2**19, 0, last=False),
        1009,
    ),
    "300,000 empty pieces": (frame(b"", last=False) + frame(b"", 0, last=False) * 300_000, 1009),
}
CODES_OF_A_FRAME = {1002, 1006, 1007, 1009, 4400}
HARMLESS: dict[str, tuple[Iterable[Piece], frozenset[str]]] = {
    "a ping before anything": ((OPEN, Opened(), message(type="ping"), Heard(1)), NOBODY),
    "a pong before anything": ((OPEN, Opened(), message(type="pong"), INIT, Heard(1)), NOBODY),
    "a completion before anything": (
        (OPEN, Opened(), message(type="complete", id="1"), INIT, Heard(1)),
        NOBODY,
    ),
    "a completion of nothing": ((*KNOWN, message(type="complete", id=MARK)), NOBODY),
    "1,000 pings": ((*KNOWN, message(type="ping") * 1_000, Heard(1_001)), NOBODY),
    "1,000 pings of the frame": ((*KNOWN, frame(b"p" * 125, PING) * 1_000, ALIVE, Heard(3)), FINE),
    "1,000 pongs of the frame": ((*KNOWN, frame(b"p", PONG) * 1_000, ALIVE, Heard(3)), FINE),
    "1,000 completions": ((*KNOWN, message(type="complete", id="1") * 1_000, ALIVE, Heard(3)), FINE),
    "100 operations of one id": (
        (*KNOWN, *[piece for n in range(100) for piece in (ALIVE, Heard(3 + 2 * n))]),
        FINE,
    ),
    "300 subscriptions that are left at once": (
        (
            *KNOWN,
            *[subscribe(BALANCE, str(n)) + message(type="complete", id=str(n)) for n in range(300)],
            ALIVE,
            Heard(3),
        ),
        FINE | {"UNAVAILABLE"},
    ),
    "600 subscriptions of one key": (
        (
            OPEN,
            Opened(),
            INIT.replace(KEY, OTHER_KEY),
            Heard(1),
            *[subscribe(BALANCE, str(n)) for n in range(600)],
            Pause(0.3),
        ),
        FINE | {"RATE_LIMITED", "UNAVAILABLE"},
    ),
    "a message in 15 pieces": (
        (
            *KNOWN,
            frame("{", last=False),
            *[frame(byte, 0, last=False) for byte in '"type":"ping"'],
            frame("}", 0),
            Heard(2),
        ),
        NOBODY,
    ),
    "a ping within a message": (
        (*KNOWN, frame('{"type":', last=False) + frame(b"p", PING) + frame('"ping"}', 0), Heard(2)),
        NOBODY,
    ),
    "an operation that is no text": (
        (*KNOWN, message(id="1", type="subscribe", payload={"query": 5}), Heard(2)),
        REFUSED,
    ),
    "an operation that is not there": (
        (*KNOWN, subscribe("query A{viewer{scopes}}", operationName="B"), Heard(2)),
        REFUSED,
    ),
    "a document of 15,001 characters": (
        (*KNOWN, subscribe("{viewer{scopes}}".ljust(15_001)), Heard(2)),
        EITHER - FINE,
    ),
    "a document that is none": ((*KNOWN, subscribe(MARK), Heard(2)), REFUSED),
    "900 levels": ((*KNOWN, subscribe("{a" * 900 + "}" * 900), Heard(2)), EITHER - FINE),
    "600 aliases": (
        (*KNOWN, subscribe("{" + " ".join(f"a{n}:viewer{{scopes}}" for n in range(600)) + "}"), Heard(2)),
        EITHER - FINE,
    ),
    "two subscriptions in one": (
        (*KNOWN, subscribe("subscription{balanceChanged{sequence} b:balanceChanged{sequence}}"), Heard(2)),
        REFUSED,
    ),
    "a subscription of another's run": (
        (
            *KNOWN,
            subscribe('subscription{workflowChanged(workflowId:"workflow_' + "0" * 32 + '"){sequence}}'),
            Heard(2),
        ),
        frozenset({"NOT_FOUND", "BAD_USER_INPUT"}),
    ),
    "variables that are a list": ((*KNOWN, subscribe("{viewer{scopes}}", variables=[]), Heard(2)), REFUSED),
    "half a character": (
        (
            *KNOWN,
            frame('{"type":"subscribe","id":"\\ud800","payload":{"query":"{viewer{scopes}}"}}'),
            Heard(2),
        ),
        FINE,
    ),
    "a handshake of HTTP of old": (
        (OPEN.replace(b"HTTP/1.1", b"HTTP/1.0"), Opened(), INIT, Heard(1)),
        NOBODY,
    ),
    "a page of ours": (
        (OPEN.replace(b"host: here\r\n", b"host: here\r\norigin: http://here\r\n"), Opened(), INIT, Heard(1)),
        NOBODY,
    ),
}
LEAVING: dict[str, tuple[Piece, ...]] = {
    "after the handshake": (OPEN, Pause(0.02), Leave()),
    "in the middle of a frame": (OPEN, Opened(), opened(1_000) + b"{", Pause(0.02), Leave()),
    "with 50 subscriptions": (*KNOWN, *[subscribe(BALANCE, str(n)) for n in range(50)], Leave()),
    "in the middle of an answer": (*KNOWN, subscribe("{viewer{account{id name}}}"), Leave()),
}


def _socket(
    name: str, pieces: Iterable[Piece], closes: Iterable[int], outcomes: Iterable[str] = NOBODY
) -> Row:
    return Row(f"socket: {name}", tuple(pieces), frozenset({(101,)}), frozenset(outcomes), frozenset(closes))


def _rows() -> list[Row]:
    found = [
        row(f"handshake {name}", sent, statuses, PLAIN | REFUSED)
        for name, (sent, statuses) in NO_HANDSHAKES.items()
    ]
    found += [
        _socket(f"a subprotocol: {name}", [lines("GET /graphql HTTP/1.1", *UPGRADE, NONCE, *given)], {4406})
        for name, given in WRONG_PROTOCOLS.items()
    ]
    found += [
        _socket(f"first {name}", (OPEN, Opened(), word), {code}) for name, (word, code) in FIRST_WORDS.items()
    ]
    found += [
        _socket(name, (*KNOWN, word), {code}, FINE if code == 4409 else NOBODY)
        for name, (word, code) in WORDS.items()
    ]
    found += [
        _socket(name, (*KNOWN, sent), {code} | CODES_OF_A_FRAME) for name, (sent, code) in BROKEN.items()
    ]
    found += [_socket(name, pieces, {1000}, outcomes) for name, (pieces, outcomes) in HARMLESS.items()]
    found += [
        Row(f"socket: leaving {name}", pieces, frozenset({(), (101,)}), FINE, frozenset({1000}))
        for name, pieces in LEAVING.items()
    ]
    return found


ROWS = _rows()
SLOW = [
    _socket("no init", [OPEN], {4408}),
    _socket("half a message in place of an init", [OPEN, Opened(), opened(1_000) + b"{"], {4408}),
    _socket(
        "pings in place of an init",
        [OPEN, Opened(), *[piece for _ in range(50) for piece in (message(type="ping"), Pause(0.25))]],
        {4408},
    ),
]
