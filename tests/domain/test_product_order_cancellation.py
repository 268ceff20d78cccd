"""Stopping an order or parts of it (R59, R138, R147, R299, R412, R471), and falling out (R145-R149, R175)."""

from __future__ import annotations

import pytest

from domain.errors import Category, Retry
from domain.order_state.states import Action, HeaderState, ItemState, Repair
from domain.product_order import commands as c
from domain.product_order.structure import Cutoff, OrderItem
from tests.domain.orders import Desk, item

H = HeaderState


def bundle() -> tuple[OrderItem, ...]:
    """a ⊃ {b ⊃ {c}}, and d apart."""
    return (
        item("a"),
        item("b", parent_item_id="a", root_item_id="a"),
        item("c", parent_item_id="b", root_item_id="a"),
        item("d"),
    )


def test_a_draft_is_cancelled_at_once() -> None:
    desk = Desk()
    names = desk.send(c.CancelProductOrder, role="sales", reason_code="CHANGED_MIND")
    assert names == ["CancellationRequested", "ItemCancelled", "ItemCancelled", "Cancelled"]
    assert desk.state is H.CANCELLED
    assert Desk(no_items=True).send(c.CancelProductOrder) == ["CancellationRequested", "Cancelled"]


@pytest.mark.parametrize("submitted", [False, True])
def test_an_order_with_nothing_to_do_can_be_cancelled_too(submitted: bool) -> None:
    """R412: it must not hang in Cancelling for ever."""
    desk = Desk(item("a", Action.NO_CHANGE))
    if submitted:
        desk.submitted()
    assert desk.refused(c.CancelProductOrder, item_ids=("a",)).code == "STATE_NOTHING_TO_CANCEL"
    assert desk.send(c.CancelProductOrder) == ["CancellationRequested", "Cancelled"]
    assert desk.state is H.CANCELLED


def test_a_line_of_a_draft_is_taken_out_and_the_rest_stays_a_draft() -> None:
    desk = Desk()
    assert desk.send(c.CancelProductOrder, item_ids=("a",)) == ["CancellationRequested", "ItemCancelled"]
    assert desk.state is H.DRAFT
    desk.planned().complete("b")
    assert desk.state is H.COMPLETED


def test_a_parent_takes_its_members_along() -> None:
    """R471, closed over any depth; a member alone leaves the parent."""
    desk = Desk(*bundle()).planned()
    desk.send(c.CancelProductOrder, item_ids=("a",))
    assert [desk.item(i).value for i in "abcd"] == ["CANCELLED", "CANCELLED", "CANCELLED", "NOT_STARTED"]
    requested = next(e for e in desk.events if type(e).__name__ == "ProductOrderCancellationRequested")
    assert requested.item_ids == ("a", "b", "c")  # type: ignore[attr-defined]
    assert requested.changed_item_ids == ("a", "b", "c")
    other = Desk(*bundle()).planned()
    other.send(c.CancelProductOrder, item_ids=("b",))
    assert [other.item(i).value for i in "abcd"] == ["NOT_STARTED", "CANCELLED", "CANCELLED", "NOT_STARTED"]


def test_in_flight_work_is_compensated_first() -> None:
    """R299: what was begun stops when fulfillment says so, the rest at once."""
    desk = Desk(*bundle()).planned().start("a")
    names = desk.send(c.CancelProductOrder)
    assert names == ["CancellationRequested", *["ItemCancelled"] * 3]
    assert desk.state is H.CANCELLING
    assert desk.item("a") is ItemState.CANCELLING
    assert desk.refused(c.CancelProductOrder).code == "STATE_NOTHING_TO_CANCEL"
    assert desk.send(c.CancelProductOrderItem, item_id="a") == ["ItemCancelled", "Cancelled"]
    assert desk.state is H.CANCELLED


def test_what_was_delivered_stays_delivered() -> None:
    desk = Desk(item("a"), item("b")).planned().complete("a")
    assert desk.send(c.CancelProductOrder) == ["CancellationRequested", "ItemCancelled", "Completed"]
    assert [desk.item(i).value for i in "ab"] == ["COMPLETED", "CANCELLED"]
    assert desk.state is H.COMPLETED


def test_delivery_may_overtake_a_cancellation() -> None:
    desk = Desk(item("a")).planned().start("a")
    desk.send(c.CancelProductOrder)
    assert desk.send(c.CompleteProductOrderItem, item_id="a") == ["ItemCompleted", "Completed"]
    assert desk.state is H.COMPLETED


@pytest.mark.parametrize(
    ("cutoff", "reached", "late"),
    [
        (Cutoff.STARTED, "NOT_STARTED", False),
        (Cutoff.STARTED, "IN_PROGRESS", True),
        (Cutoff.STARTED, "PENDING_EXTERNAL", True),
        (Cutoff.STARTED, "FALLOUT", True),
        (Cutoff.PENDING_EXTERNAL, "NOT_STARTED", False),
        (Cutoff.PENDING_EXTERNAL, "IN_PROGRESS", False),
        (Cutoff.PENDING_EXTERNAL, "PENDING_EXTERNAL", True),
        (Cutoff.PENDING_EXTERNAL, "FALLOUT", False),
        (Cutoff.COMPLETED, "IN_PROGRESS", False),
        (Cutoff.COMPLETED, "PENDING_EXTERNAL", False),
        (Cutoff.COMPLETED, "FALLOUT", False),
    ],
)
def test_past_its_cutoff_an_item_is_delivered(cutoff: Cutoff, reached: str, late: bool) -> None:
    """R299."""
    desk = Desk(item("a", cutoff=cutoff), item("b")).planned()
    if reached != "NOT_STARTED":
        desk.start("a")
    if reached == "PENDING_EXTERNAL":
        desk.send(c.HoldProductOrderItem, item_id="a", waiting_for="carrier")
    if reached == "FALLOUT":
        desk.fail("a", Repair.HUMAN)
    for ids in ((), ("a",)):
        if late:
            refusal = desk.refused(c.CancelProductOrder, item_ids=ids)
            assert (refusal.code, refusal.category) == ("POLICY_PAST_CUTOFF", Category.POLICY)
            assert refusal.retry is Retry.AFTER_POLICY_CHANGE
            assert "'a'" in refusal.message
    names = desk.send(c.CancelProductOrder, item_ids=("b",) if late else ())
    assert names[0] == "CancellationRequested"


def test_nobody_is_left_waiting_for_what_will_not_come() -> None:
    desk = Desk(item("a"), item("b", depends_on=("a",))).planned()
    refusal = desk.refused(c.CancelProductOrder, item_ids=("a",))
    assert refusal.code == "POLICY_DEPENDENT_ITEMS"
    assert "'b'" in refusal.message
    assert desk.send(c.CancelProductOrder, item_ids=("a", "b"))[-1] == "Cancelled"


def test_a_line_of_context_that_depends_on_another_hinders_nothing() -> None:
    """R412: nothing is done for a NO_CHANGE line, so it waits for nothing."""
    desk = Desk(item("a"), item("b"), item("x", Action.NO_CHANGE, depends_on=("a",))).planned()
    assert desk.send(c.CancelProductOrder, item_ids=("a",)) == ["CancellationRequested", "ItemCancelled"]
    assert desk.send(c.CancelProductOrder)[-1] == "Cancelled"


def test_a_refused_cancellation_lets_delivery_go_on() -> None:
    """R147."""
    desk = Desk(item("a"), item("b")).planned().start("a")
    assert desk.refused(c.RefuseProductOrderCancellation, reason_code="X").code == "STATE_NO_CANCELLATION"
    desk.send(c.CancelProductOrder, item_ids=("a",))
    assert desk.state is H.CANCELLING
    assert desk.send(c.RefuseProductOrderCancellation, reason_code="TOO_LATE") == ["CancellationRefused"]
    assert desk.item("a") is ItemState.IN_PROGRESS
    desk.send(c.CompleteProductOrderItem, item_id="a")
    desk.complete("b")
    assert desk.state is H.COMPLETED


def test_cancellations_name_items_of_the_order() -> None:
    desk = Desk().planned().start("a")
    assert desk.refused(c.CancelProductOrder, item_ids=("ghost",)).code == "REFERENCE_ITEM_UNKNOWN"
    desk.send(c.CancelProductOrder)
    refuse = {"item_ids": ("ghost",), "reason_code": "X"}
    assert desk.refused(c.RefuseProductOrderCancellation, **refuse).code == "REFERENCE_ITEM_UNKNOWN"


def test_an_item_stops_only_when_it_was_asked_to() -> None:
    desk = Desk().planned().start("a")
    assert desk.refused(c.CancelProductOrderItem, item_id="a").code == "STATE_ITEM"


@pytest.mark.parametrize(
    ("repair", "item_state", "header", "events"),
    [
        (Repair.AUTO, ItemState.IN_PROGRESS, H.IN_PROGRESS, ["ItemFailed"]),
        (Repair.HUMAN, ItemState.FALLOUT, H.FALLOUT, ["ItemFailed", "FalloutRaised"]),
        (Repair.NONE, ItemState.FAILED_CLOSED, H.IN_PROGRESS, ["ItemFailed"]),
    ],
)
def test_who_can_mend_a_failure_decides_the_state(
    repair: Repair, item_state: ItemState, header: HeaderState, events: list[str]
) -> None:
    """R146, R148, R149."""
    desk = Desk().planned().start("a")
    assert desk.fail("a", repair) == events
    assert desk.item("a") is item_state
    assert desk.state is header


def test_a_repair_leaves_evidence_and_work_goes_on() -> None:
    """R123, R161."""
    desk = Desk(item("a")).planned().start("a")
    desk.fail("a", Repair.HUMAN)
    ((fallout, about),) = desk.standing.open_fallouts().items()
    assert about == "a"
    resolve = {"fallout_id": fallout, "repair_ref": "ticket-1"}
    assert desk.refused(c.ResolveProductOrderFallout, **resolve).code == "STRUCTURAL_ITEM_STATE"
    for wrong in (ItemState.COMPLETED, ItemState.CANCELLED, ItemState.CANCELLING, ItemState.FALLOUT):
        assert desk.refused(c.ResolveProductOrderFallout, item_state=wrong, **resolve).code == "STRUCTURAL_ITEM_STATE"
    unknown = {**resolve, "fallout_id": "ghost", "item_state": ItemState.IN_PROGRESS}
    assert desk.refused(c.ResolveProductOrderFallout, **unknown).code == "REFERENCE_FALLOUT_UNKNOWN"
    desk.send(c.ResolveProductOrderFallout, item_state=ItemState.IN_PROGRESS, **resolve)
    assert desk.events[-1].repair_ref == "ticket-1"  # type: ignore[attr-defined]
    again = {**resolve, "item_state": ItemState.IN_PROGRESS}
    assert desk.refused(c.ResolveProductOrderFallout, **again).code == "REFERENCE_FALLOUT_UNKNOWN"
    desk.send(c.CompleteProductOrderItem, item_id="a")
    assert desk.state is H.COMPLETED


def test_a_fallout_of_the_order_holds_its_completion_back() -> None:
    desk = Desk(item("a")).planned().start("a")
    fallout = {"fallout_id": "f", "repair": Repair.HUMAN, "failure_code": "CREDIT"}
    desk.send(c.RaiseProductOrderFallout, **fallout)
    assert desk.refused(c.RaiseProductOrderFallout, **fallout).code == "CONFLICT_FALLOUT_ID"
    assert desk.send(c.CompleteProductOrderItem, item_id="a") == ["ItemCompleted"]
    assert desk.state is H.FALLOUT
    named = {"fallout_id": "f", "repair_ref": "t", "item_state": ItemState.IN_PROGRESS}
    assert desk.refused(c.ResolveProductOrderFallout, **named).code == "STRUCTURAL_ITEM_STATE"
    assert desk.send(c.ResolveProductOrderFallout, fallout_id="f", repair_ref="t") == ["FalloutResolved", "Completed"]


@pytest.mark.parametrize("repair", [Repair.AUTO, Repair.NONE])
def test_only_what_needs_a_person_holds_the_order(repair: Repair) -> None:
    """R175."""
    desk = Desk().planned().start("a")
    desk.send(c.RaiseProductOrderFallout, fallout_id="f", repair=repair, failure_code="X")
    assert desk.state is H.IN_PROGRESS


def test_an_item_has_one_open_fallout() -> None:
    desk = Desk().planned().start("a")
    fallout = {"item_id": "a", "repair": Repair.HUMAN, "failure_code": "X"}
    desk.send(c.RaiseProductOrderFallout, fallout_id="f-1", **fallout)
    assert desk.refused(c.RaiseProductOrderFallout, fallout_id="f-2", **fallout).code == "CONFLICT_FALLOUT_OPEN"


@pytest.mark.parametrize("end", ["completed", "cancelled", "failed"])
def test_mending_a_fallout_brings_no_finished_item_back_to_life(end: str) -> None:
    """R143, R149: the fallout ended with its item."""
    desk = Desk().planned().start("a", "b")
    repair = {"completed": Repair.AUTO, "cancelled": Repair.HUMAN, "failed": Repair.NONE}[end]
    desk.send(c.RaiseProductOrderFallout, fallout_id="f", item_id="a", repair=repair, failure_code="X")
    if end == "completed":
        desk.send(c.CompleteProductOrderItem, item_id="a")
    if end == "cancelled":
        desk.send(c.CancelProductOrder, item_ids=("a",))
        desk.send(c.CancelProductOrderItem, item_id="a")
    state = desk.item("a")
    resolve = {"fallout_id": "f", "repair_ref": "t", "item_state": ItemState.IN_PROGRESS}
    assert desk.refused(c.ResolveProductOrderFallout, **resolve).code == "REFERENCE_FALLOUT_UNKNOWN"
    assert desk.item("a") is state


def test_partly_delivered_and_partly_failed() -> None:
    """R164, R183."""
    desk = Desk(item("a"), item("b"), item("c")).planned().complete("a").start("b")
    desk.fail("b", Repair.NONE)
    assert desk.state is H.IN_PROGRESS
    assert desk.send(c.CancelProductOrder, item_ids=("c",)) == ["CancellationRequested", "ItemCancelled"]
    assert desk.state is H.PARTIALLY_COMPLETED
    assert desk.refused(c.CancelProductOrder).code == "STATE_ILLEGAL_TRANSITION"


def test_all_items_failed() -> None:
    desk = Desk().planned().start("a", "b")
    desk.fail("a", Repair.NONE)
    desk.fail("b", Repair.NONE)
    assert desk.state is H.FAILED_CLOSED
    assert desk.send(c.CloseProductOrderAsFailed, reason_code="NO_STOCK") == ["FailedClosed"]


def test_a_validation_rejection_is_no_failure() -> None:
    """R145."""
    desk = Desk().submitted()
    desk.send(c.RejectProductOrder, reason_code="CREDIT")
    assert desk.state is H.REJECTED
    assert {i.state for i in desk.standing.view.items} == {ItemState.NOT_STARTED}
