"""Each bound of a document holds exactly, and what is refused costs no more than the bounds allow."""

from collections.abc import Callable

import pytest
from graphql import GraphQLError, parse

from graph.documents import DocumentRefused, Documents
from graph.limits import shape
from graph.limits.shape import require_bounded_shape
from graph.schema import schema

DOCUMENTS = Documents(schema._schema)  # noqa: SLF001 - the schema below strawberry's


def levels(count: int) -> str:
    return "{a" * count + "}" * count


def repeated(count: int) -> str:
    return "{viewer{" + "scopes " * count + "}}"


def merged(count: int) -> str:
    """So many pairs are in three places each: the outer ones, and both of the inner ones."""
    return "{" + "viewer{account{id}}" * count + "}"


def aliases(count: int) -> str:
    return "{viewer{" + " ".join(f"a{n}:scopes" for n in range(count)) + "}}"


def operations(count: int) -> str:
    return " ".join(f"query Q{n}{{viewer{{scopes}}}}" for n in range(count))


def fragments(count: int) -> str:
    spread = " ".join(f"...F{n}" for n in range(count))
    return f"{{viewer{{{spread}}}}}" + " ".join(
        f"fragment F{n} on Viewer{{a{n}:x}}" for n in range(count)
    ).replace(":x", "a")


def spreads(count: int) -> str:
    return "{" + "...F " * count + "}fragment F on Query{__typename}"


def variables(count: int) -> str:
    return "query(" + " ".join(f"$v{n}:Int" for n in range(count)) + "){viewer{scopes}}"


def directives(count: int) -> str:
    return "{viewer{scopes" + "@a" * count + "}}"


def root_fields(count: int) -> str:
    return "{" + " ".join(f"f{n}" for n in range(count)) + "}"


def values(count: int) -> str:
    return "{viewer(a:[" + "1 " * (count - 1) + "]){scopes}}"


def unfolded(count: int) -> str:
    """Twice as many fields as are written, and the ones that spread them."""
    fields = " ".join(f"f{n}" for n in range((count - 4) // 2))
    return f"{{a{{...F}} b{{...F}}}}fragment F on Query{{{fields}}}"


@pytest.mark.parametrize(
    ("written", "most", "what"),
    [
        (levels, shape.MOST_LEVELS, "levels"),
        (aliases, shape.MOST_ALIASES, "aliases"),
        (operations, shape.MOST_OPERATIONS, "operations"),
        (fragments, shape.MOST_FRAGMENTS, "fragments"),
        (spreads, shape.MOST_SPREADS, "spreads of fragments"),
        (variables, shape.MOST_VARIABLES, "variables"),
        (directives, shape.MOST_DIRECTIVES, "directives"),
        (root_fields, shape.MOST_ROOT_FIELDS, "root fields"),
        (values, shape.MOST_VALUES, "values"),
        (repeated, 126, "pairs"),
        (merged, 73, "pairs"),
    ],
)
def test_a_bound_lets_so_many_in_and_no_more(written: Callable[[int], str], most: int, what: str) -> None:
    require_bounded_shape(parse(written(most)))
    with pytest.raises(GraphQLError, match=f"more than [0-9,]+ {what}") as refused:
        require_bounded_shape(parse(written(most + 1)))
    assert refused.value.extensions == {"code": "QUERY_TOO_COMPLEX"}


def test_fields_count_where_they_unfold() -> None:
    require_bounded_shape(parse(unfolded(shape.MOST_FIELDS)))
    with pytest.raises(GraphQLError, match="more than 2,000 fields"):
        require_bounded_shape(parse(unfolded(shape.MOST_FIELDS + 2)))


def test_an_answer_that_doubles_with_each_fragment_is_refused_at_the_bound() -> None:
    doubling = "{...F0}" + "".join(
        f"fragment F{n} on Query{{a{{...F{n + 1}}} b{{...F{n + 1}}}}}" for n in range(18)
    )
    with pytest.raises(GraphQLError, match="more than"):
        require_bounded_shape(parse(doubling + "fragment F18 on Query{c}"))


def test_fragments_that_nobody_spreads_are_bounded_too() -> None:
    with pytest.raises(GraphQLError, match="pairs"):
        require_bounded_shape(parse("{a}fragment F on Query{" + "b " * 127 + "}"))


def test_what_lies_in_each_other_without_being_a_level_of_the_answer_is_bounded_too() -> None:
    for shallow in ("{" + "...{" * 40 + "a" + "}" * 41, "{a(b:" + "[" * 90 + "]" * 90 + ")}"):
        require_bounded_shape(parse(shallow))
    for deep in ("{" + "...{" * 60 + "a" + "}" * 61, "{a(b:" + "[" * 110 + "]" * 110 + ")}"):
        with pytest.raises(GraphQLError, match="levels"):
            require_bounded_shape(parse(deep))


def test_cycles_are_left_to_validation() -> None:
    cycle = "{...A}fragment A on Query{...B}fragment B on Query{...A}"
    require_bounded_shape(parse(cycle))
    with pytest.raises(DocumentRefused, match="Cannot spread fragment"):
        DOCUMENTS.prepare(cycle)


@pytest.mark.parametrize(
    "text",
    [
        "{viewer{scopes}}" + " " * shape.MOST_CHARACTERS,
        "{" + "a " * shape.MOST_TOKENS + "}",
        "{a}" + "#\n" * (shape.MOST_TOKENS + 1),
        "{a(b:" + "[" * 2_000 + "]" * 2_000 + ")}",
    ],
    ids=["characters", "tokens", "comments", "lists in lists"],
)
def test_texts_are_bounded_before_there_is_a_tree(text: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        DOCUMENTS.prepare(text)
    [error] = refused.value.errors
    assert "nested too deeply" in error.message or error.extensions == {"code": "QUERY_TOO_COMPLEX"}


def test_five_mistakes_are_told_without_suggestions() -> None:
    many = "{viewer{" + " ".join(f"scope{n}:scope" for n in range(40)) + "}}"
    with pytest.raises(DocumentRefused) as refused:
        DOCUMENTS.prepare(many)
    messages = [error.message for error in refused.value.errors]
    assert len(messages) == 5
    assert not any("Did you mean" in message for message in messages)


def test_documents_sent_lately_are_kept_and_old_ones_forgotten() -> None:
    documents = Documents(schema._schema)  # noqa: SLF001 - the schema below strawberry's
    first = documents.prepare("{viewer{scopes}}")
    assert documents.prepare("{viewer{scopes}}") is first
    for n in range(25):
        documents.prepare("{viewer{scopes}}" + f"#{n}" + " " * 14_000)
    assert documents.prepare("{viewer{scopes}}") is not first
