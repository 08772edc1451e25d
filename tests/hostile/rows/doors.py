"""Doors: methods, paths, forms that a foreign page can send, and keys of all shapes."""

from tests.hostile.rows.bodies import GOOD
from tests.hostile.rows.row import FINE, KEY, MARK, PLAIN, REFUSED, UNKNOWN, Row, bearer, head, post, row

QUERY = "query=%7Bviewer%7Bscopes%7D%7D"
JSON = "content-type: application/json"
NOT_HERE = REFUSED | {"NOT_FOUND", "TEXT"}
"""Where there is no door, whatever says so says it in JSON or in plain text."""


def keyed(method: str, target: str, *headers: str | bytes, body: bytes = b"") -> bytes:
    """Write a request that has a key."""
    return head(method, target, bearer(), *headers, f"content-length: {len(body)}") + body


METHODS: dict[str, bytes] = {
    "GET": keyed("GET", "/graphql"),
    "GET with a query": keyed("GET", f"/graphql?{QUERY}"),
    "GET with a mutation": keyed(
        "GET", "/graphql?query=mutation%7BcompleteWorkflow(input:%7BworkflowId:%22a%22%7D)%7B__typename%7D%7D"
    ),
    "GET with a body": keyed("GET", "/graphql", JSON, body=GOOD),
    "GET for a page": keyed("GET", "/graphql", "accept: text/html"),
    "GET for events": keyed("GET", f"/graphql?{QUERY}", "accept: text/event-stream"),
    "HEAD": keyed("HEAD", "/graphql"),
    "HEAD with a query": keyed("HEAD", f"/graphql?{QUERY}"),
    "PUT": keyed("PUT", "/graphql", JSON, body=GOOD),
    "PATCH": keyed("PATCH", "/graphql", JSON, body=GOOD),
    "DELETE": keyed("DELETE", "/graphql", JSON, body=GOOD),
    "OPTIONS": keyed("OPTIONS", "/graphql"),
    "OPTIONS before a foreign request": head(
        "OPTIONS", "/graphql", "origin: https://evil.example", "access-control-request-method: POST"
    ),
    "TRACE": keyed("TRACE", "/graphql", f"x-secret: {MARK}"),
    "a method of WebDAV": keyed("PROPFIND", "/graphql"),
    "a method that says another": keyed("GET", "/graphql", "x-http-method-override: POST", JSON, body=GOOD),
}
PATHS: dict[str, str] = {
    "two slashes": "//graphql",
    "a slash at the end": "/graphql/",
    "a dot": "/./graphql",
    "a dot, escaped": "/%2e/graphql",
    "two dots": "/static/../graphql",
    "two dots, escaped": "/%2e%2e/graphql",
    "a slash, escaped": "/%2fgraphql",
    "capitals": "/GraphQL",
    "a NUL": "/graphql%00",
    "a semicolon": "/graphql;a=b",
    "a line end": "/graphql%0d%0ax-evil:1",
    "bytes that are no text": "/graphql%ff%fe",
    "an escape that is none": "/graphql%zz",
    "a backslash": "/\\graphql",
    "a long one": "/" + "a" * 15_000,
    "GraphiQL": "/graphiql",
    "a playground": "/playground",
    "an explorer": "/altair",
    "a console": "/console",
    "documentation": "/docs",
    "a description": "/openapi.json",
    "another version": "/v1/graphql",
    "the sources": "/static/graphiql/..%2f..%2fapp.py",
    "the sources, twice escaped": "/static/graphiql/%252e%252e/app.py",
    "the sources by backslash": "/static/graphiql/..%5c..%5capp.py",
    "the machine's files": "/static/graphiql//etc/passwd",
    "a NUL in a file's name": "/static/graphiql/graphiql.js%00.css",
    "a long file's name": "/static/graphiql/" + "a" * 5_000,
    "the folder itself": "/static/graphiql/",
    "the store": "/creditgraph.db",
    "a repository": "/.git/config",
    "an environment": "/.env",
}
FOREIGN = ("origin: https://evil.example", "referer: https://evil.example/", "sec-fetch-site: cross-site")
FORGED: dict[str, bytes] = {
    "a form": post(b"query=x", *FOREIGN, media_type="application/x-www-form-urlencoded"),
    "a form in parts": post(b"--x--\r\n", *FOREIGN, media_type="multipart/form-data; boundary=x"),
    "JSON as text": post(GOOD, *FOREIGN, media_type="text/plain"),
    "JSON without a type": post(GOOD, *FOREIGN, media_type=None),
    "a beacon": post(GOOD, *FOREIGN, media_type="text/plain;charset=UTF-8"),
}
SECRETS: dict[str, tuple[str | bytes, ...]] = {
    "none": (),
    "an empty one": ("authorization: ",),
    "a scheme alone": ("authorization: Bearer",),
    "a scheme and a space": ("authorization: Bearer ",),
    "a key without its scheme": (b"authorization: " + KEY,),
    "a key under another scheme": (b"authorization: Basic " + KEY,),
    "a key and more": (b"authorization: Bearer " + KEY + b" x",),
    "a key and a comma": (b"authorization: Bearer " + KEY + b", Bearer x",),
    "a key in quotes": (b'authorization: Bearer "' + KEY + b'"',),
    "a key that was never issued": ("authorization: Bearer nexus_" + "A" * 38,),
    "a key of 15,000 characters": ("authorization: Bearer nexus_" + "A" * 14_000,),
    "a key that is SQL": ("x-api-key: nexus_' OR '1'='1",),
    "a key that is a pattern": ("x-api-key: nexus_%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%",),
    "a key of bytes": (b"x-api-key: nexus_\xff\xfe\xc0\x80",),
    "a key in Arabic digits": ("x-api-key: nexus_" + "\u0661".encode().decode("latin-1") * 19,),
    "a key of another kind": ("authorization: Bearer whsec_" + "A" * 32,),
    "a token that signs itself": ("authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",),
    "a cookie": (b"cookie: authorization=Bearer " + KEY + b"; x-api-key=" + KEY,),
    "a proxy's": (b"proxy-authorization: Bearer " + KEY,),
    "a wrong one before a right one": (b"authorization: Bearer nexus_x", b"x-api-key: " + KEY),
    "a header with an underscore": (b"x_api_key: " + KEY,),
}
TWO_KEYS: dict[str, tuple[bytes, ...]] = {
    "two of one kind": (b"authorization: Bearer " + KEY,) * 2,
    "two of another kind": (b"x-api-key: " + KEY,) * 2,
    "two that differ": (b"x-api-key: " + KEY, b"x-api-key: nexus_x"),
}
GOOD_KEYS: dict[str, tuple[bytes, ...]] = {
    "a scheme in capitals": (b"authorization: BEARER " + KEY,),
    "a name in capitals": (b"X-API-KEY: " + KEY,),
}


def said(*headers: str | bytes) -> bytes:
    """Ask with these headers in place of a key."""
    return head("POST", "/graphql", *headers, JSON, f"content-length: {len(GOOD)}") + GOOD


def _rows() -> list[Row]:
    found = [
        row(f"method: {name}", sent, (400, 404, 405), () if name.startswith("HEAD") else NOT_HERE)
        for name, sent in METHODS.items()
    ]
    found += [
        row(f"path: {name}", post(GOOD, target=target), (400, 404, 405), NOT_HERE)
        for name, target in PATHS.items()
    ]
    found += [
        row(f"path, by GET: {name}", keyed("GET", target), (400, 404), NOT_HERE)
        for name, target in PATHS.items()
    ]
    found += [row(f"a foreign page sends {name}", sent, 415, REFUSED) for name, sent in FORGED.items()]
    found += [row(f"key: {name}", said(*headers), 401, UNKNOWN) for name, headers in SECRETS.items()]
    found += [row(f"key: {name}", said(*headers), 400, REFUSED) for name, headers in TWO_KEYS.items()]
    found += [row(f"key: {name}", said(*headers), 200, FINE) for name, headers in GOOD_KEYS.items()]
    found += [
        row(
            "a query in the address and one in the body",
            post(GOOD, target=f"/graphql?{QUERY}&a=%ff"),
            200,
            FINE,
        ),
        row(
            "a key in the address",
            head("POST", "/graphql?authorization=Bearer%20x&x-api-key=y"),
            401,
            UNKNOWN,
        ),
        row("agents by GET", keyed("GET", "/api/v1/agent/create"), 405, NOT_HERE),
        row("agents without a key", head("POST", "/api/v1/agent/create"), 401, UNKNOWN),
        row("health by POST", keyed("POST", "/healthz"), 405, NOT_HERE),
        row(
            "ranges without number",
            keyed("GET", "/static/graphiql/graphiql.css", "range: bytes=" + "0-," * 4_000 + "0-"),
            (200, 206, 400, 416),
            PLAIN,
        ),
    ]
    return found


ROWS = _rows()
