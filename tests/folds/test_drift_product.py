"""Rules of space `product`, each by events that break it and by events that almost do."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from domain.fold.heard import Heard
from tests.folds.drift_events import assert_rule, at, event, found, money, name

Events = list[Heard]
PRODUCT = name("product-1")


def component(amount: str = "10", **more: Any) -> dict[str, Any]:
    agreed = {"componentId": "recurring", "kind": "RECURRING", "price": money(amount), "quantity": 2}
    return {**agreed, "period": "MONTH", "discounts": [], "priceFingerprint": "line-1", **more}


def ordered(action: str = "ADD", number: int = 1, minute: float = 0, **more: Any) -> Heard:
    about = {"itemId": "item-1", "action": action, "configurationFingerprint": f"config-{number}"}
    item = {**about, "productInstanceId": PRODUCT, "priceComponents": [component()], **more}
    order_id = f"order-{number}"
    ids = {"orderId": name(order_id), "accountId": name("account-1")}
    return event("ProductOrderAccepted", order_id, 3, minute, **ids, items=[item])


def delivered(number: int = 1, minute: float = 20) -> Heard:
    about = {"orderId": name(f"order-{number}"), "itemId": "item-1", "productInstanceId": PRODUCT}
    return event("ProductOrderItemCompleted", f"order-{number}", 5, minute, **about)


def asset(kind: str, version: int, minute: float, state: str, number: int = 1, **more: Any) -> Heard:
    about = {"productInstanceId": PRODUCT, "orderId": name(f"order-{number}"), "itemId": "item-1", "state": state}
    fingerprint = {"configurationFingerprint": f"config-{number}", "action": "ADD"}
    return event(f"Asset{kind}", "product-1", version, minute, **{**about, **fingerprint, **more})


ACTIVE = asset("Activated", 1, 15, "ACTIVE")
BOUGHT = [ordered(), ACTIVE, delivered()]


def observed(status: str, version: int, minute: float) -> Heard:
    seen = {"productInstanceId": PRODUCT, "serviceStatus": status, "observedAt": at(minute), "operation": "ACTIVATE"}
    return event("ServiceStatusObserved", "request-1", version, minute, **seen)


def provisioned(operation: str, minute: float) -> Heard:
    return event("ProvisioningSucceeded", "request-2", 1, minute, productInstanceId=PRODUCT, operation=operation)


def charge(kind: str, version: int, minute: float, state: str, **more: Any) -> Heard:
    about = {"productInstanceId": PRODUCT, "orderId": name("order-1"), "itemId": "item-1", "componentId": "recurring"}
    return event(f"Charge{kind}", "charge-1", version, minute, **about, state=state, component=component(**more))


def invoice(number: int, minute: float, agreed: str, amount: str, **more: Any) -> Heard:
    about = {"productInstanceId": PRODUCT, "invoiceId": f"invoice-{number}", "lines": []}
    return event(
        "InvoiceIssued",
        "charge-1",
        number + 1,
        minute,
        **{**about, "agreed": money(agreed), "amount": money(amount), **more},
    )


def adjustment(amount: str, **why: str) -> list[dict[str, Any]]:
    return [{"kind": "ADJUSTMENT", "amount": money(amount), **why}]


EXPLAINED = adjustment("5", reasonCode="LATE_FEE", evidenceRef="letter-1")

CASES: dict[str, tuple[tuple[str, str], Callable[[], Events], Callable[[], Events]]] = {
    "referential.asset-unknown": (
        ("ProductOrder", "order-2"),
        lambda: [ordered("SUSPEND", 2)],
        lambda: [*BOUGHT, ordered("SUSPEND", 2)],
    ),
    "asset.missing": (
        ("Asset", "product-1"),
        lambda: [ordered(), delivered()],
        lambda: [ordered(), delivered(), asset("Activated", 1, 45, "ACTIVE")],
    ),
    "asset.orphan": (("Asset", "product-1"), lambda: [ACTIVE], lambda: [ACTIVE, ordered()]),
    "asset.configuration-differs": (
        ("Asset", "product-1"),
        lambda: [ordered(), asset("Activated", 1, 15, "ACTIVE", configurationFingerprint="other"), delivered()],
        lambda: [*BOUGHT, ordered("MODIFY", 2, 30), asset("Modified", 2, 40, "ACTIVE", 2, action="MODIFY")],
    ),
    "asset.state-differs": (
        ("Asset", "product-1"),
        lambda: [*BOUGHT, ordered("SUSPEND", 2, 30), delivered(2, 60)],
        lambda: [*BOUGHT, ordered("SUSPEND", 2, 30), delivered(2, 60), asset("Suspended", 2, 65, "SUSPENDED", 2)],
    ),
    "asset.live-after-termination": (
        ("Asset", "product-1"),
        lambda: [*BOUGHT, ordered("DELETE", 2, 30), delivered(2, 60)],
        lambda: [*BOUGHT, ordered("DELETE", 2, 30), delivered(2, 60), asset("Terminated", 2, 65, "TERMINATED", 2)],
    ),
    "state.asset-active-service-down": (
        ("Asset", "product-1"),
        lambda: [*BOUGHT, observed("DOWN", 3, 50)],
        lambda: [*BOUGHT, observed("DOWN", 3, 50), observed("UP", 4, 55)],
    ),
    "financial.order-vs-charge": (
        ("Charge", "charge-1"),
        lambda: [*BOUGHT, charge("Activated", 1, 25, "ACTIVE", amount="11")],
        lambda: [*BOUGHT, charge("Activated", 1, 25, "ACTIVE", amount="10.0000")],
    ),
    "financial.charge-vs-invoice": (
        ("Charge", "charge-1"),
        lambda: [charge("Activated", 1, 25, "ACTIVE"), invoice(1, 60, "20", "25")],
        lambda: [charge("Activated", 1, 25, "ACTIVE"), invoice(1, 60, "20", "25", lines=EXPLAINED)],
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_broken_rule_is_found_and_an_honoured_one_is_not(rule: str) -> None:
    entity, bad, good = CASES[rule]
    assert_rule("product", rule, entity, bad(), good())


REPLACED = ordered("REPLACE", 2, 30, productInstanceId=None, replacesProductInstanceId=PRODUCT)
SUCCESSOR = event(
    "AssetActivated",
    "product-2",
    1,
    40,
    productInstanceId=name("product-2"),
    replacesProductInstanceId=PRODUCT,
    state="ACTIVE",
    orderId=name("order-2"),
    itemId="item-1",
    configurationFingerprint="config-2",
)


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("asset.missing", [ordered(), asset("ActivationFailed", 1, 15, "ACTIVATION_FAILED"), delivered()]),
        ("asset.configuration-differs", [*BOUGHT, ordered("MODIFY", 2, 30), delivered(2, 60)]),
        ("asset.live-after-termination", [*BOUGHT, REPLACED, SUCCESSOR]),
        ("financial.order-vs-charge", [*BOUGHT, charge("Activated", 1, 25, "ACTIVE", quantity=3)]),
        ("financial.charge-vs-invoice", [invoice(1, 60, "20", "25", lines=adjustment("5", reasonCode="LATE_FEE"))]),
        (
            "financial.charge-vs-invoice",
            [invoice(1, 60, "20", "25"), invoice(2, 70, "0", "-4", correctsInvoiceId="invoice-1")],
        ),
        ("referential.asset-unknown", [REPLACED]),
    ],
)
def test_further_ways_to_break_a_rule(rule: str, events: Events) -> None:
    assert [f.rule for f in found("product", events) if f.rule == rule] == [rule]


@pytest.mark.parametrize(
    ("rule", "events"),
    [
        ("asset.missing", [ordered()]),
        ("asset.missing", [ordered("NO_CHANGE"), delivered()]),
        ("asset.configuration-differs", [*BOUGHT, ordered("RENEW", 2, 30), delivered(2, 60)]),
        (
            "asset.configuration-differs",
            [*BOUGHT, ordered("SUSPEND", 2, 30, configurationFingerprint=None), delivered(2)],
        ),
        ("asset.orphan", [asset("Terminated", 2, 15, "TERMINATED")]),
        ("state.asset-active-service-down", [*BOUGHT, observed("DOWN", 3, 50), provisioned("MODIFY", 55)]),
        ("state.asset-active-service-down", [*BOUGHT, observed("UP", 3, 50), observed("NOT_KNOWN", 4, 55)]),
        ("state.asset-active-service-down", [*BOUGHT, asset("Suspended", 2, 30, "SUSPENDED"), observed("DOWN", 3, 50)]),
        (
            "financial.order-vs-charge",
            [*BOUGHT, charge("Activated", 1, 25, "ACTIVE", amount="11"), charge("Terminated", 2, 30, "TERMINATED")],
        ),
        (
            "financial.charge-vs-invoice",
            [invoice(1, 60, "20", "25"), invoice(2, 70, "0", "-5", correctsInvoiceId="invoice-1")],
        ),
        ("financial.charge-vs-invoice", [invoice(1, 60, "20", "15")]),
        (
            "referential.asset-unknown",
            [
                ordered("SUSPEND", 2),
                event("ProductOrderItemCancelled", "order-2", 5, 5, itemId="item-1", productInstanceId=PRODUCT),
            ],
        ),
    ],
)
def test_what_looks_alike_and_is_right(rule: str, events: Events) -> None:
    assert not [f for f in found("product", events) if f.rule == rule]


def test_what_was_claimed_too_much_is_said_in_money() -> None:
    events = [charge("Activated", 1, 25, "ACTIVE"), invoice(1, 60, "20", "25"), invoice(2, 90, "20", "21.50")]
    (one,) = [f for f in found("product", events) if f.rule == "financial.charge-vs-invoice"]
    assert one.data["overbilling"] == money("6.50")
    assert one.data["since"] == at(60)
    assert [d["actual"] for d in one.data["differences"]] == ["25 EUR", "21.5 EUR"]
    assert (one.data["orderId"], one.data["itemId"], one.data["componentId"]) == (
        name("order-1"),
        "item-1",
        "recurring",
    )


def test_a_charge_above_the_order_says_how_much_above() -> None:
    (one,) = found("product", [*BOUGHT, charge("Activated", 1, 25, "ACTIVE", amount="11.50")])
    assert one.data["overbilling"] == {"amount": Decimal("3.0"), "currency": "EUR"}


def test_items_that_name_two_unknown_products_are_two_findings() -> None:
    items = [{"itemId": f"item-{n}", "action": "SUSPEND", "productInstanceId": name(f"product-{n}")} for n in (1, 2)]
    events = [event("ProductOrderAccepted", "order-1", 3, 0, orderId=name("order-1"), items=items)]
    first, second = found("product", events)
    assert first.entity_id == second.entity_id == name("order-1")
    assert first.data["findingId"] != second.data["findingId"]


def test_a_producer_that_says_little_leads_to_no_finding_and_no_error() -> None:
    everything = [*BOUGHT, charge("Activated", 1, 25, "ACTIVE"), invoice(1, 60, "20", "25"), observed("DOWN", 3, 50)]
    bare = [event(e.kind, "product-1", e.version, 1, productInstanceId=PRODUCT) for e in everything]
    assert not found("product", bare)
