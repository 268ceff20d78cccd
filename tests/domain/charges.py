"""A desk that sends commands to one charge, and sample commands for walks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.charge import commands as c
from domain.charge.aggregate import MACHINE, decide
from domain.charge.charge import Charge, evolve
from domain.charge.events import ChargeEvent
from domain.command import Actor, Command
from domain.commercial import ChargeKind, Discount, Period, PriceComponent
from domain.errors import Refusal
from domain.money import Money
from tests.domain.machine_walk import NOW, Choose
from tests.domain.machine_walk import envelope as walk_envelope

CHARGE_ID = "acme:charge-1"
START = datetime(2026, 1, 1, tzinfo=UTC)


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def monthly(amount: str = "100.00", **fields: Any) -> PriceComponent:
    fields.setdefault("kind", ChargeKind.RECURRING)
    fields.setdefault("period", Period.MONTH if fields["kind"] is ChargeKind.RECURRING else None)
    fields.setdefault("price", eur(amount))
    return PriceComponent(component_id="monthly", **fields)


def moment(month: int, day: int = 1) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def requested(**fields: Any) -> dict[str, Any]:
    base = {
        "order_id": "acme:order-1",
        "item_id": "a",
        "product_instance_id": "acme:order-1/a",
        "account_id": "acme:acc-1",
        "billing_account_id": "acme:bill-1",
        "component": monthly(),
        "handoff_id": "acme:handoff-1",
        "billing_trigger_date": START,
        "effective_from": START,
    }
    return {**base, **fields}


class Desk:
    """Sends commands to one charge and keeps every event it leaves."""

    def __init__(self, kind: type[Command] = c.ActivateCharge, **fields: Any) -> None:
        self.charge: Charge | None = None
        self.events: list[ChargeEvent] = []
        self.sent = 0
        self.send(kind, **requested(**fields))

    @property
    def standing(self) -> Charge:
        assert self.charge is not None
        return self.charge

    def command(self, kind: type[Command], role: str | None = None, **fields: Any) -> Command:
        self.sent += 1
        role = role or min(MACHINE.rows[kind.__name__].roles)
        envelope = {
            "aggregate_id": CHARGE_ID,
            "command_id": f"command-{self.sent}",
            "actor": Actor(actor_id=f"{role}-1", role=role, system="billing"),
            "correlation_id": "corr-1",
        }
        return kind(**{**envelope, **fields})

    def send(self, kind: type[Command], role: str | None = None, **fields: Any) -> ChargeEvent:
        (event,) = decide(self.charge, self.command(kind, role, **fields), NOW)
        self.charge = evolve(self.charge, event)
        self.events.append(event)
        return event

    def refused(self, kind: type[Command], role: str | None = None, **fields: Any) -> Refusal:
        with pytest.raises(Refusal) as caught:
            decide(self.charge, self.command(kind, role, **fields), NOW)
        return caught.value

    def invoice(self, start: datetime, end: datetime, **fields: Any) -> Any:
        return self.send(c.IssueInvoice, **invoiced(start, end, f"inv-{self.sent}", **fields))


def invoiced(start: datetime, end: datetime, invoice_id: str = "inv", **fields: Any) -> dict[str, Any]:
    base = {
        "invoice_id": invoice_id,
        "invoice_number": f"N-{invoice_id}",
        "period_start": start,
        "period_end": end,
        "address_version": 1,
    }
    return {**base, **fields}


PRICES = (
    monthly(),
    monthly("160.00", discounts=(Discount(percent=Decimal(10), periods=2),)),
    monthly("59.90", period=Period.QUARTER, quantity=3),
    monthly("100.00", billed_through_item_id="b"),
)


def sample(charge: Charge | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    """One command on the charge where it stands, mostly sensible."""
    day = START + timedelta(days=choose((0, 0, 10, 31, 45, 59)))
    found: dict[str, Any] = {}
    if kind in (c.ActivateCharge, c.RejectCharge, c.RetryChargeActivation):
        found = requested(component=choose(PRICES[:3]), effective_from=day)
        found |= {"failure_code": "NO_ACCOUNT"} if kind is c.RejectCharge else {}
    if kind in (c.AmendCharge, c.CorrectCharge):
        found = {"component": choose(PRICES), "effective_from": day, "billing_trigger_date": START}
        found["effective_until"] = choose((None, None, day + timedelta(days=choose((0, 90)))))
        if kind is c.AmendCharge:
            found |= {"order_id": "acme:order-2", "item_id": "b"}
        else:
            found |= {"approval_ref": "acme:correction-1", "approved_by": choose(("finance-1", "billing-supervisor-1"))}
    if kind in (c.SuspendCharge, c.ResumeCharge):
        found = {"effective_from": day, "order_id": choose((None, None, "acme:order-3")), "item_id": None}
    if kind is c.TerminateCharge:
        found = {"effective_until": day}
    if kind is c.IssueInvoice:
        month = choose((1, 2, 3, 4))
        amount = c.InvoiceAdjustment(amount=eur(choose(("12.00", "-12.00"))), reason_code="GOODWILL", evidence_ref="e")
        found = invoiced(moment(month), moment(month + 1), command_id, address_version=choose((1, 1, 2)))
        found["adjustments"] = choose(((), (), (amount,)))
    aggregate_id = charge.charge_id if charge else CHARGE_ID
    return kind(**{**found, **walk_envelope(MACHINE, kind, aggregate_id, command_id, choose)})
