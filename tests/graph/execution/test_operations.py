"""What is compiled, how much of it is kept, and that nothing of a document is ever code."""

import gc
import sys
import weakref
from typing import Any, Optional

import pytest
import strawberry
from graphql import DocumentNode, ExecutionResult, parse

from graph.execution.operation import MOST_PLANS
from graph.execution.operations import MOST_OPERATIONS, Operations
from graph.execution.selections import MOST_FIELDS


@strawberry.type
class Query:
    o: str = "an o"
    v: int | None = 5
    settled: list[str] | None = None

    @strawberry.field
    def again(self) -> "Query":
        return ROOT

    twin: Optional["Query"] = None


ROOT = Query()
ROOT.twin = ROOT
CORE = strawberry.Schema(Query)._schema  # noqa: SLF001 - the schema below strawberry's


def answer(operations: Operations, document: DocumentNode, **variables: Any) -> Any:
    result = operations.execute(document, None, variables, None, ROOT)
    assert isinstance(result, ExecutionResult)
    assert result.errors is None
    return result.data


def kept(operations: Operations) -> int:
    return len(operations._kept)  # noqa: SLF001 - that it stays small shows nowhere else


def test_an_operation_is_compiled_when_it_runs_again() -> None:
    operations, document = Operations(CORE), parse("{ o }")
    assert answer(operations, document) == {"o": "an o"}
    assert kept(operations) == 0
    assert answer(operations, document) == {"o": "an o"}
    assert kept(operations) == 1


def test_a_run_leaves_nothing_that_must_be_looked_for() -> None:
    operations, document = Operations(CORE), parse("{ o again { v } }")
    for _ in range(3):
        answer(operations, document)
    gc.disable()
    try:
        context = Query()
        operations.execute(document, None, {}, context, ROOT)
        alive = weakref.ref(context)
        del context
        assert alive() is None
    finally:
        gc.enable()


def test_what_is_compiled_keeps_no_variables_of_its_first_run() -> None:
    @strawberry.type
    class Said:
        @strawberry.field
        def said(self, text: str) -> int:
            return len(text)

    operations = Operations(strawberry.Schema(Said)._schema)  # noqa: SLF001 - the schema below strawberry's
    document, text = parse("query($text: String!) { said(text: $text) }"), "x" * 1000
    operations.execute(document, None, {"text": "run once"}, None, Said())
    before = sys.getrefcount(text)
    operations.execute(document, None, {"text": text}, None, Said())
    assert (kept(operations), sys.getrefcount(text)) == (1, before)


def test_it_is_forgotten_with_its_document() -> None:
    operations, document = Operations(CORE), parse("{ o again { v } }")
    for _ in range(3):
        answer(operations, document)
    del document
    gc.collect()
    assert kept(operations) == 0


def test_a_bounded_number_is_kept() -> None:
    operations = Operations(CORE)
    documents = [parse("{ v }") for _ in range(MOST_OPERATIONS + 5)]
    for document in documents:
        for _ in range(2):
            answer(operations, document)
    assert kept(operations) == MOST_OPERATIONS
    assert answer(operations, documents[0]) == {"v": 5}


def test_each_choice_of_conditions_has_its_plan_up_to_a_number() -> None:
    names = [f"c{number}" for number in range(5)]
    fields = " ".join(f"{name}: v @include(if: ${name})" for name in names)
    document = parse(f"query ({', '.join(f'${name}: Boolean!' for name in names)}) {{ {fields} }}")
    operations = Operations(CORE)
    assert 2 ** len(names) > MOST_PLANS
    for _ in range(2):
        for choice in range(2 ** len(names)):
            chosen = {name: bool(choice >> number & 1) for number, name in enumerate(names)}
            assert answer(operations, document, **chosen) == {name: 5 for name in names if chosen[name]}


def test_what_has_too_many_fields_is_run_all_the_same() -> None:
    fields = " ".join(f"a{number}: v" for number in range(MOST_FIELDS + 1))
    document = parse(f"{{ again {{ {fields} }} }}")
    operations = Operations(CORE)
    for _ in range(3):
        assert len(answer(operations, document)["again"]) == MOST_FIELDS + 1


@pytest.mark.parametrize("name", ["again", "twin"])
@pytest.mark.parametrize("levels", [30, 100])
def test_however_deep_a_document_is_it_is_run(name: str, levels: int) -> None:
    document = parse("{ " + f"{name} {{ " * levels + "v" + " }" * (levels + 1))
    operations = Operations(CORE)
    found = [answer(operations, document) for _ in range(3)]
    assert found[0] == found[1] == found[2]


def test_names_are_never_code() -> None:
    names = [
        "None",
        "class",
        "lambda",
        "o",
        "v",
        "x",
        "settled",
        "Surprise",
        "found",
        "add",
        "type",
        "_",
        "__a",
    ]
    document = parse(f"{{ {' '.join(f'{name}: o' for name in names)} again {{ def: v object1: settled }} }}")
    operations = Operations(CORE)
    for _ in range(3):
        expected = dict.fromkeys(names, "an o") | {"again": {"def": 5, "object1": None}}
        assert answer(operations, document) == expected


@pytest.mark.parametrize("text", ["subscription { o }", "mutation { o }"])
def test_what_the_schema_does_not_have_is_refused_as_by_the_stock_engine(text: str) -> None:
    operations, document = Operations(CORE), parse(text)
    for _ in range(3):
        result = operations.execute(document, None, {}, None)
        assert isinstance(result, ExecutionResult)
        assert result.errors is not None
        assert "Schema is not configured" in result.errors[0].message
