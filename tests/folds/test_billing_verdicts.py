"""Every verdict by an example told through the real aggregates (R237-R245, R256-R264, R272-R278, R305, R397, R542)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from avro.codec import encode_body
from domain.billing_verdict import findings
from domain.billing_verdict.fold import BillingHandoffs
from domain.billing_verdict.record import BillingHandoffVerdict
from domain.billing_verdict.rule import BillingRule
from domain.billing_verdict.verdicts import MISMATCHES
from domain.charge import commands as c
from domain.commercial import ChargeKind, Discount, Period
from domain.drift.finding import DriftFinding, finding_id
from domain.fold.uses import uses_of
from domain.order_state.states import Action, Repair
from domain.product_order import commands as o
from domain.product_order.structure import OrderIntent, RequestedDates
from domain.tolerance import Tolerance
from tests.domain.orders import item, price
from tests.folds.billing_story import FIRST, MONTHLY, Story, at, terms

PRICE = price("100.00")
SETUP = price("50.00", "setup", kind=ChargeKind.ONE_TIME, period=None)
LATER = at(3, 1)


def eur(amount: str) -> dict[str, Any]:
    return {"amount": Decimal(amount), "currency": "EUR"}


def only(story: Story, until: Any = LATER) -> dict[str, Any]:
    (found,) = story.findings(until)
    return found


def test_what_is_charged_as_agreed_is_matched() -> None:
    row = Story().sold(PRICE, when=at(1, 10)).answered().row(LATER)
    assert (row["verdict"], row["expectation"], row["differences"]) == ("MATCHED", "ACTIVE", [])
    assert row["expected"] == row["actual"]
    assert row["liveChargeIds"] == [f"{MONTHLY}/charge"]
    assert (row["orderId"], row["itemId"], row["action"]) == ("acme:order-1", "a", "ADD")


def test_rows_and_findings_fit_their_contracts() -> None:
    uses = uses_of("BillingHandoffVerdict")
    block = {
        "inputs": [],
        "ruleId": "billing.handoff",
        "ruleVersion": "1",
        "calculatedAt": LATER,
        "validUntil": None,
        "authority": "INFORMATIONAL",
        "authoritativeFor": list(uses.authoritative_for),
        "notAuthoritativeFor": list(uses.not_authoritative_for),
        "sourceLagMs": 0,
    }
    story = Story().sold(PRICE, SETUP, when=at(1, 10)).answered(component=price("90.00"))
    for (record, _), row in story.rows(LATER).items():
        whole = {**row.data, "version": 1, "derivation": block}
        model = BillingHandoffVerdict if record == "BillingHandoffVerdict" else DriftFinding
        assert model.model_validate(whole)
        assert encode_body(record, whole)


def test_a_missing_charge_is_awaited_and_then_missing() -> None:
    story = Story().sold(PRICE, when=at(1, 10))
    done = story.now
    waiting = story.row(done + timedelta(minutes=29))
    assert (waiting["verdict"], waiting["pending"], waiting["since"]) == ("AWAITING", "MISSING_CHARGE", done)
    assert waiting["settleDeadline"] == done + timedelta(minutes=30)
    assert not story.findings(done + timedelta(minutes=29))
    assert story.row(done + timedelta(minutes=30))["verdict"] == "MISSING_CHARGE"
    finding = only(story)
    assert finding["findingId"] == finding_id("billing.handoff", "BillingHandoff", MONTHLY)
    assert (finding["verdict"], finding["correctedBy"], finding["since"]) == ("MISSING_CHARGE", "billing", done)
    # 22 of January's 31 days, and February
    assert (finding["leakage"], finding["overbilling"]) == (eur("170.97"), None)
    assert story.answered().row(LATER)["verdict"] == "MATCHED"


def test_what_was_not_handed_over_is_for_order_management_to_correct() -> None:
    story = Story()
    story.order(1, item("a", price_components=(PRICE,)), when=at(1, 10))
    story.deliver(1, at(1, 10), handed_over=False)
    assert only(story)["correctedBy"] == "oms"


def test_a_rejection_ends_the_wait() -> None:
    story = Story().sold(PRICE, when=at(1, 10))
    (request,) = story.asked
    about = {"product_instance_id": FIRST, "account_id": "acme:acc-1", "failure_code": "TAX_CODE_MISSING"}
    story.charge(c.RejectCharge, **terms(request), **about)
    assert story.row(story.now)["verdict"] == "MISSING_CHARGE"
    about.pop("failure_code")
    story.charge(c.RetryChargeActivation, **terms(request), **about)
    assert story.row(story.now)["verdict"] == "MATCHED"


def test_a_changing_mismatch_restarts_nothing() -> None:
    story = Story().sold(PRICE, when=at(1, 10))
    began = story.now
    story.now += timedelta(minutes=25)
    story.answered(component=price("90.00"))
    row = story.row(began + timedelta(minutes=29))
    assert (row["pending"], row["since"]) == ("BASIS_MISMATCH", began)
    assert story.row(began + timedelta(minutes=30))["verdict"] == "BASIS_MISMATCH"


def test_a_charge_nobody_asked_for_is_an_orphan_under_its_own_id() -> None:
    story = Story().sold(PRICE, when=at(1, 10))
    (request,) = story.asked
    ghost = {"product_instance_id": f"{FIRST}-ghost", "handoff_id": None}
    story.answered()
    story.charge(c.ActivateCharge, "acme:ghost", **{**terms(request), **ghost, "account_id": "acme:acc-1"})
    row = story.row(LATER, "acme:ghost/charge")
    assert (row["verdict"], row["expected"], row["componentId"]) == ("ORPHAN_CHARGE", None, "monthly")
    finding = only(story)
    assert (finding["entityType"], finding["entityId"]) == ("Charge", "acme:ghost")
    assert finding["overbilling"] == eur("170.97")
    # ended on the day it began, it has charged nothing
    story.charge(c.TerminateCharge, "acme:ghost", effective_until=request.billing_trigger_date)
    assert not story.findings(LATER)


def test_an_orphan_finds_its_order_when_that_arrives() -> None:
    story = Story().sold(PRICE, when=at(1, 10)).answered()
    everything = story.heard
    story.heard = [event for event in everything if event.aggregate == "Charge"]
    assert set(story.rows(LATER)) >= {("BillingHandoffVerdict", f"{MONTHLY}/charge/charge")}
    story.heard = everything
    assert {key for _, key in story.rows(LATER)} == {MONTHLY}


def duplicated() -> Story:
    story = Story().sold(PRICE, when=at(1, 10))
    (request,) = story.asked
    story.answered()
    again = {**terms(request), "handoff_id": None, "product_instance_id": FIRST, "account_id": "acme:acc-1"}
    story.charge(c.ActivateCharge, f"{MONTHLY}/charge-2", **again)
    return story


def test_two_live_charges_are_a_duplicate() -> None:
    finding = only(duplicated())
    assert (finding["verdict"], finding["leakage"], finding["overbilling"]) == (
        "DUPLICATE_CHARGE",
        None,
        eur("170.97"),
    )


def test_a_charge_that_outlives_its_product() -> None:
    story = Story().sold(PRICE, when=at(1, 10)).answered().changed(2, Action.DELETE, when=at(2, 1))
    finding = only(story)
    assert (finding["verdict"], finding["overbilling"]) == ("CHARGE_AFTER_TERMINATION", eur("100.00"))
    story.answered()
    row = story.row(LATER)
    assert (row["verdict"], row["expectation"], row["overbilling"]) == ("NOT_DUE", "ENDED", None)
    assert not story.findings(LATER)


def test_a_charge_that_ends_too_late_leaves_its_days_at_risk() -> None:
    story = Story().sold(PRICE, when=at(1, 10)).answered().changed(2, Action.DELETE, when=at(2, 1))
    story.charge(c.TerminateCharge, effective_until=at(2, 8))
    row = story.row(LATER)
    assert row["verdict"] == "NOT_DUE"
    (past,) = row["history"]
    assert (past["mark"], past["verdict"], past["overbilling"]) == ("ENDED", "CHARGE_AFTER_TERMINATION", eur("25.00"))
    assert only(story)["verdict"] == "CHARGE_AFTER_TERMINATION"


def test_a_charge_during_a_suspension_is_undue() -> None:
    story = Story().sold(PRICE, when=at(1, 10)).answered().changed(2, Action.SUSPEND, when=at(2, 1))
    finding = only(story)
    assert (finding["verdict"], finding["overbilling"]) == ("UNDUE_CHARGE", eur("100.00"))
    story.answered()
    assert story.row(LATER)["verdict"] == "NOT_DUE"


def test_a_charge_for_a_cancelled_item_is_undue() -> None:
    story = Story()
    story.order(1, item("a", price_components=(PRICE,)), when=at(1, 10))
    story.says(1, o.StartProductOrderItem, item_id="a")
    story.hand_over(1)
    story.answered()
    story.says(1, o.CancelProductOrder)
    story.says(1, o.CancelProductOrderItem, item_id="a")
    row = story.row(LATER)
    assert (row["verdict"], row["expectation"], row["policy"]) == ("UNDUE_CHARGE", "NONE", "BILLABLE")


def test_a_charge_for_a_failed_item_is_undue() -> None:
    story = Story()
    story.order(1, item("a", price_components=(PRICE,)), when=at(1, 10))
    story.says(1, o.StartProductOrderItem, item_id="a")
    story.hand_over(1)
    story.answered()
    story.says(1, o.FailProductOrderItem, item_id="a", repair=Repair.NONE, failure_code="NO_PORT")
    assert story.row(LATER)["verdict"] == "UNDUE_CHARGE"


def test_an_approved_reason_waives_and_makes_a_charge_undue() -> None:
    story = Story().sold(PRICE, when=at(1, 10))
    story.excuse(at(1, 10))
    row = story.row(LATER)
    assert (row["verdict"], row["expectation"], row["nonBillingCode"]) == ("WAIVED", "NONE", "TRIAL")
    story.answered()
    finding = only(story)
    assert (finding["verdict"], finding["overbilling"]) == ("UNDUE_CHARGE", eur("170.97"))


def test_a_reason_excuses_the_days_it_is_valid_for() -> None:
    story = Story().sold(PRICE, when=at(1, 10))
    story.excuse(at(1, 10), until=at(2, 15))
    assert story.row(at(2, 14))["verdict"] == "WAIVED"
    finding = only(story)
    assert (finding["verdict"], finding["leakage"]) == ("MISSING_CHARGE", eur("50.00"))


def test_a_charge_before_its_trigger_is_early() -> None:
    story = Story().sold(PRICE, when=at(1, 10))
    story.answered(billing_trigger_date=at(1, 4), effective_from=at(1, 4))
    finding = only(story)
    assert (finding["verdict"], finding["alsoFound"]) == ("EARLY_START", ["BASIS_MISMATCH"])
    assert finding["overbilling"] == eur("19.35")  # six of 31 days
    assert {d["field"] for d in finding["differences"]} == {"start", "billingTriggerDate"}


def test_a_charge_for_what_is_not_completed_is_early() -> None:
    story = Story()
    story.order(1, item("a", price_components=(PRICE,)), when=at(1, 10))
    story.says(1, o.StartProductOrderItem, item_id="a")
    story.hand_over(1)
    story.answered()
    row = story.row(LATER)
    assert (row["verdict"], row["expectation"]) == ("EARLY_START", "NOT_YET")
    assert only(story)["correctedBy"] == "oms"


def test_a_charge_before_the_contract_takes_effect_is_early_and_after_it_matched() -> None:
    """R274, R275: delivered before the contract begins, it is billed from the contract on."""
    dates = RequestedDates(contract_effective=at(2, 1))
    story = Story().sold(PRICE, when=at(1, 10), dates=dates)
    assert story.row(at(1, 20))["verdict"] == "NOT_DUE"
    story.answered()
    assert story.row(at(1, 20))["expectation"] == "NOT_YET"
    assert story.row(LATER)["verdict"] == "MATCHED"


@pytest.mark.parametrize(
    ("field", "terms"),
    [
        ("amount", {"component": price("105.00")}),
        ("currency", {"component": price("100.00", currency="USD")}),
        ("period", {"component": price("100.00", period=Period.YEAR)}),
        ("quantity", {"component": price("100.00", quantity=2)}),
        ("discounts", {"component": price("100.00", discounts=(Discount(percent=Decimal(10), periods=12),))}),
        ("priceFingerprint", {"component": price("100.00", price_fingerprint="other")}),
        ("billingAccountId", {"billing_account_id": "acme:bill-2"}),
        ("billingTriggerDate", {"billing_trigger_date": at(1, 2)}),
    ],
)
def test_terms_that_differ_are_named(field: str, terms: dict[str, Any]) -> None:
    agreed = price("100.00", price_fingerprint="accepted" if field == "priceFingerprint" else None)
    row = Story().sold(agreed, when=at(1, 10)).answered(**terms).row(LATER)
    assert (row["verdict"], [d["field"] for d in row["differences"]]) == ("BASIS_MISMATCH", [field])


def test_a_discount_must_survive_with_its_duration() -> None:
    """R273: the same percentage for good is another agreement, and costs the customer nothing until it ought to end."""
    agreed = price("100.00", discounts=(Discount(percent=Decimal(50), periods=2),))
    forever = price("100.00", discounts=(Discount(percent=Decimal(50)),))
    story = Story().sold(agreed, when=at(1, 1)).answered(component=forever)
    assert only(story, at(2, 28))["leakage"] is None
    assert only(story, at(4, 1))["leakage"] == eur("50.00")


def test_a_charge_that_begins_late() -> None:
    story = Story().sold(PRICE, when=at(1, 10)).answered(effective_from=at(1, 16))
    assert story.row(at(1, 12))["verdict"] == "MISSING_CHARGE"
    finding = only(story)
    assert (finding["verdict"], finding["leakage"], finding["since"].date()) == (
        "LATE_START",
        eur("19.35"),
        at(1, 10).date(),
    )


def test_a_late_start_with_other_terms_is_another_basis() -> None:
    story = Story().sold(PRICE, when=at(1, 10)).answered(effective_from=at(1, 16), component=price("90.00"))
    row = story.row(LATER)
    assert (row["verdict"], {d["field"] for d in row["differences"]}) == ("BASIS_MISMATCH", {"amount", "start"})


@pytest.mark.parametrize(
    ("charged", "matches"), [("101.00", True), ("101.01", False), ("99.50", True), ("99.49", False)]
)
def test_a_tolerance_has_both_ends_included_and_apart(charged: str, matches: bool) -> None:
    tolerance = Tolerance(above=Fraction(1, 2), above_percent=Fraction(1), below=Fraction(1, 2))
    fold = BillingHandoffs(BillingRule(tolerance=tolerance))
    row = Story().sold(PRICE, when=at(1, 10)).answered(component=price(charged)).row(LATER, fold=fold)
    assert row["verdict"] == ("MATCHED_WITHIN_TOLERANCE" if matches else "BASIS_MISMATCH")
    assert [d["field"] for d in row["differences"]] == ["amount"]
    assert (row["leakage"] is None and row["overbilling"] is None) is matches


def test_another_currency_is_at_risk_on_both_sides() -> None:
    story = Story().sold(PRICE, when=at(2, 1)).answered(component=price("100.00", currency="USD"))
    finding = only(story)
    assert finding["leakage"] == eur("100.00")
    assert finding["overbilling"] == {"amount": Decimal(100), "currency": "USD"}


def test_an_intent_that_does_not_bill() -> None:
    """R469."""
    story = Story().sold(PRICE, when=at(1, 10), intent=OrderIntent.INTERNAL_MIGRATION)
    row = story.row(LATER)
    assert (row["verdict"], row["policy"]) == ("NOT_BILLABLE", "INTENT_DOES_NOT_BILL")


def test_what_is_billed_through_the_parent_is_not_billed_again() -> None:
    """R470."""
    story = Story()
    through = price("10.00", "support", billed_through_item_id="a")
    child = item("b", parent_item_id="a", root_item_id="a", price_components=(through,))
    story.order(1, item("a", price_components=(PRICE,)), child, when=at(1, 10))
    story.deliver(1, at(1, 10), "a", "b")
    story.answered()
    row = story.row(LATER, "acme:order-1/b/support")
    assert (row["verdict"], row["policy"]) == ("NOT_BILLABLE", "BILLED_THROUGH_PARENT")
    charge: dict[str, Any] = {"component": price("10.00", "support"), "product_instance_id": "acme:order-1/b"}
    about = {
        "order_id": "acme:order-1",
        "item_id": "b",
        "account_id": "acme:acc-1",
        "billing_account_id": "acme:bill-1",
    }
    when = {"billing_trigger_date": at(1, 10), "effective_from": at(1, 10)}
    story.charge(c.ActivateCharge, "acme:charge-b", **charge, **about, **when)
    assert story.row(LATER, "acme:order-1/b/support")["verdict"] == "UNDUE_CHARGE"


def test_what_is_accepted_and_not_delivered_is_not_due() -> None:
    story = Story()
    story.order(1, item("a", price_components=(PRICE,)), when=at(1, 10))
    row = story.row(LATER)
    assert (row["verdict"], row["expectation"], row["expected"]["price"]) == ("NOT_DUE", "NOT_YET", eur("100"))


def test_one_time_prices_are_matched_by_existence_and_amount() -> None:
    setup = f"{FIRST}/setup"
    story = Story().sold(SETUP, when=at(1, 10))
    assert only(story)["leakage"] == eur("50.00")
    story.answered(effective_from=at(1, 20))
    assert story.row(LATER, setup)["verdict"] == "MATCHED"
    story.changed(2, Action.DELETE, when=at(2, 1)).answered()
    assert story.row(LATER, setup)["verdict"] == "MATCHED"
    wrong = Story().sold(SETUP, when=at(1, 10))
    wrong.answered(component=price("60.00", "setup", kind=ChargeKind.ONE_TIME, period=None))
    assert (only(wrong)["verdict"], only(wrong)["overbilling"]) == ("BASIS_MISMATCH", eur("10.00"))


def test_usage_has_no_amount_before_it_is_rated() -> None:
    usage = price("0.05", "traffic", kind=ChargeKind.USAGE, period=None)
    finding = only(Story().sold(usage, when=at(1, 10)))
    assert (finding["verdict"], finding["leakage"]) == ("MISSING_CHARGE", None)


def test_a_request_that_was_taken_back_excuses_nothing() -> None:
    story = Story().sold(PRICE, when=at(1, 10))
    story.withdraw(1)
    finding = only(story)
    assert (finding["verdict"], finding["correctedBy"]) == ("MISSING_CHARGE", "oms")


def test_unbilled_days_of_a_superseded_item_stay_at_risk() -> None:
    story = Story().sold(PRICE, when=at(1, 10)).answered(effective_from=at(1, 16))
    story.changed(2, Action.MODIFY, price("120.00"), when=at(2, 1)).answered()
    row = story.row(LATER)
    assert (row["verdict"], row["leakage"], row["alsoFound"]) == ("MATCHED", eur("19.35"), ["LATE_START"])
    (past,) = row["history"]
    assert (past["mark"], past["orderId"], past["exposedUntil"].date()) == (
        "SUPERSEDED",
        "acme:order-1",
        at(1, 16).date(),
    )
    assert (only(story)["verdict"], only(story)["orderId"]) == ("LATE_START", "acme:order-2")


def test_a_correction_of_the_past_converges() -> None:
    """R242, R500: the owner's event closes the loop, and nothing is rewritten."""
    story = Story().sold(PRICE, when=at(1, 10)).answered(effective_from=at(1, 16))
    assert story.findings(LATER)
    story.now = at(2, 1)
    right: dict[str, Any] = {"component": PRICE, "billing_trigger_date": at(1, 10), "effective_from": at(1, 10)}
    why = {"approval_ref": "g-1", "approved_by": "somebody-else", "reason_code": "WRONG_START"}
    story.charge(c.CorrectCharge, **right, **why)
    assert (story.row(LATER)["verdict"], story.findings(LATER)) == ("MATCHED", [])


def test_every_mismatch_has_its_sentence_and_its_next_step() -> None:
    assert findings._WRONG.keys() == findings._BILLING.keys() == MISMATCHES


@pytest.mark.parametrize(
    ("kind", "field", "value", "named", "corrected_by"),
    [
        ("BillingActivationRequested", "terms", None, "handedOver.amount", "oms"),
        ("BillingActivationRequested", "serviceActivationDate", at(1, 3), "handedOver.serviceActivationDate", "oms"),
        ("ChargeActivated", "itemId", "b", "handedOver.request", "oms"),
        ("AssetActivated", "effectiveDate", at(1, 3), "installed.effectiveDate", "inventory"),
    ],
)
def test_an_agreement_that_goes_astray_on_its_way_is_named(
    kind: str, field: str, value: Any, named: str, corrected_by: str
) -> None:
    """R256, R262, R263, R275: billed as accepted, and yet something else was handed over, installed or asked for."""
    story = Story().sold(PRICE, when=at(1, 10)).answered()
    asked = next(event for event in story.heard if event.kind == "BillingActivationRequested")
    installed = {"orderId": "acme:order-1", "itemId": "a", "productInstanceId": FIRST, "effectiveDate": at(1, 10)}
    story.heard.append(replace(asked, kind="AssetActivated", subject=FIRST, version=1, data=installed))
    assert story.verdict(LATER) == "MATCHED"
    at_fault = next(n for n, event in enumerate(story.heard) if event.kind == kind)
    event = story.heard[at_fault]
    if value is None:
        component = {**event.data["terms"]["component"], "price": eur("99.00")}
        value = {**event.data["terms"], "component": component}
    story.heard[at_fault] = replace(event, data={**event.data, field: value})
    finding = only(story)
    assert [d["field"] for d in finding["differences"]] == [named]
    assert (finding["verdict"], finding["correctedBy"], finding["leakage"]) == ("BASIS_MISMATCH", corrected_by, None)
