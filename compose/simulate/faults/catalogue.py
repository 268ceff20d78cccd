"""Every fault the simulation can make, as data: what it does, and what must be found of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

BILLING = "billing.handoff"


class Place(StrEnum):
    """Where a fault is made: by an owner through its own aggregates, or between outbox and topic."""

    JOURNEY = "journey"
    WIRE = "wire"


class Fault(NamedTuple):
    """One fault.

    `rule` must find it; for `billing.handoff` with this `verdict`. `entity` is the kind of thing the finding is
    about. `modes` are the failure modes of R392-R417 it stands for.
    """

    name: str
    does: str
    place: Place
    rule: str
    entity: str
    verdict: str | None = None
    modes: tuple[str, ...] = ()


def _billing(name: str, verdict: str, does: str, *modes: str, entity: str = "BillingHandoff") -> Fault:
    return Fault(name, does, Place.JOURNEY, BILLING, entity, verdict, modes)


def _owner(name: str, rule: str, entity: str, does: str, *modes: str) -> Fault:
    return Fault(name, does, Place.JOURNEY, rule, entity, None, modes)


def _wire(name: str, rule: str, entity: str, does: str, *modes: str) -> Fault:
    return Fault(name, does, Place.WIRE, rule, entity, None, modes)


FAULTS: tuple[Fault, ...] = (
    _billing("charge-missing", "MISSING_CHARGE", "Billing overlooks a handoff.", "R398"),
    _billing("charge-wrong", "BASIS_MISMATCH", "Billing charges another amount than was agreed."),
    _billing("charge-early", "EARLY_START", "Billing begins days before the trigger date."),
    _billing("charge-late", "LATE_START", "Billing begins days after the trigger date."),
    _billing("charge-twice", "DUPLICATE_CHARGE", "Billing charges one handoff twice.", "R397", "R417"),
    _billing("charge-excused", "UNDUE_CHARGE", "Billing charges what an approved reason excuses."),
    _billing("charge-not-suspended", "UNDUE_CHARGE", "Billing goes on while the product is suspended."),
    _billing("charge-not-ended", "CHARGE_AFTER_TERMINATION", "Billing goes on after the product has ended."),
    _billing("charge-orphan", "ORPHAN_CHARGE", "Billing charges a product no order ever named.", entity="Charge"),
    _owner(
        "charge-cancelled", "state.charge-on-cancelled", "Charge", "Billing charges an item that was cancelled.", "R405"
    ),
    _owner(
        "payment-kept",
        "state.payment-without-order",
        "PaymentAuthorization",
        "Payments keeps its hold after the order has failed or was cancelled.",
    ),
    _owner("asset-missing", "asset.missing", "Asset", "Inventory overlooks a delivered product.", "R399"),
    _owner("asset-orphan", "asset.orphan", "Asset", "Inventory activates a product no order ever named."),
    _owner(
        "asset-differs",
        "asset.configuration-differs",
        "Asset",
        "Inventory records another configuration than was delivered.",
        "R399",
    ),
    _owner("asset-not-ended", "asset.live-after-termination", "Asset", "Inventory overlooks the end of a product."),
    _owner(
        "service-down", "state.asset-active-service-down", "Asset", "The network loses a service nobody is told of."
    ),
    _owner(
        "reservation-lost",
        "state.reservation-lost",
        "Reservation",
        "A reservation lapses while its task is running.",
    ),
    _owner(
        "account-closed",
        "referential.account-closed",
        "ProductOrder",
        "CRM closes an account while an order of it is delivered.",
    ),
    _wire("quote-lost", "referential.quote-unknown", "ProductOrder", "Every event of a quote is dropped."),
    _wire(
        "offering-unknown",
        "referential.offering-unknown",
        "ProductOrder",
        "An order arrives with an offering no publication ever had.",
    ),
    _wire(
        "asset-unknown",
        "referential.asset-unknown",
        "ProductOrder",
        "A change arrives for a product that was never installed.",
    ),
    _wire(
        "item-unknown",
        "referential.order-item-unknown",
        "Charge",
        "A charge arrives with an item its order does not have.",
    ),
    _wire(
        "header-altered",
        "state.header-vs-items",
        "ProductOrder",
        "The completion of an order says it is still in progress.",
        "R415",
    ),
    _wire(
        "plan-unfinished",
        "state.completed-with-open-task",
        "ProductOrder",
        "The completion of a plan's last task is dropped.",
        "R414",
    ),
    _wire(
        "order-unfinished",
        "state.tasks-done-order-open",
        "ProductOrder",
        "The completion of an order and of its last item is dropped.",
    ),
    _wire(
        "fallout-unresolved",
        "state.fallout-on-completed",
        "FalloutCase",
        "The resolution of a fallout case is dropped.",
    ),
    _wire(
        "provisioning-silent",
        "state.provisioned-vs-task",
        "ProvisioningRequest",
        "The answer of the network is dropped, while its task is complete.",
        "R396",
    ),
    _wire(
        "order-duplicated",
        "state.duplicate-order",
        "ProductOrder",
        "An order arrives a second time under another id.",
        "R394",
        "R407",
        "R417",
    ),
    _wire(
        "quote-expired",
        "state.expired-quote-converted",
        "Quote",
        "A quote says its time was over long before it was converted.",
        "R410",
    ),
    _wire(
        "fingerprint-stale",
        "state.stale-fingerprint-accepted",
        "Quote",
        "An acceptance names another price than the quote had.",
        "R410",
    ),
    _wire(
        "discount-unapproved",
        "state.unapproved-discount",
        "Quote",
        "A price arrives with more taken off than was approved.",
    ),
    _wire(
        "proposal-altered",
        "state.proposal-hash-mismatch",
        "Quote",
        "An acceptance names another document than was presented.",
    ),
    _wire(
        "authority-exceeded",
        "state.decided-without-authority",
        "ApprovalCase",
        "A decision arrives by somebody whose authority does not reach so far.",
    ),
    _wire(
        "lines-altered",
        "state.changed-without-amendment",
        "ProductOrder",
        "An acceptance arrives with other quantities than were submitted.",
        "R401",
    ),
    _wire(
        "price-altered",
        "financial.quote-vs-order",
        "ProductOrder",
        "An order arrives with another price than its quote had.",
        "R409",
    ),
    _wire(
        "invoice-inflated",
        "financial.charge-vs-invoice",
        "Charge",
        "An invoice claims more than was agreed, without a reason.",
    ),
    _wire("version-lost", "event.version-gap", "ProductOrder", "An event in the middle of an order is dropped."),
    _wire(
        "duplicate-conflicting",
        "event.conflicting-duplicate",
        "ProductOrder",
        "An event arrives again under its own id, with other content.",
    ),
    _wire("producer-wrong", "event.wrong-producer", "Asset", "An event names a source that does not own it."),
    _wire("event-commanding", "event.command-shaped", "ProductOrder", "An event is named like a command.", "R414"),
    _wire("lineage-lost", "event.missing-lineage", "FulfillmentPlan", "An event arrives without its correlation."),
    _wire("event-late", "event.late", "Account", "An event is recorded days after it happened.", "R398"),
    _wire(
        "consumer-stuck",
        "event.consumer-missed",
        "ConsumerCheckpoint",
        "A consumer stands far behind the end of what it reads.",
        "R398",
    ),
    _wire(
        "catalog-outdated",
        "catalog.snapshot-outdated",
        "ProductOrder",
        "An order names a publication that was no longer in force.",
        "R393",
    ),
    _wire(
        "offering-retired",
        "catalog.retired-sold",
        "ProductOrder",
        "An order arrives for an offering that was retired before.",
        "R393",
    ),
    _wire(
        "address-old",
        "financial.billed-to-old-address",
        "Charge",
        "An invoice names an address the customer has left.",
    ),
    _billing("charge-elsewhere", "BASIS_MISMATCH", "Billing has another account invoiced than was agreed.", "R408"),
    _owner(
        "charge-quantity",
        "financial.order-vs-charge",
        "Charge",
        "Billing charges another quantity than was ordered.",
    ),
    _owner(
        "invoiced-in-fallout",
        "state.invoiced-in-fallout",
        "Charge",
        "Billing invoices what is delivered of an order while the rest of it is in fallout.",
    ),
    _owner(
        "account-merged",
        "referential.account-merged",
        "ProductOrder",
        "CRM merges an account into another while an order of it is delivered.",
    ),
    _owner(
        "consumer-behind",
        "catalog.consumer-behind",
        "CatalogPublication",
        "A declared consumer overlooks a publication.",
        "R398",
    ),
    _wire(
        "account-unknown",
        "referential.account-unknown",
        "Charge",
        "A charge arrives for an account nobody has opened.",
    ),
    _wire(
        "cancelled-late",
        "state.cancelled-after-cutoff",
        "ProductOrder",
        "An item is cancelled in work, while its order says it may not be any more.",
        "R412",
    ),
    _wire(
        "bundle-flattened",
        "state.changed-without-amendment",
        "ProductOrder",
        "An acceptance arrives without the bundle its lines were submitted in.",
        "R411",
    ),
)

BY_NAME: Mapping[str, Fault] = {fault.name: fault for fault in FAULTS}

USUAL_PERCENT = 0.7
SELDOM_SEEN: Mapping[str, float] = {
    "charge-not-suspended": 2.0,
    "charge-not-ended": 2.0,
    "asset-not-ended": 2.0,
    "asset-unknown": 2.0,
    "payment-kept": 1.5,
    "charge-cancelled": 1.5,
    "event-late": 2.5,
    "consumer-stuck": 1.0,
    "catalog-outdated": 1.5,
    "offering-retired": 1.5,
    "address-old": 3.0,
    "invoiced-in-fallout": 2.0,
    "cancelled-late": 1.5,
    "consumer-behind": 0.0,
}
"""Faults that few matters can show: they are chosen for more of them; what is no matter's fault for none."""

PROFILES: Mapping[str, Mapping[str, float]] = {
    "none": {},
    "mixed": {fault.name: SELDOM_SEEN.get(fault.name, USUAL_PERCENT) for fault in FAULTS},
    "rare": {fault.name: SELDOM_SEEN.get(fault.name, USUAL_PERCENT) / 20 for fault in FAULTS},
}
"""How many of a hundred matters are chosen for each fault; a matter has one at most, and not every one can show it."""

MORE_PERCENT: Mapping[str, Mapping[str, float]] = {
    "mixed": {"charge-early": 0.5, "charge-cancelled": 1.5, "reservation-lost": 0.7}
}
"""A further share for faults that many matters chosen for them do not show; chosen last, so that others' stay."""

PUBLICATION_FAULT = "consumer-behind"
PUBLICATIONS_PERCENT: Mapping[str, float] = {"mixed": 30.0, "rare": 1.5}
"""How many publications of a hundred a consumer overlooks."""
