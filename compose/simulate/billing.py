"""Billing: an answer to every handoff, and an invoice a month."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from compose.simulate.correcting import credit
from compose.simulate.customers import Customer
from compose.simulate.people import BILLING, BILLING_OPERATOR, FINANCE_APPROVER
from compose.simulate.voice import Scene, Voice
from domain.billing_calendar import Days, later, midnight
from domain.billing_handoff.handoff import BillingHandoff
from domain.billing_handoff.states import BillingEffect
from domain.charge import commands as c
from domain.charge.charge import Charge
from domain.charge.invoice import invoice_lines
from domain.charge.states import ChargeState
from domain.commercial import ChargeKind
from domain.money import Money
from domain.non_billing_reason import commands as n
from domain.non_billing_reason.states import NonBillingCode, NonBillingState
from domain.order_state.states import HeaderState
from domain.product_order.structure import OrderItem

INVOICE_DAY = 3
"""Day of the month on which the month before is invoiced."""
LATER_MAX = 40
CREDIT_FROM = 100
"""Smallest amount of which a part is ever credited."""


class Billing:
    """One customer's charges, as billing keeps them."""

    def __init__(self, scene: Scene, customer: Customer) -> None:
        self.voice = Voice(scene, "billing", customer.number)
        self.customer = customer
        self._handoffs: list[str] = []
        self._charges: list[str] = []
        self.excused: set[str] = set()
        """Products that are not billed, by approved reason; nobody changes them later."""

    def handoffs_of(self, item: OrderItem) -> dict[str, BillingHandoff]:
        """What billing was asked before about the products an item acts on."""
        products = (item.product_instance_id, item.replaces_product_instance_id)
        known = {i: self.voice.standing("BillingHandoff", i) for i in self._handoffs}
        return {i: handoff for i, handoff in known.items() if handoff.product_instance_id in products}

    def answer(self, voice: Voice, request: Any) -> Generator[timedelta]:
        """Do what a handoff asks for."""
        if request.handoff_id not in self._handoffs:
            self._handoffs.append(request.handoff_id)
        yield voice.chance.minutes(2, 15)
        charge_id = f"{request.handoff_id}/charge"
        charge: Charge | None = voice.standing("Charge", charge_id)
        match request.effect:
            case BillingEffect.BEGIN:
                yield from self._begin(voice, request, charge_id)
            case _ if charge is None:
                return
            case BillingEffect.AMEND | BillingEffect.RENEW:
                terms = {name: value for name, value in self._terms(request).items() if name in _AMENDED}
                voice.send(c.AmendCharge, BILLING, charge_id, **terms)
            case BillingEffect.SUSPEND:
                when = {"effective_from": request.billing_trigger_date, **self._item(request)}
                voice.send(c.SuspendCharge, BILLING, charge_id, **when)
            case BillingEffect.RESUME:
                when = {"effective_from": request.billing_trigger_date, **self._item(request)}
                voice.send(c.ResumeCharge, BILLING, charge_id, **when)
            case BillingEffect.END:
                if charge.state is not ChargeState.TERMINATED:
                    when = {"effective_until": request.billing_end_date, **self._item(request)}
                    voice.send(c.TerminateCharge, BILLING, charge_id, **when)

    def _begin(self, voice: Voice, request: Any, charge_id: str) -> Generator[timedelta]:
        component = request.terms.component
        excused = yield from self._excused(voice, request)
        if excused:
            return
        ahead = request.billing_trigger_date - voice.now > timedelta(days=1)
        terms = {**self._item(request), **self._terms(request), "product_instance_id": request.product_instance_id}
        terms["account_id"] = request.account_id
        if ahead and component.kind is ChargeKind.RECURRING and voice.chance.happens(30):
            voice.send(c.RejectCharge, BILLING, charge_id, failure_code="TAX_CODE_MISSING", **terms)
            yield voice.chance.minutes(60, 600)
            voice.send(c.RetryChargeActivation, BILLING_OPERATOR, charge_id, **terms)
        else:
            voice.send(c.ActivateCharge, BILLING, charge_id, **terms)
        self._charges.append(charge_id)

    def _excused(self, voice: Voice, request: Any) -> Generator[timedelta, None, bool]:
        """Some products are given away; somebody asks for it and somebody else allows it (R238, R510)."""
        component = request.terms.component
        if component.kind is not ChargeKind.RECURRING or not voice.chance.happens(4):
            return False
        amount = Money(amount=component.price.amount * component.quantity, currency=component.price.currency)
        reason_id = request.handoff_id
        asked = {
            **self._item(request),
            "product_instance_id": request.product_instance_id,
            "component_id": request.component_id,
            "code": voice.chance.one({NonBillingCode.TRIAL: 50, NonBillingCode.GOODWILL: 50}),
            "valid_from": request.billing_trigger_date,
            "amount_per_period": amount,
            "justification": "agreed with the customer",
        }
        voice.send(n.RequestNonBillingReason, BILLING_OPERATOR, reason_id, **asked)
        yield voice.chance.minutes(1, 5)
        if voice.chance.happens(30):
            voice.send(n.RevokeNonBillingReason, FINANCE_APPROVER, reason_id, reason_code="NOT_ALLOWED")
            return False
        limit = Money(amount=amount.amount + Decimal(1000), currency=amount.currency)
        voice.send(n.ApproveNonBillingReason, FINANCE_APPROVER, reason_id, authority_limit=limit)
        self.excused.add(request.product_instance_id)
        return voice.standing("NonBillingReason", reason_id).state is NonBillingState.APPROVED

    def _terms(self, request: Any) -> dict[str, Any]:
        return {
            **self._item(request),
            "component": request.terms.component,
            "billing_account_id": request.terms.billing_account_id,
            "handoff_id": request.handoff_id,
            "billing_trigger_date": request.billing_trigger_date,
            "effective_from": request.billing_trigger_date,
        }

    def _item(self, request: Any) -> dict[str, Any]:
        return {"order_id": request.order_id, "item_id": request.item_id}

    def run(self, until: datetime) -> Generator[timedelta]:
        """Invoice every month, until the end of the story."""
        voice = self.voice
        month = date(voice.now.year, voice.now.month, 1)
        while True:
            month = later(month, 1)
            when = datetime(month.year, month.month, INVOICE_DAY, 1, tzinfo=UTC) + voice.chance.minutes(0, 300)
            if when > until:
                return
            yield max(when - voice.now, timedelta())
            for charge_id in tuple(self._charges):
                days = Days(later(month, -1), month)
                self._invoice(charge_id, days)
                claimed = voice.standing("Charge", charge_id).invoiced.get(days)
                if claimed is not None and claimed.agreed > CREDIT_FROM and voice.chance.happens(1.5):
                    number = int(days.start.strftime("%y%m")) * 1_000_000 + self.customer.number
                    matter = f"credit-{charge_id.partition(':')[2].replace('/', '-')}"
                    voice.spawn(credit(Voice(voice.scene, matter, number), charge_id, days))

    def _invoice(self, charge_id: str, days: Days) -> None:
        voice = self.voice
        charge: Charge = voice.standing("Charge", charge_id)
        if charge.state is ChargeState.REJECTED:
            return
        usage = Decimal(voice.chance.whole(20, 900)) if charge.component.kind is ChargeKind.USAGE else None
        if not invoice_lines(charge.schedule, days, usage):
            return
        order = voice.standing("ProductOrder", charge.order_id)
        if order.state is HeaderState.FALLOUT:  # it is invoiced when it is mended (R278)
            voice.spawn(self._later(charge_id, days))
            return
        number = f"{days.start:%Y%m}"
        voice.send(
            c.IssueInvoice,
            BILLING,
            charge_id,
            invoice_id=f"{charge_id}/{number}",
            invoice_number=f"INV-{self.customer.number:06}-{number}",
            period_start=midnight(days.start),
            period_end=midnight(days.end),
            address_version=voice.standing("Account", charge.account_id).address_version,
            usage_quantity=usage,
        )

    def _later(self, charge_id: str, days: Days) -> Generator[timedelta]:
        for _ in range(LATER_MAX):
            yield timedelta(hours=12)
            charge = self.voice.standing("Charge", charge_id)
            if self.voice.standing("ProductOrder", charge.order_id).state is not HeaderState.FALLOUT:
                self._invoice(charge_id, days)
                return


_AMENDED = frozenset(c.AmendCharge.model_fields)
