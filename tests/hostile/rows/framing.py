"""Framing: where a request ends, told in two ways, falsely or not at all; headers without number."""

from tests.hostile.rows.bodies import GOOD
from tests.hostile.rows.row import (
    EITHER,
    FINE,
    KEY,
    MARK,
    PLAIN,
    REFUSED,
    Leave,
    Pause,
    Piece,
    Row,
    bearer,
    head,
    lines,
    post,
    row,
)

AUTHORIZED = b"authorization: Bearer " + KEY
TYPED = b"content-type: application/json"
FIRST = ("POST /graphql HTTP/1.1", "host: here", AUTHORIZED, TYPED)
"""A head whose connection stays open: whatever is hidden behind it would be answered too."""
HIDDEN = post(GOOD)
CHUNKED = "transfer-encoding: chunked"
LENGTH = f"content-length: {len(GOOD)}"
IN_CHUNKS = b"%x\r\n" % len(GOOD) + GOOD + b"\r\n0\r\n\r\n"
NO_HTTP = PLAIN | REFUSED
"""What is no HTTP is refused before anybody knows for whom."""

SMUGGLED: dict[str, bytes] = {
    "a length and chunks": lines(*FIRST, "content-length: 4", CHUNKED) + b"0\r\n\r\n" + HIDDEN,
    "chunks and a length": lines(*FIRST, CHUNKED, "content-length: 6") + b"0\r\n\r\nG" + HIDDEN,
    "two lengths": lines(*FIRST, LENGTH, "content-length: 0") + GOOD + HIDDEN,
    "two lengths in one": lines(*FIRST, f"{LENGTH}, 0") + GOOD + HIDDEN,
    "a length with a sign": lines(*FIRST, f"content-length: +{len(GOOD)}") + GOOD + HIDDEN,
    "a negative length": lines(*FIRST, "content-length: -1") + GOOD + HIDDEN,
    "a length in hexadecimal": lines(*FIRST, "content-length: 0x1c") + GOOD + HIDDEN,
    "a length beyond 64 bits": lines(*FIRST, "content-length: 18446744073709551617") + GOOD,
    "a length of 1,000 digits": lines(*FIRST, "content-length: " + "9" * 1_000) + GOOD,
    "a length in Arabic digits": lines(*FIRST, b"content-length: " + "\u0662".encode()) + GOOD,
    "chunks with a space before them": lines(*FIRST, "transfer-encoding : chunked", LENGTH) + GOOD + HIDDEN,
    "chunks by another name": lines(*FIRST, "transfer-encoding: xchunked", LENGTH) + GOOD + HIDDEN,
    "chunks and then identity": lines(*FIRST, "transfer-encoding: chunked, identity") + IN_CHUNKS + HIDDEN,
    "chunks twice": lines(*FIRST, CHUNKED, CHUNKED, LENGTH) + GOOD + HIDDEN,
    "a folded header": lines(*FIRST, "x-a: b\r\n transfer-encoding: chunked", LENGTH) + GOOD,
    "a chunk's size that is none": lines(*FIRST, CHUNKED) + b"zz\r\n" + GOOD,
    "a chunk's size with a sign": lines(*FIRST, CHUNKED) + b"-1\r\n" + GOOD,
    "a chunk's size beyond 64 bits": lines(*FIRST, CHUNKED) + b"f" * 17 + b"\r\n" + GOOD,
    "a chunk that is longer than it says": lines(*FIRST, CHUNKED) + b"2\r\n" + GOOD + b"\r\n0\r\n\r\n",
    "line ends without returns": (
        b"\n".join([b"POST /graphql HTTP/1.1", b"host: here", b"content-length: 0", b"", b""])
    ),
    "a header with a NUL": lines(*FIRST, b"x-a: b\0c", LENGTH) + GOOD,
    "a header without a name": lines(*FIRST, ": x", LENGTH) + GOOD,
    "a header without a colon": lines(*FIRST, "nonsense", LENGTH) + GOOD,
    "a header's name with a space": lines(*FIRST, "x a: b", LENGTH) + GOOD,
    "two hosts": head("POST", "/graphql", "host: evil.example", AUTHORIZED, TYPED, LENGTH) + GOOD,
    "two media types": post(GOOD, "content-type: text/plain"),
    "noise": bytes(range(256)) * 4,
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(200),
    "HTTP of another kind": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP of no kind": b"POST /graphql HTTP/9.9\r\nhost: here\r\n\r\n",
    "HTTP of old": b"GET /graphql\r\n\r\n",
    "a method that is none": lines("GRAPHQL /graphql HTTP/1.1", "host: here"),
    "a method of a thousand letters": lines("P" * 1_000 + " /graphql HTTP/1.1", "host: here"),
    "an address of another service": lines(
        "CONNECT evil.example:443 HTTP/1.1", "host: here", "connection: close"
    ),
    "an address with a space": lines("POST /graph ql HTTP/1.1", "host: here"),
    "an address of bytes": lines(b"POST /\xff\xfe HTTP/1.1", "host: here", "connection: close"),
    "an address without end": b"POST /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: here\r\n\r\n",
    "a post-office's greeting": b"EHLO evil.example\r\nMAIL FROM:<a@b>\r\n",
}
HEADERS: dict[str, tuple[str | bytes, ...]] = {
    "10,000 headers": tuple(f"x-{n}: {n}" for n in range(10_000)),
    "10,000 headers of one name": ("x-a: b",) * 10_000,
    "20,000 bytes of one header": ("x-a: " + "b" * 20_000,),
    "20,000 bytes of cookies": ("cookie: " + "a=b; " * 4_000,),
    "a name of 20,000 bytes": ("x" * 20_000 + ": b",),
}
FORWARDED: dict[str, tuple[str | bytes, ...]] = {
    "an address from elsewhere": ("x-forwarded-for: 203.0.113.7", "x-forwarded-proto: https"),
    "an address that is none": (f"x-forwarded-for: {MARK}<script>", "x-forwarded-proto: gopher"),
    "addresses without number": ("x-forwarded-for: " + "10.0.0.1, " * 1_000,),
    "another host": ("x-forwarded-host: evil.example", "forwarded: for=evil;host=evil.example"),
    "another address": ("x-original-url: /healthz", "x-rewrite-url: /healthz"),
    "a request's id of 10,000 characters": ("x-request-id: " + "a" * 10_000,),
    "a request's id that is code": ("x-request-id: <script>alert(1)</script>",),
    "an accept that is none": ("accept: ;;;q=x,,/",),
    "an accept without end": ("accept: " + "a/b;q=0.1," * 1_000,),
    "a trace that is none": ("traceparent: 00-zz-zz-zz", "tracestate: " + "a=b," * 500),
    "a trace of 10,000 characters": ("traceparent: " + "0" * 10_000,),
    "bytes that are no text": (b"x-a: \xff\xfe\xfd",),
    "an upgrade to another protocol": ("upgrade: h2c", "http2-settings: AAAA"),
    "a trailer that is announced": ("trailer: authorization", "te: trailers"),
    "what is not modified": ("if-modified-since: nonsense", 'if-none-match: "*"'),
}
MORE_THAN_ONE: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "three requests at once": (
        lines(*FIRST, LENGTH) + GOOD + lines(*FIRST, LENGTH) + GOOD + HIDDEN,
        (200, 200, 200),
    ),
    "100 requests at once": ((lines(*FIRST, LENGTH) + GOOD) * 99 + HIDDEN, (200,) * 100),
    "a refused one before a good one": (lines(*FIRST, "content-length: 2") + b"[]" + HIDDEN, (400, 200)),
    "one that is too large before a good one": (lines(*FIRST, "content-length: 5000000") + HIDDEN, (413,)),
    "a stranger before one who is known": (
        lines("POST /graphql HTTP/1.1", "host: here", TYPED, LENGTH) + GOOD + HIDDEN,
        (401, 200),
    ),
    "chunks with their extensions": (
        lines(*FIRST, CHUNKED) + b"1c;" + b"a" * 2_000 + b"=b\r\n" + IN_CHUNKS[4:] + HIDDEN,
        (200, 200),
    ),
    "trailers after the chunks": (
        lines(*FIRST, CHUNKED) + IN_CHUNKS[:-2] + b"authorization: Bearer x\r\nhost: evil\r\n\r\n" + HIDDEN,
        (200, 200),
    ),
    "a key in the trailers": (
        lines(*FIRST[:2], TYPED, CHUNKED) + IN_CHUNKS[:-2] + AUTHORIZED + b"\r\n\r\n" + HIDDEN,
        (401, 200),
    ),
}
ONE_BYTE_CHUNKS = lines(*FIRST[:2], AUTHORIZED, TYPED, "connection: close", CHUNKED) + b"".join(
    b"1\r\n" + GOOD[n : n + 1] + b"\r\n" for n in range(len(GOOD))
)
BIG_CHUNKS = lines(*FIRST, CHUNKED) + (b"10000\r\n" + b" " * 65_536 + b"\r\n") * 70
TINY_CHUNKS = lines(*FIRST, CHUNKED, "connection: close") + b"1\r\n \r\n" * 200_000 + b"0\r\n\r\n"
LEAVING: dict[str, tuple[Piece, ...]] = {
    "before a word": (Leave(),),
    "in the middle of a head": (b"POST /graphql HTTP/1.1\r\nho", Pause(0.02), Leave()),
    "after the head": (lines(*FIRST, LENGTH), Pause(0.02), Leave()),
    "in the middle of the body": (lines(*FIRST, LENGTH) + GOOD[:9], Pause(0.02), Leave()),
    "before the answer": (lines(*FIRST, LENGTH) + GOOD, Leave()),
    "in the middle of the chunks": (lines(*FIRST, CHUNKED) + b"5\r\nab", Pause(0.02), Leave()),
    "in the middle of a promise": (lines(*FIRST, LENGTH, "expect: 100-continue"), Pause(0.02), Leave()),
}


def _sequence(name: str, sent: bytes, statuses: tuple[int, ...]) -> Row:
    outcomes = EITHER | {"UNAUTHENTICATED", "TEXT"}
    return Row(f"one after another: {name}", (sent,), frozenset({statuses}), outcomes)


def _rows() -> list[Row]:
    found = [
        row(f"framing: {name}", sent, (400, 405, 413, 415, 431), NO_HTTP) for name, sent in SMUGGLED.items()
    ]
    found += [row(f"headers: {name}", post(GOOD, *given), 431, NO_HTTP) for name, given in HEADERS.items()]
    found += [
        row(f"header: {name}", post(GOOD, *given), (200, 400), FINE | REFUSED)
        for name, given in FORWARDED.items()
    ]
    found += [_sequence(name, sent, statuses) for name, (sent, statuses) in MORE_THAN_ONE.items()]
    found += [
        Row(f"leaving {name}", pieces, frozenset({()}), frozenset()) for name, pieces in LEAVING.items()
    ]
    found += [
        row("chunks of one byte", (ONE_BYTE_CHUNKS + b"0\r\n\r\n",), 200, FINE),
        row("chunks without end", BIG_CHUNKS, 413, REFUSED),
        row("200,000 chunks of one byte", TINY_CHUNKS, (200, 400), REFUSED),
        row("a head in pieces", [bytes([byte]) for byte in head("GET", "/healthz")], 200, FINE),
        row(
            "a promise that is kept",
            (head("POST", "/graphql", bearer(), TYPED, LENGTH, "expect: 100-continue"), Pause(0.05), GOOD),
            200,
            FINE,
        ),
        row(
            "a promise of another kind",
            head("POST", "/graphql", bearer(), TYPED, LENGTH, "expect: more") + GOOD,
            (200, 417),
            FINE | REFUSED,
        ),
        row("without a host", post(GOOD).replace(b"host: here\r\n", b""), (200, 400), FINE | NO_HTTP),
    ]
    return found


def _slow() -> list[Row]:
    return [
        row("a body that never comes", lines(*FIRST, LENGTH), 408, REFUSED),
        row("half a body", lines(*FIRST, LENGTH) + GOOD[:5], 408, REFUSED),
        row(
            "a body in drops",
            (lines(*FIRST, LENGTH), *(piece for byte in GOOD for piece in (bytes([byte]), Pause(0.5)))),
            408,
            REFUSED,
        ),
        row("chunks that never end", lines(*FIRST, CHUNKED) + b"5\r\nabcde\r\n", 408, REFUSED),
        Row("nothing at all", (), frozenset({(), (408,)}), NO_HTTP),
        Row("half a head", (b"POST /graphql HTTP/1.1\r\nhost: he",), frozenset({(), (408,)}), NO_HTTP),
        Row(
            "a head in drops",
            (
                b"POST /graphql HTTP/1.1\r\n",
                *(piece for n in range(60) for piece in (b"x-%d: y\r\n" % n, Pause(0.25))),
            ),
            frozenset({(), (408,)}),
            NO_HTTP,
        ),
        Row("nothing after an answer", (lines(*FIRST, LENGTH) + GOOD,), frozenset({(200,)}), FINE),
    ]


ROWS = _rows()
SLOW = _slow()
