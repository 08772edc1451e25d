"""Documents: floods of whatever a document may hold, shapes that grow, and things that are no document."""

import json
from itertools import product

from graphql import get_introspection_query

from tests.hostile.rows.row import EITHER, FINE, MARK, REFUSED, TOO_COMPLEX, Row, asked, post, row

SOON = (200, 400)
"""A document that is refused is answered by one of these."""
TYPES = "ofType{" * 30 + "name" + "}" * 30
CIRCLE = "fields{type{" * 8 + "name" + "}}" * 8
ACCOUNT = "viewer{account{%s}}"
PAGES = "workflows(first:100){nodes{servicesUsed(first:100){nodes{workflow{%s}}}}}"


def nested(levels: int) -> str:
    """Go from a run to its parent so many times."""
    return "{workflow(id:$i){" + "parentWorkflow{" * levels + "id" + "}" * levels + "}}"


def pages(levels: int) -> str:
    """Ask for full pages within full pages."""
    inner = "id"
    for _ in range(levels):
        inner = PAGES % inner
    return "{" + ACCOUNT % inner + "}"


def doubling(levels: int, twice: str = "...F{n} ...F{n}") -> str:
    """Have every fragment spread the next one twice."""
    spreads = "".join(f"fragment F{n} on Account{{a{n}:name {twice.format(n=n + 1)}}}" for n in range(levels))
    return "{" + ACCOUNT % "...F0" + "}" + spreads + f"fragment F{levels} on Account{{name}}"


def circle(length: int) -> str:
    """Have fragments spread one another in a circle."""
    spreads = "".join(f"fragment F{n} on Account{{name ...F{(n + 1) % length}}}" for n in range(length))
    return "{" + ACCOUNT % "...F0" + "}" + spreads


def inline(levels: int) -> str:
    """Put inline fragments into one another."""
    return "{" + ACCOUNT % ("...on Account{" * levels + "id" + "}" * levels) + "}"


def many(text: str, count: int, around: str = "{%s}") -> str:
    """Repeat a text, each time with its number."""
    return around % " ".join(text.format(n=n) for n in range(count))


def overlapping(count: int) -> str:
    """Make pairs of fields that a naive comparison compares all with all."""
    inner = " ".join(f"a:account{{b:name c{n}:id}}" for n in range(count))
    return f"{{viewer{{{inner}}}}}"


FLOODS = {
    "aliases of a plain field": many(MARK + "{n}:__typename", 600),
    "aliases of a root field": many("v{n}:viewer{{scopes}}", 500),
    "aliases of a root field, in moderation": many("v{n}:viewer{{scopes}}", 101),
    "aliases deep inside": "{" + ACCOUNT % many("a{n}:name", 900, "%s") + "}",
    "one field, a thousand times": many("__typename", 1_000),
    "one field below the root, a thousand times": "{viewer{" + "scopes " * 1_000 + "}}",
    "fields of all names": many("f{n}", 2_000),
    "a mutation under 200 aliases": many(
        'm{n}:completeWorkflow(input:{{workflowId:"x"}}){{__typename}}', 200, "mutation{%s}"
    ),
    "directives on a field": "{viewer{scopes" + " @include(if:true)" * 600 + "}}",
    "directives that are not there": "{__typename" + " @a" * 2_000 + "}",
    "directives on fragments": "{" + ACCOUNT % ("...@include(if:true){id}" * 400) + "}",
    "directives on the operation": "query" + " @include(if:true)" * 500 + "{viewer{scopes}}",
    "fragments by the hundred": "{"
    + ACCOUNT % many("...F{n}", 400, "%s")
    + "}"
    + many("fragment F{n} on Account{{id}}", 400, "%s"),
    "unused fragments": "{viewer{scopes}}" + many("fragment F{n} on Account{{id}}", 400, "%s"),
    "one fragment, spread 1,000 times": "{" + ACCOUNT % ("...F " * 1_000) + "}fragment F on Account{id}",
    "inline fragments by the hundred": "{" + ACCOUNT % ("...{id}" * 1_500) + "}",
    "variables by the hundred": "query(" + many("$v{n}:Int", 900, "%s") + "){viewer{scopes}}",
    "variables with deep defaults": "query($v:JSON=" + "[" * 500 + "]" * 500 + "){viewer{scopes}}",
    "arguments by the hundred": "{viewer(" + many("a{n}:1", 1_500, "%s") + "){scopes}}",
    "one argument, a thousand times": "{node(" + 'id:"a" ' * 1_500 + "){id}}",
    "a list of 3,000 ids": "{nodes(ids:[" + '"a",' * 3_000 + "]){id}}",
    "an input object of 1,000 fields": "{quote(input:{" + many("f{n}:1", 1_200, "%s") + "}){totalCredits}}",
    "operations by the hundred": many("query Q{n}{{viewer{{scopes}}}}", 400, "%s"),
    "two operations and no name": "query A{viewer{scopes}} query B{viewer{scopes}}",
    "two anonymous operations": "{viewer{scopes}}{viewer{scopes}}",
    "commas without number": "{viewer{scopes}}" + "," * 900_000,
    "comments": "{viewer{scopes}}" + "#\n" * 7_000,
    "comments without number": "{viewer{scopes}}" + "#\n" * 300_000,
    "line ends in a text": "{"
    + ACCOUNT % ('workflows(filter:{userId:"""' + "\n" * 6_000 + '"""}){totalCount}')
    + "}",
    "a long name": "{" + "n" * 14_900 + "}",
    "fifteen thousand and one characters": "{viewer{scopes}}".ljust(15_001),
    "fields that overlap in pairs": overlapping(700),
    "selections that overlap in pairs": overlapping(60),
}
SHAPES = {
    "20 levels": nested(20),
    "200 levels": nested(200),
    "900 levels": nested(900),
    "braces without end": "{a" * 7_000,
    "braces without beginning": "}" * 10_000,
    "lists without end": "{nodes(ids:" + "[" * 14_000,
    "objects without end": "{quote(input:" + "{a:" * 4_500,
    "list types without end": "query($v:" + "[" * 14_000,
    "list types within list types": "query($v:" + "[" * 2_000 + "Int" + "]" * 2_000 + "){viewer{scopes}}",
    "exponential fragments": doubling(25),
    "exponential fragments, deeper": doubling(120),
    "exponential inline fragments": doubling(60, "...{{...F{n}}} ...{{...F{n}}}"),
    "exponential fields of fragments": doubling(
        40, "x:ledgerTransfers{{totalCount}} ...F{n} ...F{n} ...F{n}"
    ),
    "a fragment within itself": circle(1),
    "two fragments in a circle": circle(2),
    "200 fragments in a circle": circle(200),
    "a fragment that is not there": "{" + ACCOUNT % "...Nowhere" + "}",
    "a fragment on a type that is not there": "{...F}fragment F on " + MARK + "{id}",
    "inline fragments within each other": inline(900),
    "pages in pages": pages(2),
    "pages in pages in pages": pages(4),
    "a list of operations as text": "[" + "{viewer{scopes}}," * 10 + "]",
    "introspection of types of types": "{__schema{types{fields{type{" + TYPES + "}}}}}",
    "introspection in a circle": "{__schema{types{" + CIRCLE + "}}}",
    "introspection in a short circle": "{__schema{types{fields{type{fields{type{fields{type{fields{type{name}}}}}}}}}}}",
    "introspection, 200 times": many("s{n}:__schema{{types{{name}}}}", 200),
    "a type's introspection, 200 times": many('t{n}:__type(name:"Account"){{fields{{name}}}}', 200),
    "introspection in a fragment's circle": "{__schema{...A}}fragment A on __Schema{__typename ...B}fragment B on __Schema{...A}",
    "a mutation of introspection": "mutation{__schema{types{name}} __typename}",
}
NO_DOCUMENTS = {
    "an empty document": "",
    "only spaces": "   \n\t ",
    "only a comment": "# " + MARK,
    "only a fragment": "fragment F on Account{id}",
    "a schema": "type Query{" + MARK + ":String}",
    "an extension of the schema": "extend type Query{" + MARK + ":String}",
    "SQL": "'; DROP TABLE account; --",
    "a page": "<script>alert(1)</script>",
    "JSON": '{"query":"{viewer{scopes}}"}',
    "a directory": "../../../../etc/passwd",
    "a field that nearly is one": "{viewr{scope}}",
    "an argument that nearly is one": "{node(idd:1){id}}",
    "a type that nearly is one": "query($v:Accont){viewer{scopes}}",
    "an enum value that nearly is one": '{quote(input:{services:[{serviceType:GPTT,units:1,unitType:TOKENS,provider:"p"}]}){totalCredits}}',
    "an input field that nearly is one": "{quote(input:{service:[]}){totalCredits}}",
    "a private field": "{viewer{account{_sa_instance_state __class__ __dict__}}}",
    "text without end": '{node(id:"' + MARK,
    "block text without end": '{node(id:"""' + MARK,
    "an escape that is none": '{node(id:"\\q"){id}}',
    "an escape of half a character": '{node(id:"\\ud800"){id}}',
    "an escape of no character": '{node(id:"\\u{110000}"){id}}',
    "an escape without end": '{node(id:"\\u{' + "0" * 10_000 + '41}"){id}}',
    "a number of 900 digits": "{accounts(first:" + "9" * 900 + "){totalCount}}",
    "a number of 14,000 digits": "{accounts(first:" + "9" * 14_000 + "){totalCount}}",
    "a number beyond 32 bits": "{accounts(first:2147483648){totalCount}}",
    "a number with an endless exponent": '{quote(input:{services:[{serviceType:GPT,units:1e999999999,unitType:TOKENS,provider:"p"}]}){totalCredits}}',
    "a number with zeros before it": "{accounts(first:007){totalCount}}",
    "a number that runs into a name": "{accounts(first:1x){totalCount}}",
    "a subscription by POST": "subscription{balanceChanged{sequence}}",
    "a subscription of two fields": "subscription{balanceChanged{sequence} b:balanceChanged{sequence}}",
    "a skipped subscription": "subscription{balanceChanged@skip(if:true){sequence}}",
    "delivery in parts": "{viewer{...@defer{scopes}}}",
    "delivery as a stream": '{viewer{account{name}} nodes(ids:["a"])@stream{id}}',
    "a variable that is not declared": "{node(id:$" + MARK + "){id}}",
    "a variable that nobody uses": "query($v:ID!){viewer{scopes}}",
    "a variable of an output type": "query($v:Account){viewer{scopes}}",
    "a variable twice": "query($v:ID,$v:ID){node(id:$v){id}}",
    "a query without its fields": "{viewer}",
    "fields of a leaf": "{viewer{scopes{x}}}",
    "a union without its fields": "mutation{startWorkflow}",
    "the dialect of old": "query Q($a:Int){viewer{scopes}}fragment F($x:Int) on Account{id}",
}
NAMES = {
    "an operation that is not there": ("query A{viewer{scopes}}", "B"),
    "an operation that is a number": ("query A{viewer{scopes}}", 5),
    "an operation that is a list": ("query A{viewer{scopes}}", ["A"]),
    "an operation that is an object": ("query A{viewer{scopes}}", {"A": 1}),
    "an operation that is true": ("query A{viewer{scopes}}", True),
    "a name of 100,000 characters": ("query A{viewer{scopes}}", "A" * 100_000),
    "a name that is SQL": ("query A{viewer{scopes}}", "' OR 1=1 --"),
    "a name with a NUL": ("query A{viewer{scopes}}", "A\0"),
    "a name that breaks lines": ("query A{viewer{scopes}}", "A\r\nlevel=critical " + MARK),
    "a name that is Python's": ("query A{viewer{scopes}}", "__proto__"),
    "the second of two": ("query A{viewer{scopes}} subscription B{balanceChanged{sequence}}", "B"),
}
GOOD_NAMES = {
    "an empty name": ("{viewer{scopes}}", ""),
    "a name that is null": ("query A{viewer{scopes}}", None),
}
# Which of these a stranger's document may do is a setting; each must be answered or refused, and nothing else.
ALLOWED_OR_NOT = {
    "the whole introspection": get_introspection_query(descriptions=True),
    "the type of the answer": "{__typename}",
}
HARMLESS = {
    "commas": "{viewer{scopes}}" + "," * 14_900,
    "a long alias": "{" + "n" * 14_000 + ":viewer{scopes}}",
    "a long operation name": "query " + "Q" * 14_000 + "{viewer{scopes}}",
    "aliases of a plain field, in moderation": many("a{n}:__typename", 20),
    "a mark at the beginning": "\ufeff{viewer{scopes}}",
    "a name that JavaScript has": "query __proto__{constructor:__typename toString:__typename}",
}

EXTENSIONS = {
    "a persisted query by a wrong hash": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}},
    "a persisted query by no hash": {"persistedQuery": {"version": 1, "sha256Hash": ["x"]}},
    "tracing": {"tracing": True, "debug": True, "includeStacktrace": True},
    "extensions that are text": "x",
    "extensions of 500,000 characters": {"x": "y" * 500_000},
    "extensions with a lineage": {"__proto__": {"isAdmin": True}, "constructor": {"prototype": {}}},
}


def _rows() -> list[Row]:
    found = [row(f"flood: {name}", asked(text), SOON, TOO_COMPLEX) for name, text in FLOODS.items()]
    found += [
        row(f"shape: {name}", asked(text.replace("$i", '"workflow_0"')), SOON, TOO_COMPLEX)
        for name, text in SHAPES.items()
    ]
    found += [row(f"document: {name}", asked(text), SOON, REFUSED) for name, text in NO_DOCUMENTS.items()]
    found += [
        row(f"name: {name}", asked(text, operationName=given), SOON, TOO_COMPLEX)
        for name, (text, given) in NAMES.items()
    ]
    found += [
        row(f"name: {name}", asked(text, operationName=given), 200, FINE)
        for name, (text, given) in GOOD_NAMES.items()
    ]
    found += [row(f"document: {name}", asked(text), SOON, EITHER) for name, text in ALLOWED_OR_NOT.items()]
    found += [row(f"document: {name}", asked(text), 200, FINE) for name, text in HARMLESS.items()]
    found += [
        row(f"extensions: {name}", asked("{viewer{scopes}}", extensions=given), SOON, EITHER)
        for name, given in EXTENSIONS.items()
    ]
    found += [
        row(f"a list of {count} operations", post(json.dumps([{"query": text}] * count)), 400, REFUSED)
        for count, text in product((0, 1, 10, 5_000), ["{viewer{scopes}}"])
    ]
    return found


ROWS = _rows()
