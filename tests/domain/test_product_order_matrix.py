"""Which command an order takes in which state: the matrix of R57-R62 and the guards R150-R152."""

from __future__ import annotations

from contextlib import suppress

import pytest

from domain.command import Command
from domain.errors import Category, Refusal, Retry
from domain.order_state.states import Action, Repair
from domain.order_state.states import HeaderState as H
from domain.product_order import commands as c
from domain.product_order.aggregate import MACHINE, decide
from domain.product_order.structure import Contact, OrderItem
from domain.product_order.validation import ValidationContext
from tests.domain.orders import NOW, SAMPLES, Desk, creation, desk_in, item

ENDED = {H.COMPLETED, H.PARTIALLY_COMPLETED, H.CANCELLED, H.REJECTED, H.FAILED_CLOSED}


def carried_out_in(kind: type[Command]) -> set[H]:
    """The states in which a well-formed command of this kind is carried out on an order of the lines a and b."""
    found = set()
    for state in H:
        desk = desk_in(state)
        try:
            desk.send(kind, **SAMPLES[kind])
        except Refusal:
            continue
        found.add(state)
    return found


def test_lines_are_updated_in_draft_only() -> None:
    """R57, R62: a submitted order takes low-risk changes alone, an accepted one no changed line."""
    assert carried_out_in(c.AmendProductOrder) == {H.DRAFT}
    assert {H.DRAFT, H.SUBMITTED} <= carried_out_in(c.UpdateRequestedDate)
    assert carried_out_in(c.UpdateRequestedDate).isdisjoint(ENDED | {H.IN_PROGRESS})


def test_submit_only_in_draft() -> None:
    """R58."""
    assert carried_out_in(c.SubmitProductOrder) == {H.DRAFT}


def test_cancel_while_something_is_left_to_stop() -> None:
    """R59: yes before acceptance, conditional after it, never once it is over."""
    allowed = carried_out_in(c.CancelProductOrder)
    assert allowed == {H.DRAFT, H.SUBMITTED, H.VALIDATING, H.ACCEPTED, H.IN_PROGRESS, H.FALLOUT}


def test_contact_until_the_order_has_ended() -> None:
    """R60."""
    assert carried_out_in(c.UpdateContactDetails) == set(H) - ENDED
    desk = Desk()
    desk.send(c.UpdateContactDetails, contact=Contact(name="Kim"))
    assert desk.standing.contact == Contact(name="Kim")


def test_documents_and_notes_always() -> None:
    """R61."""
    assert carried_out_in(c.AttachOrderDocument) == set(H)
    assert carried_out_in(c.AddOrderNote) == set(H)


def test_acceptance_and_rejection_come_after_submission_and_before_work() -> None:
    """R139, R151."""
    assert carried_out_in(c.AcceptProductOrder) == {H.SUBMITTED, H.VALIDATING}
    assert carried_out_in(c.RejectProductOrder) == {H.SUBMITTED, H.VALIDATING}
    assert carried_out_in(c.StartProductOrderValidation) == {H.SUBMITTED}


@pytest.mark.parametrize("state", sorted(ENDED))
def test_an_order_that_has_ended_takes_no_work(state: H) -> None:
    """R160; only the business decision to close a failed order is still to come (R140)."""
    rest = {kind.__name__ for kind in SAMPLES if state in carried_out_in(kind)}
    expected = {"AddOrderNote", "AttachOrderDocument"}
    assert rest == (expected | {"CloseProductOrderAsFailed"} if state is H.FAILED_CLOSED else expected)


@pytest.mark.parametrize("state", H)
@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_the_table_and_the_aggregate_agree(kind: type[Command], state: H) -> None:
    """R152, R153: refused as an illegal transition exactly where the table has no such row."""
    desk = desk_in(state)
    command = desk.command(kind, **SAMPLES[kind])
    if kind.__name__ in MACHINE.allowed_in(state):
        with suppress(Refusal):
            decide(desk.order, command, NOW)
            return
    with pytest.raises(Refusal) as caught:
        decide(desk.order, command, NOW)
    refusal = caught.value
    assert (refusal.code == "STATE_ILLEGAL_TRANSITION") == (kind.__name__ not in MACHINE.allowed_in(state))
    if refusal.code == "STATE_ILLEGAL_TRANSITION":
        assert refusal.category is Category.STATE
        assert refusal.retry is Retry.AFTER_STATE_CHANGE
        assert state.value in refusal.message
        assert kind.__name__ in refusal.message
        assert all(name in refusal.remediation for name in MACHINE.allowed_in(state))


def test_every_state_can_be_reached() -> None:
    """R130-R140, R164."""
    for state in H:
        assert desk_in(state).state is state


def test_submission_needs_an_item() -> None:
    """R150."""
    assert Desk(no_items=True).refused(c.SubmitProductOrder).code == "STRUCTURAL_NO_ITEMS"


def test_an_item_needs_an_action() -> None:
    """R150, R305: without one there is no item at all."""
    with pytest.raises(ValueError, match="action"):
        OrderItem.model_validate({"itemId": "a", "lineNumber": 1, "offeringId": "o"})


def test_blocking_findings_on_acceptance_reject_the_order() -> None:
    """R151."""
    desk = Desk().submitted()
    context = ValidationContext(checked_at=NOW, account_active=False)
    assert desk.send(c.AcceptProductOrder, context=context) == ["Rejected"]
    assert desk.state is H.REJECTED
    assert [f.code for f in desk.events[-1].findings] == ["REFERENCE_ACCOUNT_INACTIVE"]  # type: ignore[attr-defined]


def test_acceptance_rests_on_a_validation() -> None:
    """R151."""
    desk = Desk().submitted()
    assert desk.refused(c.AcceptProductOrder).code == "STATE_NOT_VALIDATED"
    desk.send(c.StartProductOrderValidation)
    assert desk.refused(c.AcceptProductOrder).code == "STATE_NOT_VALIDATED"
    assert desk.send(c.CompleteProductOrderValidation, context=ValidationContext(checked_at=NOW)) == ["Validated"]
    assert desk.send(c.AcceptProductOrder) == ["Accepted"]


def test_a_decision_against_the_customer_says_why() -> None:
    desk = Desk().submitted()
    assert desk.refused(c.RejectProductOrder).code == "STRUCTURAL_REASON_MISSING"
    desk.send(c.RejectProductOrder, reason_code="CREDIT")
    assert desk.events[-1].reason_code == "CREDIT"
    fallout = desk_in(H.FALLOUT)
    assert fallout.refused(c.CloseProductOrderAsFailed).code == "STRUCTURAL_REASON_MISSING"
    cancelling = desk_in(H.CANCELLING)
    assert cancelling.refused(c.RefuseProductOrderCancellation).code == "STRUCTURAL_REASON_MISSING"


def test_no_order_no_command_and_no_second_creation() -> None:
    desk = Desk()
    with pytest.raises(Refusal) as unknown:
        decide(None, desk.command(c.SubmitProductOrder), NOW)
    assert unknown.value.code == "REFERENCE_ORDER_UNKNOWN"
    with pytest.raises(Refusal) as second:
        decide(desk.order, creation(command_id="again"), NOW)
    assert second.value.code == "CONFLICT_ORDER_EXISTS"


def test_an_accepted_order_without_anything_to_do_is_complete_at_once() -> None:
    desk = Desk(item("a", Action.NO_CHANGE)).submitted()
    context = ValidationContext(checked_at=NOW)
    assert desk.send(c.AcceptProductOrder, context=context) == ["Accepted", "Completed"]
    assert desk.state is H.COMPLETED


def test_a_business_decision_closes_what_cannot_be_delivered() -> None:
    """R140, R148: nothing in work, nothing delivered; it is taken once."""
    assert desk_in(H.IN_PROGRESS).refused(c.CloseProductOrderAsFailed, reason_code="X").code == "STATE_WORK_OPEN"
    desk = Desk(item("a"), item("b"), item("c")).planned().start("a")
    desk.fail("a", Repair.HUMAN)
    desk.send(c.RaiseProductOrderFallout, fallout_id="f", repair=Repair.HUMAN, failure_code="X")
    events = desk.send(c.CloseProductOrderAsFailed, reason_code="NOT_DELIVERABLE")
    assert sorted(events) == ["FailedClosed", "FalloutResolved", "FalloutResolved", "ItemFailed", "ItemFailed"]
    assert events[-1] == "FailedClosed"
    assert desk.state is H.FAILED_CLOSED
    assert desk.standing.open_fallouts() == {}
    assert {i.state for i in desk.standing.view.items} == {"FAILED_CLOSED"}
    assert desk.refused(c.CloseProductOrderAsFailed, reason_code="AGAIN").code == "STATE_ILLEGAL_TRANSITION"


def test_work_on_items_needs_a_plan_that_is_never_replaced() -> None:
    """R296, R315."""
    desk = Desk().accepted()
    assert desk.refused(c.StartProductOrderItem, item_id="a").code == "STATE_NOT_DECOMPOSED"
    desk.send(c.CompleteProductOrderDecomposition, plan_id="plan-1", rules_version="rules.v1")
    assert desk.standing.plan_id == "plan-1"
    again = {"plan_id": "plan-2", "rules_version": "rules.v2"}
    assert desk.refused(c.CompleteProductOrderDecomposition, **again).code == "STATE_ALREADY_DECOMPOSED"
    assert desk.refused(c.StartProductOrderDecomposition).code == "STATE_ALREADY_DECOMPOSED"
    assert desk.send(c.StartProductOrderItem, item_id="a") == ["ItemStarted"]


def test_a_failed_decomposition_is_a_fallout_of_the_order() -> None:
    """R444."""
    desk = Desk().accepted()
    names = desk.send(c.FailProductOrderDecomposition, rules_version="rules.v1", failure_code="NO_RULE")
    assert names == ["DecompositionFailed", "FalloutRaised"]
    assert desk.state is H.FALLOUT
    (fallout,) = desk.standing.open_fallouts()
    desk.send(c.ResolveProductOrderFallout, fallout_id=fallout, repair_ref="ticket-1")
    assert desk.state is H.ACCEPTED
