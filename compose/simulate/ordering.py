"""An order from its capture to its last item."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

from compose.simulate.billing import Billing
from compose.simulate.clock import Signal
from compose.simulate.customers import Customer, merge_away
from compose.simulate.delivery import Delivery
from compose.simulate.fallout import Fallout
from compose.simulate.people import COMPLIANCE, CRM, DATA_STEWARD, FULFILLMENT, OMS, ORDER_MANAGER, SUPPORT
from compose.simulate.voice import Voice
from domain.account.commands import CloseAccount
from domain.command import fingerprint
from domain.fallout_case.states import FalloutCause, RepairKind
from domain.fulfillment_plan.commands import CreateFulfillmentPlan
from domain.fulfillment_plan.decomposition import snapshot_of
from domain.fulfillment_plan.plan import plan_id_of
from domain.order_state.states import Action, HeaderState
from domain.ownership.corrections import CorrectionKind
from domain.product_order import commands as c
from domain.product_order.order import ProductOrder
from domain.product_order.structure import (
    Commercial,
    Contact,
    DocumentRef,
    OrderIntent,
    OrderItem,
    OrderType,
    RequestedDates,
)
from domain.product_order.validation import Feasibility, ValidationContext
from domain.quote import commands as q
from domain.quote.conversion import accepted_quote, order_command
from domain.quote.quote import Quote

RULES = "decomposition.v1"
TYPES = {
    Action.ADD: OrderType.PROVIDE,
    Action.MODIFY: OrderType.CHANGE,
    Action.REPLACE: OrderType.CHANGE,
    Action.RENEW: OrderType.RENEWAL,
    Action.SUSPEND: OrderType.SUSPEND_RESUME,
    Action.RESUME: OrderType.SUSPEND_RESUME,
    Action.DELETE: OrderType.DISCONNECT,
}
CONTRACT_AHEAD = timedelta(days=20)
"""How long after its order a contract takes effect that does so later than the service."""
FATES = {
    "straight": 62,
    "repaired": 9,
    "given-up": 4,
    "closed": 3,
    "withdrawn": 3,
    "cancelled": 4,
    "refused": 3,
    "partly": 4,
    "rejected": 4,
    "turned-down": 1,
    "unmapped": 3,
}
"""What becomes of new orders, of a hundred; changes of what is installed go straight, or fall out and are mended."""

FATE_OF_FAULT = {
    "payment-kept": "closed",
    "charge-cancelled": "partly",
    "fallout-unresolved": "repaired",
    "invoiced-in-fallout": "repaired",
    "cancelled-late": "cancelled",
    "quote-lost": "straight",
    "order-duplicated": "straight",
    "price-altered": "straight",
    "account-closed": "straight",
    "account-merged": "straight",
    "provisioning-silent": "straight",
    "service-down": "straight",
}
"""Faults that only orders of a certain fate can show; one that is turned down soon has nothing left to be found."""


class Ordering:
    """One order of a customer; `action` is what it does to the root of its bundle."""

    def __init__(self, voice: Voice, customer: Customer, action: Action, billing: Billing) -> None:
        self.voice = voice
        self.customer = customer
        self.action = action
        self.billing = billing
        self.order_id = voice.identity("order")
        fate = voice.chance.one(FATES if action is Action.ADD else {"straight": 88, "repaired": 12})
        self.fate = FATE_OF_FAULT.get(voice.scene.faults.of(voice.number) or "", fate) if action is Action.ADD else fate
        self.fallout = Fallout(voice, self.order_id)

    @property
    def order(self) -> ProductOrder:
        """The order as it stands."""
        found: ProductOrder = self.voice.standing("ProductOrder", self.order_id)
        return found

    @property
    def billed_from(self) -> datetime:
        """From when on what it delivered is billed at the latest."""
        return max(self.voice.now, self.order.dates.contract_effective or self.voice.now)

    @property
    def delivered(self) -> bool:
        """Whether all of it was delivered."""
        items = [item for item in self.order.view.items if item.executable]
        return self.order.state is HeaderState.COMPLETED and all(item.state == "COMPLETED" for item in items)

    @property
    def followed(self) -> bool:
        """Whether later orders may change what it delivered; what was migrated has been billed elsewhere before."""
        return self.delivered and self.fate != "partly" and self.order.intent is not OrderIntent.INTERNAL_MIGRATION

    def convert(self, quote_id: str) -> Generator[timedelta | Signal]:
        """Turn an accepted quote into an order, by a command of its own (R52, R313)."""
        voice, seller = self.voice, self.customer.seller
        quote: Quote = voice.standing("Quote", quote_id)
        yield voice.chance.minutes(2, 600)
        assert quote.price is not None
        if voice.chance.happens(4):
            failed = {"failure_code": "DOWNSTREAM_TIMEOUT_OMS", "stage": "INTAKE", "message": "No answer in time."}
            voice.send(q.FailQuoteConversion, seller, quote_id, quote_version=quote.quote_version, **failed)
            yield voice.chance.minutes(5, 60)
        creation = order_command(
            quote,
            order_id=self.order_id,
            order_number=f"PO-{voice.number:06}",
            command_id=f"{voice.tenant}:{voice.correlation_id}/convert",
            actor=seller,
            correlation_id=voice.correlation_id,
            at=voice.now,
            order_type=TYPES[self.action],
            intent=self._intent(),
            dates=self._dates(),
            causation_id=voice.cause,
        )
        voice.carry_out(creation)
        if voice.chance.happens(3):  # a second click: answered with the first order, which leaves an attempt only
            voice.carry_out(creation.model_copy(update={"command_id": f"{creation.command_id}-again"}))
        voice.send(
            q.ConvertQuoteToOrder,
            seller,
            quote_id,
            quote_version=quote.quote_version,
            order_id=self.order_id,
            order_number=f"PO-{voice.number:06}",
            converted_at=voice.now,
            price_fingerprint=quote.price.price_fingerprint,
        )
        if voice.chance.happens(3):
            voice.spawn(self._correct(quote_id))
        yield from self.process(quote_id)

    def capture(self, items: tuple[OrderItem, ...], publication_id: str) -> Generator[timedelta | Signal]:
        """An order without a quote: nothing of it has a price."""
        voice, seller = self.voice, self.customer.seller
        amended = len(items) > 1 and voice.chance.happens(50)
        voice.send(
            c.CreateProductOrder,
            seller,
            self.order_id,
            idempotency_key=f"{voice.correlation_id}/capture",
            order_number=f"PO-{voice.number:06}",
            order_type=TYPES[self.action],
            intent=self._intent(),
            catalog_publication_id=publication_id,
            commercial=Commercial(currency=self.customer.market.currency, sales_rep_ref=seller.actor_id),
            parties=self.customer.terms(voice.now).parties,
            dates=self._dates(),
            items=items[:1] if amended else items,
        )
        yield voice.chance.minutes(2, 60)
        if amended:
            voice.send(c.AmendProductOrder, seller, self.order_id, items=items)
            yield voice.chance.minutes(2, 60)
        yield from self.process(None)

    def process(self, quote_id: str | None) -> Generator[timedelta | Signal]:
        """Submit, validate, accept, decompose and deliver, as far as the order gets."""
        voice = self.voice
        yield voice.chance.minutes(1, 30)
        voice.send(c.SubmitProductOrder, self.customer.seller, self.order_id)
        self._details()
        if self.fate == "withdrawn":
            reason = {"reason_code": "CUSTOMER_CHANGED_MIND"}
            voice.send(c.CancelProductOrder, self.customer.seller, self.order_id, **reason)
            return
        yield voice.chance.minutes(1, 5)
        voice.send(c.StartProductOrderValidation, OMS, self.order_id)
        yield voice.chance.minutes(1, 5)
        if self.fate == "turned-down":
            voice.send(c.RejectProductOrder, ORDER_MANAGER, self.order_id, reason_code="CREDIT_REFUSED")
            return
        voice.send(c.CompleteProductOrderValidation, OMS, self.order_id, context=self._known(quote_id))
        if self.fate == "rejected":
            return
        voice.send(c.AcceptProductOrder, OMS, self.order_id)
        yield voice.chance.minutes(1, 10)
        if voice.suffers("account-closed"):
            voice.send(CloseAccount, CRM, self.customer.account_id, reason_code="CUSTOMER_LEFT")
            self.customer.closed = True
            voice.made("account-closed", self.order_id, order_id=self.order_id)
        elif voice.suffers("account-merged"):
            merge_away(voice, self.customer)
            voice.made("account-merged", self.order_id, order_id=self.order_id)
        yield from self._decomposed()
        yield from Delivery(voice, self.customer, self.order_id, self.fate, self.fallout, self.billing).run()

    def _decomposed(self) -> Generator[timedelta | Signal]:
        voice, plan_id = self.voice, plan_id_of(self.order_id)
        voice.send(c.StartProductOrderDecomposition, OMS, self.order_id)
        if self.fate == "unmapped":
            failure = {"rules_version": RULES, "failure_code": "NO_MAPPING"}
            voice.send(c.FailProductOrderDecomposition, OMS, self.order_id, **failure)
            self.fallout.detect(FalloutCause.DECOMPOSITION_FAILED, "NO_MAPPING", None, None)
            yield from self.fallout.repaired(RepairKind.DATA_CORRECTION, None)
        made = {"order": snapshot_of(self.order), "rules_version": RULES}
        voice.send(CreateFulfillmentPlan, FULFILLMENT, plan_id, **made)
        voice.send(c.CompleteProductOrderDecomposition, OMS, self.order_id, plan_id=plan_id, rules_version=RULES)

    def _known(self, quote_id: str | None) -> ValidationContext:
        voice = self.voice
        quote = accepted_quote(voice.standing("Quote", quote_id), voice.now, self.order_id) if quote_id else None
        feasibility = Feasibility.FAILED if self.fate == "rejected" else Feasibility.PASSED
        return ValidationContext(checked_at=voice.now, quote=quote, feasibility=feasibility)

    def _details(self) -> None:
        """What people write onto an order while it is on its way."""
        voice = self.voice
        kind = voice.chance.one({"none": 70, "note": 12, "contact": 10, "document": 8})
        if kind == "note":
            voice.send(c.AddOrderNote, SUPPORT, self.order_id, note="Ring at the gate.")
        elif kind == "contact":
            contact = Contact(name=f"Site Contact {voice.number}")
            voice.send(c.UpdateContactDetails, SUPPORT, self.order_id, contact=contact)
        elif kind == "document":
            content = fingerprint({"plan": self.order_id})
            document = DocumentRef(document_id=f"{self.order_id}/plan", kind="SITE_PLAN", content_hash=content)
            voice.send(c.AttachOrderDocument, SUPPORT, self.order_id, document=document)

    def _correct(self, quote_id: str) -> Generator[timedelta]:
        """The record of the signature was wrong: both stay, and say so (R124, R502)."""
        voice = Voice(self.voice.scene, "quote-correction", self.voice.number)
        wrong = {"correction_id": "correction-1", "correction_kind": CorrectionKind.HISTORICAL}
        wrong |= {"subject": "signature_envelope_id", "original": f"{quote_id}/signature"}
        wrong |= {"corrected": f"{quote_id}/signature-2", "justification": "The provider's log names the other one."}
        version = voice.standing("Quote", quote_id).version
        asked: dict[str, Any] = {**wrong, "corrected_version": version, "reason_code": "WRONG_EVIDENCE"}
        asked["evidence_ref"] = f"{quote_id}/log"
        yield voice.chance.minutes(60, 3_000)
        voice.send(q.RequestQuoteCorrection, SUPPORT, quote_id, **asked)
        yield voice.chance.minutes(60, 1_000)
        proven = {"correction_id": "correction-1", "reason_code": "PROVEN"}
        voice.send(q.ApproveQuoteCorrection, COMPLIANCE, quote_id, **proven)
        yield voice.chance.minutes(10, 600)
        voice.send(q.ApplyQuoteCorrection, DATA_STEWARD, quote_id, correction_id="correction-1")

    def _intent(self) -> OrderIntent:
        if self.action is Action.ADD:
            return OrderIntent.INTERNAL_MIGRATION if self.voice.number % 50 == 49 else OrderIntent.CUSTOMER_PURCHASE
        return OrderIntent.RETENTION if self.action is Action.RENEW else OrderIntent.AMENDMENT

    def _dates(self) -> RequestedDates:
        voice = self.voice
        wanted = voice.now + voice.chance.about(timedelta(days=12))
        later = self.action is Action.ADD and voice.chance.happens(12)
        return RequestedDates(
            requested_completion=wanted,
            committed_completion=wanted + timedelta(days=5),
            contract_effective=voice.now + CONTRACT_AHEAD if later else None,
        )
