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
from domain.product_order.order import ProductOrder
from domain.product_order.structure import OrderItem

INVOICE_DAY = 3
"""Day of the month on which the month before is invoiced."""
LATER_MAX = 40
WRONG_BY = timedelta(days=6)
"""By how much billing begins too early or too late when it does."""
FAULTY = frozenset(
    {
        *("charge-missing", "charge-wrong", "charge-early", "charge-late", "charge-twice", "charge-excused"),
        *("charge-orphan", "charge-elsewhere", "charge-quantity"),
    }
)
_OVERLOOKED = {BillingEffect.SUSPEND: "charge-not-suspended", BillingEffect.END: "charge-not-ended"}
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
            case BillingEffect.SUSPEND | BillingEffect.END if voice.suffers(_OVERLOOKED[request.effect]):
                self._made(voice, _OVERLOOKED[request.effect], request)
            case BillingEffect.SUSPEND:
                when = {"effective_from": request.billing_trigger_date, **self._item(request)}
                voice.send(c.SuspendCharge, BILLING, charge_id, **when)
            case BillingEffect.RESUME if charge.state is ChargeState.SUSPENDED:
                when = {"effective_from": request.billing_trigger_date, **self._item(request)}
                voice.send(c.ResumeCharge, BILLING, charge_id, **when)
            case BillingEffect.END:
                if charge.state is not ChargeState.TERMINATED:
                    when = {"effective_until": request.billing_end_date, **self._item(request)}
                    voice.send(c.TerminateCharge, BILLING, charge_id, **when)

    def _begin(self, voice: Voice, request: Any, charge_id: str) -> Generator[timedelta]:
        component = request.terms.component
        excused = yield from self._excused(voice, request)
        if excused and not voice.suffers("charge-excused"):
            return
        ahead = request.billing_trigger_date - voice.now > timedelta(days=1)
        terms = {**self._item(request), **self._terms(request), "product_instance_id": request.product_instance_id}
        terms["account_id"] = request.account_id
        if component.kind is ChargeKind.RECURRING and (fault := voice.scene.faults.of(voice.number)) in FAULTY:
            yield from self._faulty(voice, request, charge_id, terms, fault)
            return
        if ahead and component.kind is ChargeKind.RECURRING and voice.chance.happens(30):
            voice.send(c.RejectCharge, BILLING, charge_id, failure_code="TAX_CODE_MISSING", **terms)
            yield voice.chance.minutes(60, 600)
            voice.send(c.RetryChargeActivation, BILLING_OPERATOR, charge_id, **terms)
        else:
            voice.send(c.ActivateCharge, BILLING, charge_id, **terms)
        self._charges.append(charge_id)

    def _faulty(
        self, voice: Voice, request: Any, charge_id: str, terms: dict[str, Any], fault: str
    ) -> Generator[timedelta]:
        """What billing does wrong about a recurring charge; nobody stops it, for it is the owner."""
        self._made(voice, fault, request)
        if fault == "charge-missing":
            return
        component = terms["component"]
        if fault == "charge-wrong":
            price = component.price.model_copy(update={"amount": component.price.amount + 5})
            terms["component"] = component.model_copy(update={"price": price})
        elif fault == "charge-elsewhere":
            terms["billing_account_id"] = f"{terms['billing_account_id']}-other"
        elif fault == "charge-quantity":
            terms["component"] = component.model_copy(update={"quantity": component.quantity + 1})
        elif fault == "charge-early":
            terms |= dict.fromkeys(("billing_trigger_date", "effective_from"), request.billing_trigger_date - WRONG_BY)
        elif fault == "charge-late":
            terms["effective_from"] = request.billing_trigger_date + WRONG_BY
        voice.send(c.ActivateCharge, BILLING, charge_id, **terms)
        self._charges.append(charge_id)
        yield voice.chance.minutes(1, 3)
        if fault == "charge-twice":
            voice.send(c.ActivateCharge, BILLING, f"{charge_id}-2", **{**terms, "handoff_id": None})
        elif fault == "charge-orphan":
            ghost = {"product_instance_id": f"{request.product_instance_id}-ghost", "handoff_id": None}
            voice.send(c.ActivateCharge, BILLING, f"{request.product_instance_id}-ghost/charge", **{**terms, **ghost})

    def _made(self, voice: Voice, fault: str, request: Any) -> None:
        about = {"order_id": request.order_id, "item_id": request.item_id, "component_id": request.component_id}
        orphan = fault == "charge-orphan"
        entity = f"{request.product_instance_id}-ghost/charge" if orphan else request.handoff_id
        if fault == "charge-quantity":
            entity = f"{request.handoff_id}/charge"
        product = f"{request.product_instance_id}-ghost" if orphan else request.product_instance_id
        voice.made(fault, entity, product_instance_id=product, **about)

    def invoice_in_fallout(self, voice: Voice, order_id: str) -> None:
        """Billing invoices what an order has brought so far, although the rest is in fallout (R278)."""
        month = date(voice.now.year, voice.now.month, 1)
        days = Days(month, later(month, 1))
        for charge_id in self._charges:
            charge: Charge = voice.standing("Charge", charge_id)
            running = charge.order_id == order_id and charge.state is ChargeState.ACTIVE
            if not running or charge.component.kind is ChargeKind.USAGE or not invoice_lines(charge.schedule, days):
                continue
            self._issue(charge, days, None)
            about = {"order_id": order_id, "item_id": charge.item_id, "component_id": charge.component.component_id}
            voice.made("invoiced-in-fallout", charge_id, product_instance_id=charge.product_instance_id, **about)
            return

    def charge_cancelled(self, voice: Voice, order: ProductOrder, item_id: str) -> None:
        """Billing charges an item that was cancelled, when that is the fault of the matter."""
        item = order.items[item_id]
        recurring = [x for x in item.price_components if x.kind is ChargeKind.RECURRING]
        if not voice.suffers("charge-cancelled") or not recurring:
            return
        charge_id = f"{item.product_instance_id}/{recurring[0].component_id}/charge"
        about = {"order_id": order.order_id, "item_id": item_id, "product_instance_id": item.product_instance_id}
        voice.send(
            c.ActivateCharge,
            BILLING,
            charge_id,
            **about,
            account_id=order.account_id,
            billing_account_id=order.parties.billing_account_id,
            component=recurring[0],
            billing_trigger_date=voice.now,
            effective_from=voice.now,
        )
        voice.made("charge-cancelled", charge_id, **about, component_id=recurring[0].component_id)

    def _excused(self, voice: Voice, request: Any) -> Generator[timedelta, None, bool]:
        """Some products are given away; somebody asks for it and somebody else allows it (R238, R510)."""
        component = request.terms.component
        if component.kind is not ChargeKind.RECURRING:
            return False
        forced = voice.suffers("charge-excused")
        if not voice.chance.happens(4) and not forced:
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
        if voice.chance.happens(30) and not forced:
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
                charge = voice.standing("Charge", charge_id)
                claimed = charge.invoiced.get(days)
                disrupted = claimed is not None and claimed.agreed > CREDIT_FROM and voice.chance.happens(1.5)
                # what was not used while it was disrupted is not charged anyway; a credit would hide a wrong invoice
                if disrupted and charge.component.kind is not ChargeKind.USAGE and not self._suffers(charge.order_id):
                    number = int(days.start.strftime("%y%m")) * 1_000_000 + self.customer.number
                    matter = f"credit-{charge_id.partition(':')[2].replace('/', '-')}"
                    voice.spawn(credit(Voice(voice.scene, matter, number), charge_id, days))

    def _suffers(self, order_id: str) -> bool:
        return self.voice.scene.faults.of(int(order_id.rpartition("-")[2])) is not None

    def _invoice(self, charge_id: str, days: Days) -> None:
        voice = self.voice
        charge: Charge = voice.standing("Charge", charge_id)
        if charge.state is ChargeState.REJECTED or days in charge.invoiced:
            return
        usage = Decimal(voice.chance.whole(20, 900)) if charge.component.kind is ChargeKind.USAGE else None
        if not invoice_lines(charge.schedule, days, usage):
            return
        order = voice.standing("ProductOrder", charge.order_id)
        if order.state is HeaderState.FALLOUT:  # it is invoiced when it is mended (R278)
            voice.spawn(self._later(charge_id, days))
            return
        self._issue(charge, days, usage)

    def _issue(self, charge: Charge, days: Days, usage: Decimal | None) -> None:
        voice, charge_id = self.voice, charge.charge_id
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
