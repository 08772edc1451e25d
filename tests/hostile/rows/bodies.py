"""Bodies: what is not the JSON of an operation, encodings that are not UTF-8, media types that are not ours."""

import gzip
import json
import zlib
from typing import Any

from tests.hostile.rows.row import FINE, MARK, REFUSED, TOO_COMPLEX, Row, post, row

GOOD = b'{"query":"{viewer{scopes}}"}'
WITH_VARIABLES = '{"query":"{viewer{scopes}}","variables":%s}'
START = (
    'mutation($v:JSON){startWorkflow(input:{workflowName:"w",idempotencyKey:"k",metadata:$v}){__typename}}'
)
METADATA = f'{{"query":{json.dumps(START)},"variables":{{"v":%s}}}}'

NO_JSON: dict[str, str | bytes | dict[str, Any]] = {
    "an empty body": b"",
    "spaces": b"   ",
    "null": "null",
    "true": "true",
    "a number": "5",
    "a text": '"{viewer{scopes}}"',
    "an empty list": "[]",
    "an empty object": "{}",
    "a query of another name": '{"Query":"{viewer{scopes}}"}',
    "two queries": '{"query":"{viewer{scopes}}","query":"{__typename}"}',
    "two sets of variables": WITH_VARIABLES % '{"v":1},"variables":{"v":2}',
    "a variable twice": WITH_VARIABLES % '{"v":{},"v":{}}',
    "a name twice, escaped": '{"query":"{viewer{scopes}}","quer\\u0079":"{__typename}"}',
    "NaN": METADATA % '{"a":NaN}',
    "Infinity": METADATA % '{"a":-Infinity}',
    "a number that JSON does not know": METADATA % '{"a":0x10}',
    "a number with a plus": METADATA % '{"a":+1}',
    "a number with zeros before it": METADATA % '{"a":007}',
    "a number of 101 digits": METADATA % f'{{"a":{"9" * 101}}}',
    "a number of 500,000 digits": METADATA % f'{{"a":{"9" * 500_000}}}',
    "a fraction of 500,000 digits": METADATA % f'{{"a":0.{"9" * 500_000}}}',
    "an exponent of 500,000 digits": METADATA % f'{{"a":1e{"9" * 500_000}}}',
    "21 levels of lists": METADATA % ("[" * 21 + "]" * 21),
    "21 levels of objects": METADATA % ('{"a":' * 21 + "1" + "}" * 21),
    "300,000 levels of lists": METADATA % ("[" * 300_000 + "]" * 300_000),
    "100,000 levels of objects": METADATA % ('{"a":' * 100_000 + "1" + "}" * 100_000),
    "lists without end": "[" * 1_000_000,
    "objects without end": '{"a":' * 200_000,
    "text without end": '{"query":"' + "a" * 100_000,
    "half an object": '{"query":"{viewer{scopes}}"',
    "more after the end": '{"query":"{viewer{scopes}}"}{"query":"{__typename}"}',
    "a comma at the end": '{"query":"{viewer{scopes}}",}',
    "quotes of another kind": "{'query':'{viewer{scopes}}'}",
    "a comment": '{"query":"{viewer{scopes}}" /* x */}',
    "a line end in a text": '{"query":"{viewer\n{scopes}}"}',
    "a NUL in a text": b'{"query":"{viewer{scopes}}\0"}',
    "an escape that is none": '{"query":"\\x"}',
    "half an escape": '{"query":"\\u12"}',
    "a query that is a number": {"query": 5},
    "a query that is null": {"query": None},
    "a query that is true": {"query": True},
    "a query that is a list": {"query": ["{viewer{scopes}}"]},
    "a query that is an object": {"query": {"a": "{viewer{scopes}}"}},
    "a query of a million characters": {"query": "a" * 1_000_000},
    "variables that are text": {"query": "{viewer{scopes}}", "variables": '{"v":1}'},
    "variables that are a list": {"query": "{viewer{scopes}}", "variables": [1]},
    "variables that are false": {"query": "{viewer{scopes}}", "variables": False},
    "variables that are a number": {"query": "{viewer{scopes}}", "variables": 0},
}
REFUSED_VALUES: dict[str, str] = {
    "metadata of 2^63": METADATA % '{"a":9223372036854775808}',
    "metadata of 1e99999": METADATA % '{"a":1e99999}',
    "metadata with half a character": METADATA % '{"a":"\\ud800"}',
    "metadata with half a character as a name": METADATA % '{"\\udfff":1}',
    "metadata of 11 levels": METADATA % ('{"a":' * 11 + "1" + "}" * 11),
    "metadata of 900,000 characters": METADATA % f'{{"a":"{"x" * 900_000}"}}',
    "metadata that is a list": METADATA % "[1]",
    "metadata that is text": METADATA % f'"{MARK}"',
}
STRANGE_VARIABLES: dict[str, str] = {
    "variables that nobody asked for": WITH_VARIABLES % '{"x":1,"y":{"z":[1,2,3]}}',
    "10,000 variables that nobody asked for": WITH_VARIABLES
    % json.dumps({f"v{n}": n for n in range(10_000)}),
    "a list of 200,000": WITH_VARIABLES % ('{"x":[' + "1," * 200_000 + "1]}"),
    "an empty name": WITH_VARIABLES % '{"":1}',
    "a name of a lineage": WITH_VARIABLES % '{"__proto__":{"a":1}}',
    "20 levels": WITH_VARIABLES % ('{"x":' + "[" * 17 + "]" * 17 + "}"),
}

MARKED = "\ufeff".encode()
ENCODINGS: dict[str, bytes] = {
    "UTF-8 with a mark": MARKED + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-16, small end first": GOOD.decode().encode("utf-16-le"),
    "UTF-32": GOOD.decode().encode("utf-32"),
    "UTF-7": b"+AHsAIgBxAHUAZQByAHkAIg-:+ACI-x+ACI-}",
    "EBCDIC": GOOD.decode().encode("cp500"),
    "Latin-1": b'{"query":"{viewer{scopes}} #\xe9"}',
    "an overlong slash": b'{"query":"{viewer{scopes}} #\xc0\xaf"}',
    "an overlong NUL": b'{"query":"{viewer{scopes}} #\xc0\x80"}',
    "half a surrogate pair": b'{"query":"{viewer{scopes}} #\xed\xa0\x80"}',
    "a pair of surrogates": b'{"query":"{viewer{scopes}} #\xed\xa0\xbd\xed\xb8\x80"}',
    "beyond Unicode": b'{"query":"{viewer{scopes}} #\xf4\x90\x80\x80"}',
    "half a character": b'{"query":"{viewer{scopes}} #\xe2\x82"}',
    "a lone continuation": b'{"query":"{viewer{scopes}} #\x80"}',
    "a byte that is none": b'{"query":"{viewer{scopes}} #\xff\xfe"}',
}
IN_THE_DOCUMENT: dict[str, str] = {
    "half a character": '{"query":"{viewer{scopes}} # \\ud800"}',
    "half a character as a name": '{"query":"{\\udc00}"}',
    "half a character in a text": '{"query":"{node(id:\\"\\ud83d\\"){id}}"}',
    "a NUL": '{"query":"{viewer{scopes}\\u0000}"}',
    "a bell": '{"query":"{viewer\\u0007{scopes}}"}',
    "a letter of another alphabet": '{"query":"{vi\\u0435wer{scopes}}"}',
    "text from right to left": '{"query":"{\\u202eviewer{scopes}}"}',
    "a space of no width": '{"query":"{view\\u200ber{scopes}}"}',
}

FORM = "application/x-www-form-urlencoded"
MULTIPART = b'--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n' + GOOD + b"\r\n--x--\r\n"
MEDIA_TYPES: dict[str, tuple[str | None, bytes]] = {
    "none": (None, GOOD),
    "an empty one": ("", GOOD),
    "text": ("text/plain", GOOD),
    "text in UTF-8": ("text/plain; charset=utf-8", GOOD),
    "a form": (FORM, b"query=%7Bviewer%7Bscopes%7D%7D"),
    "a form that holds JSON": (FORM, GOOD + b"="),
    "a form in parts": ("multipart/form-data; boundary=x", MULTIPART),
    "a form in parts without end": ("multipart/form-data; boundary=" + "x" * 8_000, MULTIPART),
    "parts that are related": ("multipart/related; boundary=x", MULTIPART),
    "a document": ("application/graphql", b"{viewer{scopes}}"),
    "an answer's": ("application/graphql-response+json", GOOD),
    "JSON of another kind": ("application/vnd.api+json", GOOD),
    "JSON as text": ("text/json", GOOD),
    "JSON and a comma": ("application/json, text/plain", GOOD),
    "JSON and a form": ("application/json; boundary=x", GOOD),
    "JSON and more": ("application/json; charset=utf-8; a=b", GOOD),
    "JSON in UTF-16": ("application/json; charset=utf-16", GOOD.decode().encode("utf-16")),
    "JSON in UTF-7": ("application/json; charset=utf-7", GOOD),
    "JSON in Latin-1": ("application/json; charset=iso-8859-1", GOOD),
    "JSON in what nobody knows": ("application/json; charset=" + MARK, GOOD),
    "a page": ("text/html", GOOD),
    "XML": ("application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "pickled Python": ("application/python-pickle", b"\x80\x04N."),
    "a star": ("*/*", GOOD),
    "no type at all": ("json", GOOD),
}
ZIPPED = gzip.compress(b'{"query":"' + b" " * 40_000_000 + b'{viewer{scopes}}"}')
CODINGS: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip", gzip.compress(GOOD)),
    "a bomb of gzip": ("gzip", ZIPPED),
    "a bomb within a bomb": ("gzip, gzip", gzip.compress(ZIPPED)),
    "deflate": ("deflate", zlib.compress(GOOD)),
    "brotli": ("br", GOOD),
    "zstd": ("zstd", GOOD),
    "what nobody knows": (MARK, GOOD),
    "identity and gzip": ("identity, gzip", gzip.compress(GOOD)),
}
ANNOUNCED_AS_JSON = {
    "gzip without a word": gzip.compress(GOOD),
    "an image": b"\x89PNG\r\n\x1a\n" + bytes(100),
}
REST_BODIES: dict[str, tuple[bytes | str | dict[str, Any], int]] = {
    "no JSON": (b"business_logic_adapter=x", 400),
    "a list": ("[]", 400),
    "names that are not known": ({"business_logic_adapter": "emergencyservices", "admin": True}, 422),
    "an adapter that is not there": ({"business_logic_adapter": MARK}, 422),
    "an adapter that is a number": ({"business_logic_adapter": 5}, 422),
    "an adapter with a NUL": ({"business_logic_adapter": "a\0"}, 422),
    "settings that are a list": ({"business_logic_adapter": "emergencyservices", "custom_settings": []}, 422),
    "settings too deep": (
        '{"business_logic_adapter":"emergencyservices","custom_settings":' + '{"a":' * 15 + "1" + "}" * 16,
        422,
    ),
    "half a character": ('{"business_logic_adapter":"\\ud800"}', 422),
}


def _rows() -> list[Row]:
    found = [row(f"body: {name}", post(body), (200, 400), TOO_COMPLEX) for name, body in NO_JSON.items()]
    found += [row(f"value: {name}", post(body), (200, 400), REFUSED) for name, body in REFUSED_VALUES.items()]
    found += [row(f"variables: {name}", post(body), 200, FINE) for name, body in STRANGE_VARIABLES.items()]
    found += [row(f"encoding: {name}", post(body), 400, REFUSED) for name, body in ENCODINGS.items()]
    found += [
        row(f"characters: {name}", post(body), (200, 400), TOO_COMPLEX if "#" not in body else REFUSED | FINE)
        for name, body in IN_THE_DOCUMENT.items()
    ]
    found += [
        row(f"media type: {name}", post(body, media_type=given), 415, REFUSED)
        for name, (given, body) in MEDIA_TYPES.items()
    ]
    found += [
        row(f"content encoding: {name}", post(body, f"content-encoding: {coding}"), 415, REFUSED)
        for name, (coding, body) in CODINGS.items()
    ]
    found += [row(f"body: {name}", post(body), 400, REFUSED) for name, body in ANNOUNCED_AS_JSON.items()]
    found += [
        row(f"agents by JSON: {name}", post(body, target="/api/v1/agent/create"), status, REFUSED)
        for name, (body, status) in REST_BODIES.items()
    ]
    found += [
        row(f"size: {size:,} bytes", post(GOOD.ljust(size)), status, REFUSED if status > 200 else FINE)
        for size, status in ((2**20, 200), (2**20 + 1, 413), (3 * 2**20, 413), (16 * 2**20, 413))
    ]
    return found


ROWS = _rows()
