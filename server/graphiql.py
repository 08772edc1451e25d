"""The GraphiQL page: one HTML document, whose script and stylesheet this process serves itself."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STATIC_FOLDER = Path(__file__).parent / "static" / "graphiql"
"""The built files, to be mounted under /static/graphiql; their source is web/."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The `Content-Security-Policy` header to send with the page; nothing but this server is reachable under it.

Scripts come from this server alone: none inline, no `eval`, no worker. Styles need `'unsafe-inline'`, since
GraphiQL's dialogs put a style element into the page; images need `data:`, the form of the editor's marks.
`connect-src 'self'` covers HTTP and the WebSocket of the same host.
"""

_DOCUMENT = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>creditgraph</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/static/graphiql/graphiql.css?v={style_version}">
    <script type="application/json" id="creditgraph-settings">{settings}</script>
    <script type="module" src="/static/graphiql/graphiql.js?v={script_version}"></script>
  </head>
  <body>
    <div id="creditgraph"><noscript>GraphiQL needs JavaScript.</noscript></div>
  </body>
</html>
"""

# Inside a script element only these can end the element or, in old engines, a line.
_ESCAPES = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})


@dataclass(frozen=True, slots=True)
class ExampleOperation:
    """A GraphQL operation that opens in a tab of its own, its title as a comment above it."""

    title: str
    query: str
    variables: Mapping[str, object]


def graphiql_page(*, demo_key: str | None, operations: Sequence[ExampleOperation]) -> str:
    """The HTML of the page, with the operations in tabs, the first one selected.

    With a `demo_key` the headers editor holds it, ready to run; the page must then go to people who may have
    that key. Without one the editor holds a placeholder and the page says how to issue a key.
    """
    settings = {
        "endpoint": "/graphql",
        "demoKey": demo_key,
        "operations": [
            {"title": operation.title, "query": operation.query, "variables": dict(operation.variables)}
            for operation in operations
        ],
    }
    return _DOCUMENT.format(
        settings=json.dumps(settings, ensure_ascii=False, allow_nan=False).translate(_ESCAPES),
        style_version=_version("graphiql.css"),
        script_version=_version("graphiql.js"),
    )


@cache
def _version(name: str) -> str:
    # File names are fixed, so the address tells a browser's cache one release from the next.
    return hashlib.sha256((STATIC_FOLDER / name).read_bytes()).hexdigest()[:16]
