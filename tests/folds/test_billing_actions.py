"""What each of the eight actions makes of billing, and what is made of events that did not come (R305, R459-R466)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.billing_verdict.fold import BillingHandoffs
from domain.charge import commands as c
from domain.commercial import ChargeKind, Discount
from domain.fold.group import Groups, rows_of
from domain.fold.heard import Heard
from domain.order_state.states import Action
from domain.product_order.commands import CompleteProductOrderItem, StartProductOrderItem
from domain.product_order.structure import OrderIntent
from tests.domain.orders import item, price
from tests.folds.billing_story import FIRST, MONTHLY, Story, at, us

PRICE = price("100.00")
DEAR = price("120.00")
LATER = at(4, 1)
NEW = "acme:order-2/a/monthly"


def running(*prices: Any) -> Story:
    return Story().sold(*(prices or (PRICE,)), when=at(1, 10)).answered()


def test_modify_changes_the_price_from_its_day_on() -> None:
    story = running().changed(2, Action.MODIFY, DEAR, when=at(2, 1))
    row = story.row(LATER)
    assert (row["verdict"], {d["field"] for d in row["differences"]}) == (
        "BASIS_MISMATCH",
        {"amount", "start", "billingTriggerDate"},
    )
    assert row["leakage"]["amount"] == 40
    assert (row["orderId"], row["action"]) == ("acme:order-2", "MODIFY")
    assert story.answered().row(LATER)["history"] == []
    assert story.verdict(LATER) == "MATCHED"


@pytest.mark.parametrize(("day", "verdict", "leakage"), [(at(1, 29), "EARLY_START", None), (at(2, 4), "LATE_START", 2)])
def test_a_new_price_may_be_charged_too_early_or_too_late(day: Any, verdict: str, leakage: int | None) -> None:
    story = running().changed(2, Action.MODIFY, DEAR, when=at(2, 1))
    trigger = min(day, at(2, 1))
    row = story.answered(effective_from=day, billing_trigger_date=trigger).row(LATER)
    assert row["verdict"] == verdict
    assert (row["leakage"] and round(row["leakage"]["amount"])) == leakage
    assert (row["overbilling"] is None) is (leakage is not None)


def test_modify_begins_what_is_new_and_ends_what_it_leaves_out() -> None:
    backup, address = price("5.00", "backup"), price("9.00", "static-ip")
    story = running(PRICE, backup).changed(2, Action.MODIFY, PRICE, address, when=at(2, 1))
    assert story.verdict(LATER, f"{FIRST}/backup") == "CHARGE_AFTER_TERMINATION"
    assert story.verdict(LATER, f"{FIRST}/static-ip") == "MISSING_CHARGE"
    story.answered()
    assert story.row(LATER, f"{FIRST}/backup")["expectation"] == "ENDED"
    assert story.verdict(LATER, f"{FIRST}/static-ip") == "MATCHED"
    assert story.verdict(LATER) == "MATCHED"


def test_modify_without_prices_changes_nothing() -> None:
    story = running().changed(2, Action.MODIFY, when=at(2, 1))
    assert (story.verdict(LATER), story.row(LATER)["orderId"]) == ("MATCHED", "acme:order-1")


def test_prices_that_are_only_said_again_need_no_answer() -> None:
    assert running().changed(2, Action.MODIFY, PRICE, when=at(2, 1)).verdict(LATER) == "MATCHED"


def test_a_discount_that_ends_begins_anew_with_a_renewal() -> None:
    """R464, R273."""
    yearly = price("100.00", discounts=(Discount(percent=Decimal(50), periods=2),))
    story = running(yearly).changed(2, Action.RENEW, when=at(3, 1))
    row = story.row(at(3, 2))
    assert (row["verdict"], row["action"]) == ("BASIS_MISMATCH", "RENEW")
    story.answered()
    assert not story.findings(at(6, 1))
    assert story.verdict(at(6, 1)) == "MATCHED"


def test_a_suspension_is_a_window() -> None:
    story = running().changed(2, Action.SUSPEND, when=at(2, 1)).answered()
    assert story.row(at(2, 10))["expectation"] == "SUSPENDED"
    story.changed(3, Action.RESUME, when=at(2, 11))
    assert story.verdict(LATER) == "MISSING_CHARGE"
    story.answered()
    row = story.row(LATER)
    assert (row["verdict"], row["expected"]["startsOn"].date()) == ("MATCHED", at(2, 11).date())


@pytest.mark.parametrize(("day", "verdict"), [(at(2, 9), "EARLY_START"), (at(2, 14), "LATE_START")])
def test_a_charge_may_come_back_too_early_or_too_late(day: Any, verdict: str) -> None:
    story = running().changed(2, Action.SUSPEND, when=at(2, 1)).answered().changed(3, Action.RESUME, when=at(2, 11))
    story.charge(c.ResumeCharge, effective_from=day)
    assert story.verdict(LATER) == verdict


def test_a_suspension_billing_never_heard_of_leaves_its_days_at_risk() -> None:
    story = running().changed(2, Action.SUSPEND, when=at(2, 1))
    story.asked.clear()
    assert story.verdict(at(2, 8)) == "UNDUE_CHARGE"
    story.changed(3, Action.RESUME, when=at(2, 15))
    row = story.row(LATER)
    assert (row["verdict"], row["overbilling"]["amount"], row["leakage"]) == ("MATCHED", 50, None)
    assert [past["verdict"] for past in row["history"]] == ["UNDUE_CHARGE"]


def test_replace_ends_the_old_product_and_begins_the_new_one() -> None:
    story = running().changed(2, Action.REPLACE, DEAR, when=at(2, 1))
    assert story.verdict(LATER) == "CHARGE_AFTER_TERMINATION"
    assert story.verdict(LATER, NEW) == "MISSING_CHARGE"
    story.answered()
    assert (story.verdict(LATER), story.verdict(LATER, NEW)) == ("NOT_DUE", "MATCHED")
    assert not story.findings(LATER)


def test_the_end_of_a_replaced_product_is_heard_from_inventory_too() -> None:
    story = running().changed(2, Action.REPLACE, DEAR, when=at(2, 1))
    asked = [e for e in story.heard if e.kind == "BillingActivationRequested" and e.data["effect"] == "END"]
    story.heard = [event for event in story.heard if event not in asked]
    assert story.verdict(LATER) == "MATCHED"
    data = {"orderId": "acme:order-2", "itemId": "a", "productInstanceId": FIRST, "effectiveDate": at(2, 1)}
    story.heard.append(replace(asked[0], kind="AssetTerminated", subject=FIRST, version=2, data=data))
    ended = story.now
    assert story.verdict(ended + timedelta(hours=70)) == "MATCHED"
    assert story.verdict(LATER) == "CHARGE_AFTER_TERMINATION"


def test_an_item_may_take_its_time_after_it_was_handed_over() -> None:
    story = Story()
    story.order(1, item("a", price_components=(PRICE,)), when=at(1, 10))
    story.says(1, StartProductOrderItem, item_id="a")
    story.hand_over(1)
    began = story.answered().now
    waiting = story.row(began + timedelta(hours=71))
    assert (waiting["verdict"], waiting["pending"]) == ("AWAITING", "EARLY_START")
    assert story.verdict(began + timedelta(hours=72)) == "EARLY_START"
    story.says(1, CompleteProductOrderItem, item_id="a")
    assert story.verdict(began + timedelta(hours=72)) == "MATCHED"


def test_no_change_is_context() -> None:
    story = running()
    named = item("a", Action.NO_CHANGE, product_instance_id=FIRST, price_components=(DEAR,))
    story.order(2, named, item("b", price_components=(PRICE,)), when=at(2, 1))
    assert (story.verdict(LATER), story.row(LATER)["orderId"]) == ("MATCHED", "acme:order-1")


def test_a_migration_ends_and_begins_nothing_that_bills() -> None:
    """R469: what is replaced by a migration is not billed any more, and neither is what takes its place."""
    story = running().changed(2, Action.REPLACE, DEAR, when=at(2, 1), intent=OrderIntent.INTERNAL_MIGRATION)
    assert (story.verdict(LATER), story.verdict(LATER, NEW)) == ("CHARGE_AFTER_TERMINATION", "NOT_BILLABLE")
    suspended = running().changed(2, Action.SUSPEND, when=at(2, 1), intent=OrderIntent.INTERNAL_MIGRATION)
    assert suspended.verdict(LATER) == "MATCHED"


def test_a_fee_beside_a_change_is_due_once() -> None:
    fee = price("30.00", "fee", kind=ChargeKind.ONE_TIME, period=None)
    story = running().changed(2, Action.SUSPEND, fee, when=at(2, 1))
    assert story.verdict(LATER, f"{FIRST}/fee") == "MISSING_CHARGE"
    story.answered().changed(3, Action.RESUME, fee, when=at(2, 11)).answered()
    assert (story.verdict(LATER, f"{FIRST}/fee"), story.verdict(LATER)) == ("MATCHED", "MATCHED")


def test_the_terms_of_a_lost_acceptance_are_those_that_were_handed_over() -> None:
    story = running().without("ProductOrderAccepted")
    row = story.row(LATER)
    assert (row["verdict"], row["orderId"], row["action"]) == ("MATCHED", "acme:order-1", "ADD")


def test_a_lost_completion_makes_a_charge_early_until_a_later_item_completes() -> None:
    story = running().without("ProductOrderItemCompleted")
    assert story.verdict(LATER) == "EARLY_START"
    story.changed(2, Action.DELETE, when=at(2, 1)).answered()
    row = story.row(LATER)
    assert (row["verdict"], row["expectation"], row["alsoFound"]) == ("NOT_DUE", "ENDED", ["EARLY_START"])


def test_a_lost_activation_is_a_missing_charge() -> None:
    story = running().changed(2, Action.SUSPEND, when=at(2, 1)).answered().changed(3, Action.RESUME, when=at(2, 11))
    story.answered().without("ChargeActivated")
    assert story.verdict(LATER) == "MISSING_CHARGE"


def test_a_later_order_of_a_product_billed_since_before_the_platform() -> None:
    story = Story()
    product = "acme:installed/a"
    story.order(1, item("a", Action.RENEW, price_components=(PRICE,)), when=at(1, 10))
    story.deliver(1, at(1, 10))
    assert story.row(LATER, f"{product}/monthly")["verdict"] == "MISSING_CHARGE"
    suspending = Story()
    suspending.order(1, item("a", Action.SUSPEND, price_components=(PRICE,)), when=at(1, 10))
    suspending.deliver(1, at(1, 10))
    assert suspending.row(LATER, f"{product}/monthly")["expectation"] == "SUSPENDED"


@pytest.mark.parametrize("kind", sorted(BillingHandoffs.kinds))
def test_events_that_lack_everything_do_no_harm(kind: str) -> None:
    """A foreign producer's event may have nothing but the product it is about."""
    story = running()
    last = story.heard[-1]
    named = {"productInstanceId": FIRST}
    for data in ({}, named, {**named, "itemId": "a", "componentId": "monthly"}):
        bare = Heard(kind, "acme:other", "", 9, f"bare-{len(data)}", 1, last.time_us, last.time_us, data, "foreign")
        assert ("BillingHandoffVerdict", MONTHLY) in rows_of(BillingHandoffs(), [*story.heard, bare], us(LATER))


def test_a_charge_without_a_product_is_its_own_matter() -> None:
    story = running()
    begun = next(event for event in story.heard if event.kind == "ChargeActivated")
    story.heard.append(replace(begun, subject="acme:stray", data={**begun.data, "productInstanceId": None}))
    assert story.row(LATER, "acme:stray/charge")["verdict"] == "ORPHAN_CHARGE"
    assert story.verdict(LATER) == "MATCHED"


def test_a_row_wakes_for_its_next_day_and_no_other() -> None:
    story = Story().sold(PRICE, when=at(1, 10))
    done = story.now
    groups = Groups(BillingHandoffs())
    groups.hear(story.heard)
    ((_, settled),) = groups.settled(us(done + timedelta(hours=2)))
    assert settled.derived.wake_us == us(at(1, 11, 0))
    groups.hear(story.answered().heard)
    ((_, settled),) = groups.settled(us(LATER))
    assert settled.derived.wake_us is None


def test_an_event_from_the_future_does_not_bring_the_future() -> None:
    story = Story().sold(PRICE, when=at(1, 10)).answered()
    last = story.heard[-1]
    story.heard[-1] = replace(last, time_us=us(at(1, 1, year=2099)))
    row = story.row(story.now + timedelta(hours=1))
    assert (row["verdict"], row["since"].year) == ("MATCHED", 2026)
