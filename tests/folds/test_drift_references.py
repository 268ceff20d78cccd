"""Rules of spaces `account`, `offering` and `publication`: what refers to what, each by bad and by good events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain.fold.heard import Heard
from tests.folds.drift_events import assert_rule, at, event, found, name

Events = list[Heard]
ACCOUNT, OFFERING, QUOTE = name("account-1"), name("offering-1"), name("quote-1")


def account(kind: str, version: int, minute: float, state: str = "ACTIVE", **more: Any) -> Heard:
    return event(f"Account{kind}", "account-1", version, minute, **{"accountId": ACCOUNT, "state": state, **more})


OPENED = account("Created", 1, 0, addressVersion=1)
CLOSED = account("Closed", 3, 60, "CLOSED")
MERGED = event("AccountsMerged", "account-1", 3, 60, state="MERGED", survivingAccountId=name("account-2"))


def order(kind: str, version: int, minute: float, state: str) -> Heard:
    about = {"orderId": name("order-1"), "accountId": ACCOUNT, "state": state, "toState": state}
    return event(f"ProductOrder{kind}", "order-1", version, minute, **about)


BEGUN = order("Created", 1, 10, "Draft")


def charge(minute: float, state: str = "ACTIVE", version: int = 1, kind: str = "Activated") -> Heard:
    about = {"accountId": ACCOUNT, "state": state, "toState": state}
    return event(f"Charge{kind}", "charge-1", version, minute, **about)


def invoice(minute: float, address: int, version: int = 2) -> Heard:
    about = {"accountId": ACCOUNT, "billingAccountId": ACCOUNT, "invoiceId": "invoice-1", "toState": None}
    return event("InvoiceIssued", "charge-1", version, minute, **about, addressVersion=address)


MOVED = account("Updated", 2, 30, addressVersion=2)
AFTER = account("Updated", 3, 40, addressVersion=2)


def published(number: int, minute: float, *offerings: str, effective: float | None = None) -> Heard:
    about = {"catalogId": name("catalog"), "effectiveFrom": at(minute if effective is None else effective)}
    known = [{"offeringId": name(one)} for one in offerings]
    consumers = {"declaredConsumers": ["billing", "cpq"]}
    return event("CatalogPublished", f"publication-{number}", 1, minute, **about, offerings=known, **consumers)


FIRST, SECOND = published(1, -100, "offering-1"), published(2, 20, "offering-1")
RETIRED = event("OfferingRetired", "publication-1", 2, 20, offeringId=OFFERING, effectiveFrom=at(20))


def sold(
    minute: float = 30, publication: int = 1, action: str = "ADD", offering: str = "offering-1", **more: Any
) -> Heard:
    items = [{"itemId": "item-1", "action": action, "offeringId": name(offering)}]
    about = {"orderId": name("order-1"), "quoteId": QUOTE, "catalogPublicationId": name(f"publication-{publication}")}
    return event("ProductOrderCreated", "order-1", 1, minute, **{**about, "items": items, **more})


def agreed(minute: float) -> Heard:
    return event("QuoteAccepted", "quote-1", 5, minute, quoteId=QUOTE, lines=[{"offeringId": OFFERING}])


def consumed(consumer: str, version: int, minute: float) -> Heard:
    return event("CatalogPublicationConsumed", "publication-1", version, minute, consumer=consumer)


CASES: dict[str, tuple[str, tuple[str, str], Callable[[], Events], Callable[[], Events]]] = {
    "referential.account-unknown": (
        "account",
        ("ProductOrder", "order-1"),
        lambda: [BEGUN],
        lambda: [BEGUN, OPENED],
    ),
    "referential.account-closed": (
        "account",
        ("ProductOrder", "order-1"),
        lambda: [OPENED, BEGUN, CLOSED],
        lambda: [OPENED, BEGUN, order("Completed", 9, 50, "Completed"), CLOSED],
    ),
    "referential.account-merged": (
        "account",
        ("Charge", "charge-1"),
        lambda: [OPENED, charge(10), MERGED],
        lambda: [OPENED, charge(10), MERGED, charge(65, "TERMINATED", 2, "Terminated")],
    ),
    "financial.billed-to-old-address": (
        "account",
        ("Charge", "charge-1"),
        lambda: [OPENED, MOVED, charge(20), invoice(50, 1)],
        lambda: [OPENED, MOVED, charge(20), invoice(29, 1)],
    ),
    "referential.offering-unknown": (
        "offering",
        ("ProductOrder", "order-1"),
        lambda: [sold(), published(1, 0, "offering-2")],
        lambda: [sold(), FIRST],
    ),
    "catalog.retired-sold": (
        "offering",
        ("ProductOrder", "order-1"),
        lambda: [FIRST, RETIRED, sold()],
        lambda: [FIRST, RETIRED, agreed(19), sold()],
    ),
    "catalog.snapshot-outdated": (
        "offering",
        ("ProductOrder", "order-1"),
        lambda: [FIRST, SECOND, agreed(25), sold()],
        lambda: [FIRST, SECOND, agreed(15), sold()],
    ),
    "catalog.consumer-behind": (
        "publication",
        ("CatalogPublication", "publication-1"),
        lambda: [published(1, 0), consumed("cpq", 2, 5)],
        lambda: [published(1, 0), consumed("cpq", 2, 5), consumed("billing", 3, 59)],
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_broken_rule_is_found_and_an_honoured_one_is_not(rule: str) -> None:
    space, entity, bad, good = CASES[rule]
    assert_rule(space, rule, entity, bad(), good())


@pytest.mark.parametrize(
    ("space", "rule", "events"),
    [
        ("account", "referential.account-closed", [OPENED, CLOSED, BEGUN]),
        ("account", "referential.account-closed", [OPENED, BEGUN, CLOSED, order("Completed", 9, 70, "Completed")]),
        ("account", "referential.account-unknown", [charge(10)]),
        (
            "account",
            "referential.account-closed",
            [OPENED, event("AssetActivated", "p-1", 1, 9, accountId=ACCOUNT, state="ACTIVE", toState="ACTIVE"), CLOSED],
        ),
        (
            "account",
            "referential.account-closed",
            [OPENED, event("QuoteCreated", "q-1", 1, 9, accountId=ACCOUNT, state="Draft", toState="Draft"), CLOSED],
        ),
        ("offering", "catalog.retired-sold", [FIRST, RETIRED, sold(quoteId=None)]),
        ("offering", "catalog.snapshot-outdated", [FIRST, SECOND, sold(quoteId=None)]),
    ],
)
def test_further_ways_to_break_a_rule(space: str, rule: str, events: Events) -> None:
    assert [f.rule for f in found(space, events) if f.rule == rule] == [rule]


@pytest.mark.parametrize(
    ("space", "rule", "events"),
    [
        ("account", "referential.account-closed", [OPENED, BEGUN, CLOSED, order("Cancelled", 9, 65, "Cancelled")]),
        ("account", "referential.account-unknown", [BEGUN, order("Rejected", 2, 15, "Rejected")]),
        ("account", "financial.billed-to-old-address", [OPENED, MOVED, charge(20), invoice(50, 1), invoice(60, 2, 3)]),
        ("account", "financial.billed-to-old-address", [OPENED, MOVED, AFTER, invoice(35, 2)]),
        ("account", "financial.billed-to-old-address", [invoice(50, 1)]),
        ("offering", "catalog.retired-sold", [FIRST, RETIRED, sold(action="SUSPEND")]),
        ("offering", "catalog.retired-sold", [FIRST, RETIRED, published(3, 25, "offering-1"), sold()]),
        (
            "offering",
            "catalog.snapshot-outdated",
            [FIRST, published(2, 20, "offering-1", effective=40), agreed(25), sold()],
        ),
        ("offering", "catalog.snapshot-outdated", [SECOND, agreed(25), sold()]),
    ],
)
def test_what_looks_alike_and_is_right(space: str, rule: str, events: Events) -> None:
    assert not [f for f in found(space, events) if f.rule == rule]


def test_an_outdated_publication_is_told_once_for_an_order_of_many_offerings() -> None:
    items = [{"itemId": f"item-{n}", "action": "ADD", "offeringId": name(f"offering-{n}")} for n in (1, 2, 3)]
    everything = ("offering-1", "offering-2", "offering-3")
    events = [published(1, -100, *everything), published(2, 20, *everything), sold(items=items, quoteId=None)]
    assert [f.rule for f in found("offering", events)] == ["catalog.snapshot-outdated"]


def test_two_unknown_offerings_of_one_order_are_two_findings() -> None:
    items = [{"itemId": f"item-{n}", "action": "ADD", "offeringId": name(f"offering-{n}")} for n in (1, 2)]
    first, second = found("offering", [sold(items=items)])
    assert first.entity_id == second.entity_id
    assert first.data["findingId"] != second.data["findingId"]


def test_findings_about_an_account_have_one_cause_and_know_who_is_watched() -> None:
    watched = account("Created", 1, 0, addressVersion=1, regulated=True)
    both = found("account", [watched, BEGUN, charge(10), CLOSED])
    assert {f.data["cause"] for f in both} == {f"account/{ACCOUNT}"}
    assert {f.data["correctedBy"] for f in both} == {"oms", "billing"}
    assert all(f.data["regulated"] for f in both)


def test_who_has_not_taken_a_publication_over_is_named() -> None:
    (one,) = found("publication", [published(1, 0), consumed("cpq", 2, 5)])
    assert one.data["summary"] == f"Publication {name('publication-1')} has not been taken over by billing."
    assert (one.data["correctedBy"], one.data["cause"]) == ("billing", f"publication/{name('publication-1')}")


def test_a_producer_that_says_little_leads_to_no_finding_and_no_error() -> None:
    for space in ("account", "offering", "publication"):
        everything = [OPENED, BEGUN, charge(10), CLOSED, FIRST, RETIRED, agreed(1), sold(), consumed("cpq", 2, 5)]
        bare = [event(e.kind, e.subject.partition(":")[2], e.version, 1) for e in everything]
        assert not found(space, bare)
