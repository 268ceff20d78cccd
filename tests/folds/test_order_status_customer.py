"""The customer's state, for every combination of what decides about it (R188, R194)."""

from __future__ import annotations

from itertools import product

import pytest

from domain.order_state.derive import ItemView, OrderView
from domain.order_state.facts import ItemDefinition
from domain.order_state.states import Action, HeaderState, ItemState
from domain.order_status.customer_status import customer_status
from tests.folds.order_story import Story, line

H, S, A = HeaderState, ItemState, Action
ENDS = {H.COMPLETED, H.PARTIALLY_COMPLETED, H.CANCELLED, H.REJECTED, H.FAILED_CLOSED}
LIVE = {"ADD", "MODIFY", "RENEW", "REPLACE", "RESUME"}
ACTIONS = [action.value for action in A]
Item = tuple[S, str]


def view(state: H, items: list[Item], cancelling: bool) -> OrderView:
    views = [
        ItemView(f"item-{n}", item_state, ItemDefinition(f"item-{n}", action, None, "offer", None), None)
        for n, (item_state, action) in enumerate(items)
    ]
    return OrderView(state, "x", state, views, cancelling, False)


def wanted(state: H, items: list[Item], cancelling: bool, awaited: bool, second_below_first: bool) -> str | None:
    """The projection's table, written down a second time."""
    if state is H.DRAFT:
        return None
    fixed = {H.REJECTED: "NOT_ACCEPTED", H.CANCELLED: "CANCELLED", H.FAILED_CLOSED: "CLOSED"}
    if state in fixed:
        return fixed[state]
    if cancelling and state not in ENDS:
        return "CANCELLING"
    if awaited:
        return "ACTION_NEEDED"
    if state in (H.SUBMITTED, H.VALIDATING, H.ACCEPTED):
        return "RECEIVED"
    done = [item for item in items if item[0] is S.COMPLETED and item[1] != "NO_CHANGE"]
    if state is not H.COMPLETED:
        return "PARTLY_ACTIVE" if any(action in LIVE for _, action in done) else "IN_PROGRESS"
    if second_below_first and len(done) == 2:
        done = done[:1]
    if not done or any(action in LIVE for _, action in done):
        return "ACTIVE"
    return "SUSPENDED" if any(action == "SUSPEND" for _, action in done) else "ENDED"


def found(state: H, items: list[Item], cancelling: bool, awaited: bool, second_below_first: bool) -> str | None:
    parents = {"item-1": "item-0" if second_below_first else None}
    decided = customer_status(view(state, items, cancelling), parents, awaited)
    return decided.status.value if decided else None


ONE = [[], *([item] for item in product(S, ACTIONS))]
TWO = [list(pair) for pair in product(product((S.COMPLETED, S.CANCELLED, S.IN_PROGRESS), ACTIONS), repeat=2)]


@pytest.mark.parametrize("state", H)
def test_every_state_and_item(state: H) -> None:
    for items, cancelling, awaited in product(ONE, (False, True), (False, True)):
        case = (state, items, cancelling, awaited, False)
        assert found(*case) == wanted(*case), case


@pytest.mark.parametrize("state", [H.COMPLETED, H.PARTIALLY_COMPLETED, H.IN_PROGRESS, H.FALLOUT])
def test_two_items_beside_and_below_each_other(state: H) -> None:
    for items, below in product(TWO, (False, True)):
        case = (state, items, False, False, below)
        assert found(*case) == wanted(*case), case


def test_under_a_root_that_only_carries_context_the_next_ones_decide() -> None:
    items = [(S.NOT_STARTED, "NO_CHANGE"), (S.COMPLETED, "DELETE")]
    assert found(H.COMPLETED, items, False, False, True) == "ENDED"


def test_bundles_that_contain_each_other_end_the_walk() -> None:
    ordered = view(H.COMPLETED, [(S.COMPLETED, "DELETE"), (S.COMPLETED, "DELETE")], False)
    decided = customer_status(ordered, {"item-0": "item-1", "item-1": "item-0"}, False)
    assert decided is not None


def test_a_line_that_was_not_read_does_not_end_a_service() -> None:
    ordered = OrderView(H.COMPLETED, "x", H.COMPLETED, [ItemView("item-0", S.COMPLETED, None, None)], False, False)
    decided = customer_status(ordered, {}, False)
    assert decided is not None
    assert decided.status == "ACTIVE"


def test_a_draft_has_no_row_for_the_customer() -> None:
    story = Story().order("Created", items=[line("a")])
    assert "customer" not in story.rows()
    assert {"sales", "support", "fulfillment", "finance", "compliance"} == set(story.rows())
    assert story.order("Submitted").row("customer")["status"] == "RECEIVED"


def test_who_waits_for_the_customer_says_so_without_saying_what_for() -> None:
    story = Story().begun(line("a"), line("b")).order("ItemStarted", itemId="a").order("ItemStarted", itemId="b")
    story.wait(hours=1).order("ItemPendingExternal", itemId="a", waitingFor="Customer")
    story.order("ItemFailed", itemId="b", repair="HUMAN", failureCode="NO_PORT")
    rows = story.rows()
    assert rows["support"]["state"] == "Fallout"
    assert rows["customer"]["status"] == "ACTION_NEEDED"
    assert "NO_PORT" not in str(rows["customer"])
    story.order("ItemPendingExternal", itemId="a", waitingFor="logistics")
    assert story.row("customer")["status"] == "IN_PROGRESS"


def test_a_row_is_left_out_before_the_first_event_of_the_order() -> None:
    assert Story().task("Started", "t", itemId="a", taskState="RUNNING").rows() == {}
