"""Policies written down as data: what a table may say, and how a wrong one is refused."""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from typing import Any

import pytest

from domain.errors import ConfigurationError
from domain.order_state.policy import PREDICATES, REFERENCE_V1, HeaderPolicy, policy_from_mapping, summarise
from domain.order_state.states import HeaderState as H
from domain.order_state.states import ItemState as I

LAST = {"name": "otherwise", "when": [], "then": "Accepted"}


def table(*clauses: Any, policy_id: Any = "house.v1") -> dict[str, Any]:
    return {"id": policy_id, "clauses": list(clauses)}


def test_the_reference_written_as_a_table_decides_alike() -> None:
    rows = [{"name": c.name, "when": list(c.when), "then": str(c.then)} for c in REFERENCE_V1.clauses]
    copy = policy_from_mapping(table(*rows, policy_id="copy.v1"))
    assert copy.policy_id == "copy.v1"
    for declared, cancel, fallout in product(H, (False, True), (False, True)):
        for states in combinations_with_replacement(I, 3):
            summary = summarise(declared, states, cancellation_open=cancel, order_fallout=fallout)
            assert copy.decide(summary) == REFERENCE_V1.decide(summary)


def test_a_further_policy_decides_by_its_own_clauses() -> None:
    policy = policy_from_mapping(
        table({"name": "stop-first", "when": ["any-cancelling"], "then": "Cancelling"}, LAST, policy_id="stop.v1")
    )
    summary = summarise(H.ACCEPTED, [I.FALLOUT, I.CANCELLING], cancellation_open=True, order_fallout=True)
    assert policy.decide(summary) == (H.CANCELLING, "stop-first")
    assert REFERENCE_V1.decide(summary)[0] is H.FALLOUT


def test_when_may_be_left_out_of_the_last_clause() -> None:
    policy = policy_from_mapping(table({"name": "all", "then": "DECLARED"}))
    assert policy.decide(summarise(H.REJECTED, [], cancellation_open=False, order_fallout=False)) == (H.REJECTED, "all")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (table({"name": "odd", "when": ["any-fallot"], "then": "Fallout"}, LAST), "any-fallot"),
        (table({"name": "odd", "when": [], "then": "Done"}), "Done"),
        (table({"name": "odd", "when": ["any-fallout"], "then": "Fallout"}), "last clause"),
        (table(), "last clause"),
        (table(LAST, policy_id=""), "`id`"),
        (table(LAST, policy_id=7), "`id`"),
        ({"clauses": [LAST]}, "`id`"),
        ({"id": "house.v1"}, "`clauses`"),
        ({"id": "house.v1", "clauses": LAST}, "`clauses`"),
        ({"id": "house.v1", "clauses": "otherwise"}, "`clauses`"),
        (["house.v1"], "`id`"),
        (None, "`id`"),
        (table("otherwise"), "otherwise"),
        (table({"name": "otherwise"}), "not a clause"),
        (table({"then": "Accepted"}), "not a clause"),
        (table({"name": "odd", "wen": ["any-fallout"], "then": "Fallout"}, LAST), "wen"),
        (table({"name": "odd", "when": "any-fallout", "then": "Fallout"}, LAST), "not a clause"),
        (table({"name": "odd", "when": None, "then": "Fallout"}, LAST), "not a clause"),
        (table({"name": "odd", "when": [3], "then": "Fallout"}, LAST), "not a clause"),
        (table({"name": "odd", "when": [], "then": ["Fallout"]}), "not a clause"),
    ],
)
def test_a_wrong_table_is_refused_naming_what_is_wrong(data: Any, named: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        policy_from_mapping(data)
    assert named in caught.value.message
    assert caught.value.remediation
    assert caught.value.exit_code == 2


def test_a_policy_built_in_code_is_held_to_the_same() -> None:
    with pytest.raises(ConfigurationError):
        HeaderPolicy("empty.v1", ())
    with pytest.raises(ConfigurationError):
        HeaderPolicy("open.v1", REFERENCE_V1.clauses[:-1])


def test_predicates_are_functions_of_the_summary_alone() -> None:
    summary = summarise(H.ACCEPTED, [I.NOT_STARTED], cancellation_open=False, order_fallout=False)
    for name, predicate in PREDICATES.items():
        assert predicate(summary) in (True, False), name
