"""Charge: what billing may do and must refuse (R237, R262, R263, R268, R273-R277, R397, R500)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.charge import commands
from domain.charge import commands as c
from domain.charge import events as e
from domain.charge.aggregate import CHARGE, MACHINE, claims
from domain.charge.charge import evolve
from domain.charge.states import ChargeState
from domain.command import ClaimKind
from domain.commercial import ChargeKind, Discount, Period, PriceComponent, UsageTier
from domain.money import Money
from tests.domain.charges import Desk, eur, invoiced, moment, monthly, requested, sample
from tests.domain.machine_walk import (
    Subject,
    check_beginning,
    check_emissions,
    check_matrix,
    check_roles,
    check_table,
    walk,
)

SUBJECT = Subject(MACHINE, e.EVENTS, ChargeState, sample)
TestWalk = walk(SUBJECT, examples=40)


def test_the_table() -> None:
    check_table(SUBJECT, commands)
    check_emissions(SUBJECT)


def test_the_matrix() -> None:
    check_matrix(SUBJECT)
    check_roles(SUBJECT)
    check_beginning(SUBJECT)


def test_a_charge_carries_the_exact_accepted_terms() -> None:
    """R262, R263: billing infers nothing, so the event has the component as it was handed over."""
    price = monthly("349.00", price_fingerprint="f1", discounts=(Discount(percent=Decimal(20), periods=12),))
    activated = Desk(component=price).events[0]
    assert isinstance(activated, e.ChargeActivated)
    assert activated.component == price
    assert (activated.component_id, activated.billing_account_id) == ("monthly", "acme:bill-1")
    assert (activated.order_id, activated.item_id, activated.account_id) == ("acme:order-1", "a", "acme:acc-1")


def test_the_item_of_a_change_is_the_one_that_brought_it() -> None:
    desk = Desk()
    desk.send(c.AmendCharge, **amendment(order_id="acme:order-2", item_id="b", handoff_id="acme:handoff-2"))
    assert (desk.events[-1].order_id, desk.events[-1].item_id) == ("acme:order-2", "b")
    desk.send(c.SuspendCharge, effective_from=moment(5), order_id="acme:order-3", item_id="c")
    assert (desk.standing.order_id, desk.standing.item_id) == ("acme:order-3", "c")
    desk.send(c.ResumeCharge, effective_from=moment(6))
    assert (desk.events[-1].order_id, desk.events[-1].item_id) == ("acme:order-3", "c")
    assert desk.standing.handoff_id == "acme:handoff-2"


def amendment(**fields: Any) -> dict[str, Any]:
    base = {
        "order_id": "acme:order-2",
        "item_id": "b",
        "component": monthly("160.00"),
        "billing_trigger_date": moment(1),
        "effective_from": moment(4, 16),
    }
    return {**base, **fields}


def correction(**fields: Any) -> dict[str, Any]:
    base = {
        "component": monthly("90.00"),
        "billing_trigger_date": moment(1),
        "effective_from": moment(1),
        "approval_ref": "acme:correction-1",
        "approved_by": "finance-1",
        "reason_code": "WRONG_PRICE",
    }
    return {**base, **fields}


def usage(*tiers: UsageTier) -> PriceComponent:
    return monthly(kind=ChargeKind.USAGE, tiers=tiers)


WRONG_PRICES = [
    monthly(price=Money(amount=Decimal(1), currency="XXX")),
    monthly(period=None),
    monthly(kind=ChargeKind.ONE_TIME, period=Period.MONTH),
    monthly(tiers=(UsageTier(price=eur("1")),)),
    usage(UsageTier(price=eur("1")), UsageTier(price=eur("2"))),
    usage(UsageTier(up_to=9, price=eur("1")), UsageTier(up_to=9, price=eur("2"))),
    usage(UsageTier(price=Money(amount=Decimal(1), currency="USD"))),
    monthly(discounts=(Discount(percent=Decimal(101)),)),
    monthly(discounts=(Discount(percent=Decimal(10), periods=0),)),
]


@pytest.mark.parametrize("price", WRONG_PRICES)
def test_a_price_that_cannot_be_charged_is_refused(price: Any) -> None:
    desk = Desk(c.RejectCharge, component=price, failure_code="PRICE")
    assert desk.refused(c.RetryChargeActivation, **requested(component=price)).code == "STRUCTURAL_PRICE"
    desk.charge = None
    assert desk.refused(c.ActivateCharge, **requested(component=price)).code == "STRUCTURAL_PRICE"


def test_what_is_billed_through_its_parent_is_not_billed_again() -> None:
    """R470."""
    desk = Desk()
    desk.charge = None
    refusal = desk.refused(c.ActivateCharge, **requested(component=monthly(billed_through_item_id="b")))
    assert refusal.code == "POLICY_BILLED_THROUGH_PARENT"


def test_billing_does_not_begin_before_its_trigger() -> None:
    """R274, R275: the day decides, not the hour."""
    desk = Desk(billing_trigger_date=datetime(2026, 1, 1, 15, tzinfo=UTC))
    desk.charge = None
    refusal = desk.refused(c.ActivateCharge, **requested(billing_trigger_date=moment(1, 2)))
    assert refusal.code == "POLICY_BEFORE_BILLING_TRIGGER"
    assert "2026-01-02" in refusal.message
    dates = {"effective_from": moment(2), "effective_until": moment(2)}
    assert desk.refused(c.ActivateCharge, **requested(**dates)).code == "STRUCTURAL_EFFECTIVE_DATES"


def test_a_handoff_is_charged_once() -> None:
    """R397: repeated under another charge id it finds the first charge, and with other terms it is a conflict."""
    desk = Desk()
    first = desk.command(c.ActivateCharge, **requested())
    again = desk.command(c.ActivateCharge, **requested()).model_copy(update={"aggregate_id": "acme:charge-2"})
    other = desk.command(c.ActivateCharge, **requested(component=monthly("1.00")))
    rejected = desk.command(c.RejectCharge, **requested(), failure_code="X")
    (one,), (two,), (three,), (four,) = (claims(command) for command in (first, again, other, rejected))
    assert (one.kind, one.key, one.fingerprint) == (two.kind, two.key, two.fingerprint)
    assert one.kind is ClaimKind.BILLING_HANDOFF
    assert one.key == three.key == four.key == "acme:handoff-1"
    assert len({one.fingerprint, three.fingerprint, four.fingerprint}) == 3
    assert one.conflict.code == "CONFLICT_BILLING_HANDOFF"
    assert claims(desk.command(c.ActivateCharge, **requested(handoff_id=None))) == ()
    assert len(claims(desk.command(c.ActivateCharge, **requested(), idempotency_key="k"))) == 2
    assert claims(desk.command(c.SuspendCharge, effective_from=moment(2))) == ()


def test_a_rejected_charge_is_mended_and_tried_again() -> None:
    desk = Desk(c.RejectCharge, failure_code="ACCOUNT_UNKNOWN")
    assert desk.standing.state is ChargeState.REJECTED
    assert desk.refused(c.AmendCharge, **amendment()).code == "STATE_ILLEGAL_TRANSITION"
    other = desk.refused(c.RetryChargeActivation, **requested(product_instance_id="acme:order-9/z"))
    assert other.code == "CONFLICT_CHARGE_IDENTITY"
    event = desk.send(c.RetryChargeActivation, **requested(billing_account_id="acme:bill-2"))
    assert (event.from_state, event.to_state, event.version) == (ChargeState.REJECTED, ChargeState.ACTIVE, 2)
    assert desk.standing.billing_account_id == "acme:bill-2"


def test_an_upgrade_is_invoiced_by_the_difference() -> None:
    """R533: 100.00 were claimed for April; 160.00 from the 16th on make 130.00 due."""
    desk = Desk()
    first = desk.invoice(moment(4), moment(5))
    assert (first.amount, first.agreed, first.document) == (eur("100.00"), eur("100.00"), "INVOICE")
    assert first.proration == e.Proration(billed_days=30, period_days=30)
    desk.send(c.AmendCharge, **amendment())
    second = desk.invoice(moment(4), moment(5))
    assert second.amount == second.agreed == eur("30.00")
    assert second.corrects_invoice_id == first.invoice_id
    assert [str(line.amount.amount) for line in second.lines] == ["50.00", "80.00", "-100.00"]
    assert desk.standing.invoiced[next(iter(desk.standing.invoiced))].agreed == Decimal("130.00")
    unchanged = desk.refused(c.IssueInvoice, **invoiced(moment(4), moment(5)))
    assert unchanged.code == "CONFLICT_PERIOD_INVOICED"


def test_a_termination_credits_what_was_paid_in_advance() -> None:
    """R534: 1200 for the year; it ends on the 1st of July, after 181 of 365 days."""
    desk = Desk(component=monthly("1200.00", period=Period.YEAR))
    year = (moment(1), datetime(2027, 1, 1, tzinfo=UTC))
    assert desk.invoice(*year).amount == eur("1200.00")
    desk.send(c.TerminateCharge, effective_until=moment(7))
    credit = desk.invoice(*year)
    assert (credit.document, credit.amount) == ("CREDIT_NOTE", eur("-604.93"))  # 595.07 due
    assert credit.proration == e.Proration(billed_days=181, period_days=365)
    assert desk.standing.state is ChargeState.TERMINATED


def test_a_correction_is_settled_and_rewrites_nothing() -> None:
    """R500, R327: what was wrong stays in the events; the next invoice for those days brings the difference."""
    desk = Desk()
    desk.invoice(moment(1), moment(2))
    written = [event.model_dump_json() for event in desk.events]
    event = desk.send(c.CorrectCharge, **correction())
    assert isinstance(event, e.ChargeAmended)
    assert event.corrects_former_terms
    assert (event.approval_ref, event.approved_by) == ("acme:correction-1", "finance-1")
    assert desk.invoice(moment(1), moment(2)).amount == eur("-10.00")
    assert [event.model_dump_json() for event in desk.events[:2]] == written
    assert [b.effective_from for b in desk.standing.schedule.bases] == [date(2026, 1, 1)]


def test_a_correction_has_a_reason_and_the_approval_of_another() -> None:
    """R503, R510."""
    desk = Desk()
    assert desk.refused(c.CorrectCharge, **correction(reason_code=None)).code == "STRUCTURAL_REASON_MISSING"
    mine = desk.refused(c.CorrectCharge, **correction(approved_by="billing-supervisor-1"))
    assert mine.code == "AUTHORIZATION_FOUR_EYES"
    assert desk.refused(c.CorrectCharge, "billing-operator", **correction()).code == "AUTHORIZATION_ROLE"


def test_terms_follow_one_another() -> None:
    desk = Desk()
    desk.send(c.AmendCharge, **amendment())
    early = desk.refused(c.AmendCharge, **amendment(effective_from=moment(4, 15)))
    assert early.code == "CONFLICT_EFFECTIVE_DATE"
    dollars = monthly(price=Money(amount=Decimal(1), currency="USD"))
    assert desk.refused(c.AmendCharge, **amendment(component=dollars)).code == "CONFLICT_CHARGE_TERMS"
    once = monthly(kind=ChargeKind.ONE_TIME)
    assert desk.refused(c.AmendCharge, **amendment(component=once)).code == "CONFLICT_CHARGE_TERMS"


def test_pauses_and_the_end_keep_their_order() -> None:
    desk = Desk(effective_from=moment(2))
    assert desk.refused(c.SuspendCharge, effective_from=moment(1)).code == "CONFLICT_EFFECTIVE_DATE"
    half = desk.refused(c.SuspendCharge, effective_from=moment(3), order_id="acme:order-2")
    assert half.code == "STRUCTURAL_ORDER_ITEM"
    desk.send(c.SuspendCharge, effective_from=moment(3))
    assert desk.refused(c.ResumeCharge, effective_from=moment(2, 20)).code == "CONFLICT_EFFECTIVE_DATE"
    desk.send(c.ResumeCharge, effective_from=moment(4))
    assert desk.refused(c.SuspendCharge, effective_from=moment(3, 31)).code == "CONFLICT_EFFECTIVE_DATE"
    assert desk.refused(c.TerminateCharge, effective_until=moment(1, 31)).code == "CONFLICT_EFFECTIVE_DATE"
    assert desk.invoice(moment(3), moment(5)).amount == eur("100.00")


def test_nothing_departs_from_the_agreement_unexplained() -> None:
    """R277, R500: above and below alike."""
    desk = Desk()
    month = (moment(1), moment(2))
    bare = c.InvoiceAdjustment(amount=eur("5.00"))
    told = c.InvoiceAdjustment(amount=eur("5.00"), reason_code="EXTRA", evidence_ref="doc-1")
    for adjustment, reason in ((bare, "EXTRA"), (told, None), (told.model_copy(update={"evidence_ref": None}), "X")):
        fields = invoiced(*month, adjustments=(adjustment,), reason_code=reason)
        assert desk.refused(c.IssueInvoice, **fields).code == "POLICY_INVOICE_UNEXPLAINED"
    event = desk.invoice(*month, adjustments=(told,), reason_code="EXTRA")
    assert (event.agreed, event.amount, event.reason_code) == (eur("100.00"), eur("105.00"), "EXTRA")
    credit = c.InvoiceAdjustment(amount=eur("-20.00"), reason_code="GOODWILL", evidence_ref="doc-2")
    event = desk.invoice(*month, adjustments=(credit,), reason_code="GOODWILL")
    assert (event.document, event.agreed, event.amount) == ("CREDIT_NOTE", eur("0"), eur("-20.00"))


def test_an_invoice_is_for_days_that_were_not_invoiced() -> None:
    """R397."""
    desk = Desk()
    desk.invoice(moment(1), moment(2))
    overlap = desk.refused(c.IssueInvoice, **invoiced(moment(1, 31), moment(3)))
    assert overlap.code == "CONFLICT_PERIOD_INVOICED"
    used = desk.refused(c.IssueInvoice, **invoiced(moment(2), moment(3), desk.events[-1].invoice_id))  # type: ignore[attr-defined]
    assert used.code == "CONFLICT_INVOICE_ID"
    empty = desk.refused(c.IssueInvoice, **invoiced(moment(2), moment(2)))
    assert empty.code == "STRUCTURAL_INVOICE_PERIOD"
    endless = desk.refused(c.IssueInvoice, **invoiced(moment(2), datetime(2028, 1, 1, tzinfo=UTC)))
    assert endless.code == "STRUCTURAL_INVOICE_PERIOD"
    before = datetime(2025, 12, 1, tzinfo=UTC), moment(1)
    assert desk.refused(c.IssueInvoice, **invoiced(*before)).code == "STATE_NOTHING_DUE"


def test_an_invoice_goes_to_no_older_address() -> None:
    """R268."""
    desk = Desk()
    assert desk.invoice(moment(1), moment(2), address_version=2).address_version == 2
    old = desk.refused(c.IssueInvoice, **invoiced(moment(2), moment(3), address_version=1))
    assert old.code == "STALENESS_ADDRESS"


def test_usage_is_rated_by_terms_that_hold_throughout() -> None:
    """R524."""
    desk = Desk(component=monthly("0.10", kind=ChargeKind.USAGE))
    assert desk.refused(c.IssueInvoice, **invoiced(moment(1), moment(2))).code == "STRUCTURAL_USAGE"
    event = desk.invoice(moment(1), moment(2), usage_quantity=Decimal("1234.5"))
    assert (event.amount, event.proration, event.usage_quantity) == (eur("123.45"), None, Decimal("1234.5"))
    desk.send(c.AmendCharge, **amendment(component=monthly("0.08", kind=ChargeKind.USAGE)))
    mixed = invoiced(moment(4), moment(5), usage_quantity=Decimal(10))
    assert desk.refused(c.IssueInvoice, **mixed).code == "STRUCTURAL_USAGE"
    assert desk.invoice(moment(4, 16), moment(5), usage_quantity=Decimal(10)).amount == eur("0.80")
    flat = Desk()
    given = invoiced(moment(1), moment(2), usage_quantity=Decimal(1))
    assert flat.refused(c.IssueInvoice, **given).code == "STRUCTURAL_USAGE"


def test_an_invoice_has_one_currency_and_amounts_that_can_be_written() -> None:
    desk = Desk()
    dollars = Money(amount=Decimal(1), currency="USD")
    assert desk.refused(c.IssueInvoice, **invoiced(moment(1), moment(2), tax=dollars)).code == "CONFLICT_CURRENCY"
    extra = c.InvoiceAdjustment(amount=dollars, reason_code="X", evidence_ref="e")
    fields = invoiced(moment(1), moment(2), adjustments=(extra,), reason_code="X")
    assert desk.refused(c.IssueInvoice, **fields).code == "CONFLICT_CURRENCY"
    huge = Desk(component=monthly("9999999999999999.00", quantity=10**6))
    assert huge.refused(c.IssueInvoice, **invoiced(moment(1), moment(2))).code == "STRUCTURAL_AMOUNT"
    assert desk.invoice(moment(1), moment(2), tax=eur("19.00")).tax == eur("19.00")


def test_what_is_no_event_of_a_charge_is_refused_by_the_fold() -> None:
    desk = Desk()
    desk.send(c.SuspendCharge, effective_from=moment(2))
    with pytest.raises(TypeError, match="no event of a Charge"):
        evolve(None, eur("1"))
    with pytest.raises(ValueError, match="first event"):
        evolve(None, desk.events[-1])
    assert set(CHARGE.events) == {event.__name__ for event in e.EVENTS}
