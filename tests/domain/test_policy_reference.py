"""The two built-in policies against their clauses, over every combination (R174-R183)."""

from __future__ import annotations

from itertools import combinations_with_replacement, permutations, product

import pytest

from domain.order_state import tmf622
from domain.order_state.policy import MEF123_V1, POLICIES, REFERENCE_V1, HeaderPolicy, summarise
from domain.order_state.states import HeaderState as H
from domain.order_state.states import ItemState as I
from tests.domain.header_oracle import DECLARABLE, header

KINDS = tuple(product(I, (True, False)))
"""Every item there can be: its state, and whether it is executable or NO_CHANGE."""
ITEMS = tuple(items for size in range(5) for items in combinations_with_replacement(KINDS, size))


def decide(policy: HeaderPolicy, declared: H, items: tuple[tuple[I, bool], ...], cancel: bool, fallout: bool) -> H:
    executable = [state for state, is_executable in items if is_executable]
    summary = summarise(declared, executable, cancellation_open=cancel, order_fallout=fallout)
    return policy.decide(summary)[0]


def of(*states: I) -> tuple[tuple[I, bool], ...]:
    return tuple((state, True) for state in states)


def test_the_enumeration_is_complete() -> None:
    """Multisets of 16 kinds of items, none to four of them: C(16 + 4, 4)."""
    assert len(ITEMS) == len(set(ITEMS)) == 4845
    assert len(DECLARABLE) == 9


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
@pytest.mark.parametrize("declared", H)
def test_every_combination_has_the_state_of_the_clauses(policy: HeaderPolicy, declared: H) -> None:
    """All twelve header states as declared, the nine an owner can declare among them: the function is total."""
    for items in ITEMS:
        for cancel, fallout in product((False, True), repeat=2):
            expected = header(declared, items, cancellation=cancel, fallout=fallout, policy=policy.policy_id)
            got = decide(policy, declared, items, cancel, fallout)
            assert got is expected, (declared, items, cancel, fallout)


def test_the_order_and_number_of_items_do_not_matter() -> None:
    for states in combinations_with_replacement(I, 4):
        expected = decide(REFERENCE_V1, H.IN_PROGRESS, of(*states), False, False)
        for shuffled in set(permutations(states)):
            assert decide(REFERENCE_V1, H.IN_PROGRESS, of(*shuffled), False, False) is expected
        assert decide(REFERENCE_V1, H.IN_PROGRESS, of(*states * 3), False, False) is expected


def test_the_policies_differ_only_where_completed_stands_beside_cancelled() -> None:
    for declared, items in product(DECLARABLE, ITEMS):
        reference, mef = (decide(p, declared, items, False, False) for p in (REFERENCE_V1, MEF123_V1))
        if reference is not mef:
            executable = {state for state, is_executable in items if is_executable}
            assert executable == {I.COMPLETED, I.CANCELLED}
            assert (reference, mef) == (H.COMPLETED, H.PARTIALLY_COMPLETED)
    both = of(I.COMPLETED, I.CANCELLED)
    assert decide(REFERENCE_V1, H.ACCEPTED, both, False, False) is H.COMPLETED
    assert decide(MEF123_V1, H.ACCEPTED, both, False, False) is H.PARTIALLY_COMPLETED


def test_worked_example() -> None:
    """R180: never Completed."""
    items = of(I.COMPLETED, I.IN_PROGRESS, I.PENDING_EXTERNAL)
    assert decide(REFERENCE_V1, H.IN_PROGRESS, items, False, False) is H.IN_PROGRESS


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((I.FALLOUT, I.CANCELLING), H.FALLOUT),
        ((I.FALLOUT, I.IN_PROGRESS), H.FALLOUT),
        ((I.FALLOUT, I.CANCELLING, I.IN_PROGRESS, I.COMPLETED), H.FALLOUT),
        ((I.FALLOUT, I.COMPLETED), H.FALLOUT),
        ((I.CANCELLING, I.IN_PROGRESS), H.CANCELLING),
        ((I.CANCELLING, I.PENDING_EXTERNAL), H.CANCELLING),
        ((I.CANCELLING, I.COMPLETED), H.CANCELLING),
        ((I.CANCELLING, I.NOT_STARTED), H.CANCELLING),
        ((I.IN_PROGRESS, I.COMPLETED), H.IN_PROGRESS),
        ((I.PENDING_EXTERNAL, I.FAILED_CLOSED), H.IN_PROGRESS),
        ((I.NOT_STARTED, I.COMPLETED), H.IN_PROGRESS),
        ((I.NOT_STARTED, I.FAILED_CLOSED), H.IN_PROGRESS),
        ((I.NOT_STARTED, I.NOT_STARTED), H.ACCEPTED),
        ((I.NOT_STARTED, I.CANCELLED), H.ACCEPTED),
        ((I.CANCELLED, I.CANCELLED), H.CANCELLED),
        ((I.FAILED_CLOSED, I.CANCELLED), H.FAILED_CLOSED),
    ],
)
def test_precedence(states: tuple[I, ...], expected: H) -> None:
    """R182: fallout beats cancelling beats in progress, whatever else there is."""
    assert decide(REFERENCE_V1, H.IN_PROGRESS, of(*states), False, False) is expected


@pytest.mark.parametrize(
    ("declared", "states", "expected"),
    [
        (H.IN_PROGRESS, (I.COMPLETED, I.CANCELLED), H.COMPLETED),
        (H.IN_PROGRESS, (I.COMPLETED, I.FAILED_CLOSED), H.PARTIALLY_COMPLETED),
        (H.IN_PROGRESS, (I.COMPLETED, I.FAILED_CLOSED, I.CANCELLED), H.PARTIALLY_COMPLETED),
        (H.ACCEPTED, (), H.ACCEPTED),
        (H.COMPLETED, (), H.COMPLETED),
        (H.DRAFT, (), H.DRAFT),
    ],
)
def test_gaps_of_the_reference_are_closed(declared: H, states: tuple[I, ...], expected: H) -> None:
    """R183."""
    assert decide(REFERENCE_V1, declared, of(*states), False, False) is expected


def test_an_order_fallout_outlasts_the_items_and_a_cancellation_does_not() -> None:
    assert decide(REFERENCE_V1, H.IN_PROGRESS, of(I.COMPLETED), True, True) is H.FALLOUT
    assert decide(REFERENCE_V1, H.IN_PROGRESS, of(I.COMPLETED), True, False) is H.COMPLETED
    assert decide(REFERENCE_V1, H.COMPLETED, (), False, True) is H.FALLOUT


def test_a_decision_of_the_owner_stands_whatever_the_items_say() -> None:
    for declared in (H.REJECTED, H.CANCELLED, H.FAILED_CLOSED):
        for items in ITEMS[:200]:
            assert decide(REFERENCE_V1, declared, items, True, True) is declared


def test_every_clause_decides_something_and_is_named_apart() -> None:
    for policy in POLICIES.values():
        names = [clause.name for clause in policy.clauses]
        assert len(names) == len(set(names))
        reached = set()
        for declared, items, cancel, fallout in product(DECLARABLE, ITEMS, (False, True), (False, True)):
            executable = [state for state, is_executable in items if is_executable]
            reached.add(
                policy.decide(summarise(declared, executable, cancellation_open=cancel, order_fallout=fallout))[1]
            )
        assert reached == set(names)


def test_tmf622_has_a_word_for_every_state() -> None:
    v4 = {
        "acknowledged", "rejected", "pending", "held", "inProgress", "cancelled", "completed", "failed", "partial",
        "assessingCancellation", "pendingCancellation",
    }  # fmt: skip
    assert set(tmf622.V4) == set(tmf622.V5) == set(H)
    assert set(tmf622.V4.values()) <= v4
    assert set(tmf622.V5.values()) <= v4 | {"draft"}
    for mapping in (tmf622.V4, tmf622.V5):
        assert mapping[H.COMPLETED] == "completed"
        assert mapping[H.FAILED_CLOSED] == "failed"
        assert mapping[H.REJECTED] == "rejected"
        assert mapping[H.CANCELLED] == "cancelled"
        assert mapping[H.IN_PROGRESS] == "inProgress"
        assert mapping[H.PARTIALLY_COMPLETED] == "partial"
