"""What an order says of itself: identity, dates, items, kinds, and what it keeps copies of (R166, R453-R458, R482)."""

from __future__ import annotations

import pytest

from domain.billing_handoff.events import BillingActivationRequested
from domain.envelope import Envelope
from domain.model import Model
from domain.order_state.states import Action, HeaderState
from domain.product_order import commands as c
from domain.product_order import events as e
from domain.product_order.structure import (
    Commercial,
    Contact,
    OrderIntent,
    OrderItem,
    OrderType,
    Parties,
    RequestedDates,
)
from tests.domain.orders import Desk, item

Fact = tuple[type[Model], str]

IDENTITY: dict[str, Fact] = {
    "orderId": (e.ProductOrderCreated, "order_id"),
    "orderNumber": (e.ProductOrderCreated, "order_number"),
    "version": (e.ProductOrderCreated, "version"),
    "sourceSystem": (e.ProductOrderCreated, "source_system"),
    "sourceChannel": (e.ProductOrderCreated, "source_channel"),
    "externalReferences": (e.ProductOrderCreated, "external_references"),
    "idempotencyKey, as its hash": (e.ProductOrderCreated, "idempotency_key_hash"),
}
DATES: dict[str, Fact] = {
    "created": (e.ProductOrderCreated, "occurred_at"),
    "submitted": (e.ProductOrderSubmitted, "occurred_at"),
    "accepted": (e.ProductOrderAccepted, "occurred_at"),
    "requestedStart": (RequestedDates, "requested_start"),
    "requestedCompletion": (RequestedDates, "requested_completion"),
    "committedCompletion": (RequestedDates, "committed_completion"),
    "contractEffective": (RequestedDates, "contract_effective"),
    "serviceActivation": (e.ProductOrderItemCompleted, "service_activation_date"),
    "billingTrigger": (BillingActivationRequested, "billing_trigger_date"),
}
ITEM: dict[str, Fact] = {
    name: (OrderItem, name)
    for name in (
        *("parent_item_id", "root_item_id", "action", "quantity", "offering_id", "specification_id"),
        *("product_instance_id", "configuration", "price_components", "depends_on", "fulfillment_policy_ref"),
    )
}
SNAPSHOTS: dict[str, tuple[Fact, ...]] = {
    "customer": ((Parties, "customer_id"),),
    "billing account": ((Parties, "billing_account_id"),),
    "product offering": ((OrderItem, "offering_id"), (OrderItem, "offering_name")),
    "catalog version": ((e.ProductOrderCreated, "catalog_publication_id"),),
    "configuration values": ((OrderItem, "configuration"), (OrderItem, "configuration_fingerprint")),
    "price components": ((OrderItem, "price_components"),),
    "approval evidence": ((Commercial, "deal_desk_case_ref"), (Commercial, "proposal_document_hash")),
    "address": ((Parties, "ship_to_id"),),
    "contact": ((Contact, "name"), (Contact, "phone"), (Contact, "email")),
    "source payload": ((e.ProductOrderCreated, "source_payload_hash"),),
}
"""The ten rows of the matrix of snapshots and references (R482); of a payload the hash, of an address its id."""


def test_identity_dates_and_lines_are_all_told() -> None:
    """R453, R457, R458."""
    assert (len(IDENTITY), len(DATES), len(SNAPSHOTS)) == (7, 9, 10)
    for model, name in (
        *IDENTITY.values(),
        *DATES.values(),
        *ITEM.values(),
        *(f for s in SNAPSHOTS.values() for f in s),
    ):
        assert name in model.model_fields, (model.__name__, name)
    assert "correlation_id" in Envelope.__slots__


def test_the_state_of_an_item_is_found_and_not_sent() -> None:
    assert "state" not in OrderItem.model_fields
    assert Desk(item("a")).planned().start("a").item("a") == "IN_PROGRESS"


def test_types_and_intents_are_those_of_the_reference_documents() -> None:
    """R467, R468."""
    assert {t.value for t in OrderType} == {
        *("PROVIDE", "CHANGE", "DISCONNECT", "SUSPEND_RESUME", "MOVE", "RENEWAL", "MIGRATION", "TRANSFER")
    }
    assert {i.value for i in OrderIntent} == {
        *("CUSTOMER_PURCHASE", "AMENDMENT", "RETENTION", "COMPLIANCE", "TECHNICAL_REMEDIATION", "INTERNAL_MIGRATION")
    }


T, WHY = OrderType, OrderIntent
KINDS: dict[str, tuple[OrderType, OrderIntent, Action]] = {
    "new": (T.PROVIDE, WHY.CUSTOMER_PURCHASE, Action.ADD),
    "upgrade": (T.CHANGE, WHY.CUSTOMER_PURCHASE, Action.MODIFY),
    "downgrade": (T.CHANGE, WHY.RETENTION, Action.MODIFY),
    "renewal": (T.RENEWAL, WHY.RETENTION, Action.RENEW),
    "amendment": (T.CHANGE, WHY.AMENDMENT, Action.MODIFY),
    "suspension": (T.SUSPEND_RESUME, WHY.COMPLIANCE, Action.SUSPEND),
    "resumption": (T.SUSPEND_RESUME, WHY.AMENDMENT, Action.RESUME),
    "termination": (T.DISCONNECT, WHY.AMENDMENT, Action.DELETE),
    "migration": (T.MIGRATION, WHY.INTERNAL_MIGRATION, Action.REPLACE),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_order_goes_its_way(kind: str) -> None:
    """R166: type, intent and action say which kind it is."""
    order_type, intent, action = KINDS[kind]
    desk = Desk(item("a", action), order_type=order_type, intent=intent)
    desk.planned().complete("a")
    assert desk.state is HeaderState.COMPLETED
    created = desk.events[0]
    assert isinstance(created, e.ProductOrderCreated)
    assert (created.order_type, created.intent, created.items[0].action) == (order_type, intent, action)


def test_a_cancellation_is_asked_of_the_order_itself() -> None:
    """R166: it is a command with its own guards, not an order beside the order."""
    desk = Desk(item("a")).submitted()
    desk.send(c.CancelProductOrder, reason_code="NOT_WANTED")
    assert desk.state is HeaderState.CANCELLED


def test_the_kinds_are_told_apart() -> None:
    assert len(set(KINDS.values())) == len(KINDS)


def test_work_is_checked_when_it_begins() -> None:
    """R445: the last stage of validation, after decomposition."""
    waiting = Desk(item("a"), item("b", depends_on=("a",))).planned()
    assert waiting.refused(c.StartProductOrderItem, item_id="b").stage == "FULFILLMENT"
    assert waiting.refused(c.StartProductOrderItem, item_id="ghost").stage == "FULFILLMENT"
    early = Desk(item("a")).accepted()
    assert early.refused(c.StartProductOrderItem, item_id="a").stage == "DECOMPOSITION"
