"""What operations cost, to the point."""

from typing import Any

import pytest
from graphql import GraphQLObjectType

from graph.documents import DocumentRefused, Documents
from graph.limits.cost import points_taken
from graph.limits.weights import CHOOSING, WORKED_OUT
from graph.schema import schema

CORE = schema._schema  # noqa: SLF001 - the schema below strawberry's
DOCUMENTS = Documents(CORE)
AGENTS = "viewer{account{agents(first:%s){nodes{id name}}}}"
LISTED = "query($n:Int=7){viewer{account{agents(first:$n){nodes{id name}}}}}"


def points(text: str, variables: dict[str, Any] | None = None) -> int:
    return DOCUMENTS.prepare(text).operation(None).cost.points(variables or {})


def work(text: str, variables: dict[str, Any] | None = None) -> int:
    return DOCUMENTS.prepare(text).operation(None).work.points(variables or {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{__typename}", 1),
        ("{viewer{scopes}}", 2),
        ("{" + AGENTS % 1 + "}", 4 + 1 * 2),
        ("{" + AGENTS % 50 + "}", 4 + 50 * 2),
        ("{" + AGENTS % 5_000 + "}", 4 + 100 * 2),
        ("{viewer{account{agents{nodes{id name}}}}}", 4 + 20 * 2),
        ("{viewer{account{agents(last:3){nodes{id} edges{cursor node{id}}}}}}", 5 + 3 * 1 + 3 * 3),
        (
            "{viewer{account{agents(first:10){nodes{workflows(first:5){nodes{id}}}}}}}",
            4 + 10 * (2 + 5),
        ),
        ("{viewer{...A ...A}} fragment A on Viewer{account{id}}", 1 + 2 * 2),
        ("{viewer{account{agents(first:9){...P}}}} fragment P on AgentConnection{nodes{id name}}", 4 + 9 * 2),
        ('{nodes(ids:["a","b","c","d","e","f","g"]){id}}', 1 + 7),
        ('mutation{archiveAgent(input:{agentId:"a"}){__typename}}', 1 + 10 + 1),
    ],
)
def test_a_document_costs(text: str, expected: int) -> None:
    assert points(text) == expected


def test_pages_by_variables_cost_what_written_ones_do() -> None:
    assert points(LISTED, {"n": 50}) == 4 + 50 * 2
    assert points(LISTED) == 4 + 7 * 2  # the variable's own default
    assert points(LISTED, {"n": None}) == 4 + 20 * 2  # the argument's
    assert points(LISTED, {"n": 10**30}) == points(LISTED, {"n": 100})
    assert points(LISTED, {"n": "text"}) == points(LISTED, {"n": 100.0}) == points(LISTED, {"n": 100})


def test_a_page_below_zero_pays_for_nothing_else() -> None:
    dear = "viewer { account { workflows(first: 100) { nodes { id } } } }"
    below = "below: viewer { account { workflows(first: -1000000) { nodes { id } } } }"
    assert points(f"{{ {below} }}") > 0
    assert points(f"{{ {below} {dear} }}") > points(f"{{ {dear} }}")
    by_variable = "query ($n: Int) { viewer { account { workflows(first: $n) { nodes { id } } } } }"
    assert points(by_variable, {"n": -1_000_000}) == points(f"{{ {below} }}")


def test_each_usage_of_a_batch_costs() -> None:
    text = "mutation($some:AddServiceUsagesInput!){addServiceUsages(input:$some){__typename}}"
    assert points(text, {"some": {"usages": [{}] * 1_000}}) == 1 + 10 * 1_000 + 1
    assert points(text, {"some": {"usages": []}}) == 1 + 10 + 1
    nested = "mutation($some:[AddServiceUsageInput!]!){addServiceUsages(input:{usages:$some}){__typename}}"
    assert points(nested, {"some": [{}] * 300}) == 1 + 10 * 300 + 1


def test_a_plan_to_work_out_costs_where_there_is_one() -> None:
    text = "mutation($it:StartWorkflowInput!){startWorkflow(input:$it){__typename}}"
    assert points(text, {"it": {"workflowName": "x"}}) == 12
    assert points(text, {"it": {"workflowName": "x", "selection": None}}) == 12
    assert points(text, {"it": {"workflowName": "x", "selection": {"services": []}}}) == 10_012


def test_work_is_what_is_left_without_the_fields() -> None:
    assert work("{viewer{account{agents{nodes{id}}}}}") == 0
    assert work('mutation{archiveAgent(input:{agentId:"a"}){__typename}}') == 10
    assert work("{quoteAccuracy{__typename}}") == 25_000


def test_what_reads_all_books_costs_as_much_as_a_replay() -> None:
    assert work("{ledgerAudit{__typename}}") == WORKED_OUT["Query.replay"] == 100_000


def test_what_is_worked_out_stands_in_the_schema() -> None:
    for name in [*WORKED_OUT, *CHOOSING]:
        parent, _, field = name.partition(".")
        found = CORE.get_type(parent)
        assert isinstance(found, GraphQLObjectType)
        assert field in found.fields, name


def test_a_cost_beyond_all_bounds_is_a_number_and_a_refusal() -> None:
    levels = "".join(
        f"fragment F{n} on Account{{agents(first:100){{nodes{{id}}}} ...F{n + 1} a{n}:agents{{nodes{{id}}}}}}"
        for n in range(40)
    )
    operation = DOCUMENTS.prepare(
        "{viewer{account{agents(first:100){nodes{workflows(first:100){nodes{servicesUsed(first:100){nodes{id}}}}}}"
        f" ...F0}}}}}} {levels} fragment F40 on Account{{id}}"
    ).operation(None)
    with pytest.raises(DocumentRefused, match="250,000 is the most") as refused:
        operation.points({})
    assert refused.value.errors[0].extensions == {"code": "QUERY_TOO_COMPLEX"}


def test_an_answer_has_taken_its_fields() -> None:
    assert points_taken(None) == 0
    assert points_taken({"viewer": {"scopes": ["READ", "TRACK"]}}) == 2
    assert points_taken({"nodes": [{"id": 1, "name": 2}, None, {"id": 3, "name": 4}]}) == 5
