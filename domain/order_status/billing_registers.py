"""What is remembered of how an order is billed: requests, charges, reasons not to bill, verdicts on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from domain.billing_handoff.states import BillingEffect, HandoffState
from domain.billing_verdict.verdicts import Verdict
from domain.charge.states import ChargeState
from domain.fold.heard import Heard
from domain.non_billing_reason.states import NonBillingCode, NonBillingState
from domain.order_status.moments import microseconds
from domain.order_status.order_registers import Said
from domain.order_status.words import symbol


class HandoffSaid(NamedTuple):
    """What billing was last asked about a component by this order."""

    item_id: str | None
    product_instance_id: str | None
    component_id: str | None
    effect: str | None
    state: str | None
    restored_version: int | None


class ChargeSaid(NamedTuple):
    """How a charge stands by its newest event for this order that is no invoice."""

    item_id: str | None
    product_instance_id: str | None
    component_id: str | None
    state: str | None


class ReasonSaid(NamedTuple):
    """A reason not to bill a component, and when it holds."""

    item_id: str | None
    product_instance_id: str | None
    component_id: str | None
    code: str | None
    state: str | None
    from_us: int | None
    until_us: int | None


class VerdictSaid(NamedTuple):
    """What the comparison of both sides of billing came to; amounts as [text, currency]."""

    item_id: str | None
    product_instance_id: str | None
    component_id: str | None
    verdict: str | None
    leakage: list[str] | None
    overbilling: list[str] | None


def handoff_says(event: Heard) -> Said:
    """The registers one BillingHandoff event writes."""
    data = event.data
    said = HandoffSaid(
        data.get("itemId"),
        data.get("productInstanceId"),
        data.get("componentId"),
        symbol(BillingEffect, data.get("effect")),
        symbol(HandoffState, data.get("state")),
        data.get("restoredVersion"),
    )
    yield "handoff", list(said)
    if event.kind == "BillingActivationRequested":
        yield f"requested/{event.version}", microseconds(data.get("billingTriggerDate"))


def charge_says(event: Heard) -> Said:
    """The registers one Charge event writes; an invoice changes nothing of how a charge stands."""
    if event.kind == "InvoiceIssued":
        return
    data = event.data
    state = symbol(ChargeState, data.get("state"))
    said = ChargeSaid(data.get("itemId"), data.get("productInstanceId"), data.get("componentId"), state)
    yield "charge", list(said)


def reason_says(event: Heard) -> Said:
    """The registers one NonBillingReason event writes."""
    data = event.data
    said = ReasonSaid(
        data.get("itemId"),
        data.get("productInstanceId"),
        data.get("componentId"),
        symbol(NonBillingCode, data.get("code")),
        symbol(NonBillingState, data.get("state")),
        microseconds(data.get("validFrom")),
        microseconds(data.get("validUntil")),
    )
    yield "reason", list(said)


def verdict_says(event: Heard) -> Said:
    """The registers one derived billing row writes."""
    data = event.data
    said = VerdictSaid(
        data.get("itemId"),
        data.get("productInstanceId"),
        data.get("componentId"),
        symbol(Verdict, data.get("verdict")),
        _amount(data.get("leakage")),
        _amount(data.get("overbilling")),
    )
    yield "verdict", list(said)


def _amount(value: object) -> list[str] | None:
    if isinstance(value, Mapping) and value.get("amount") is not None and value.get("currency"):
        return [str(value["amount"]), str(value["currency"])]
    return None
