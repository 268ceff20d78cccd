"""What happens to each order of the demonstration, as the commands its people and systems would send.

A story is a function of seed and number alone: telling it again gives the same commands with the same ids, which the
store answers from memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from compose.demo.offers import BUNDLES, Bundles, change_lines, new_lines
from domain.command import Actor, Command, fingerprint
from domain.errors import Refusal
from domain.order_state.states import ItemState, Repair
from domain.product_order import commands as c
from domain.product_order.aggregate import decide
from domain.product_order.graph import execution_order
from domain.product_order.order import ProductOrder, evolve
from domain.product_order.structure import Commercial, Contact, OrderIntent, OrderType, Parties, RequestedDates
from domain.product_order.validation import AcceptedQuote, Feasibility, QuoteLine, ValidationContext, line_total

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
RULES_VERSION = "decomposition.v1"

SELLER = Actor(actor_id="seller-7", role="sales", system="crm", channel="direct")
SHOP = Actor(actor_id="shop", role="order-capture", system="webshop", channel="e-commerce")
MANAGER = Actor(actor_id="order-desk", role="order-manager", system="oms")
OMS = Actor(actor_id="oms", role="oms", system="oms")
CREW = Actor(actor_id="crew-3", role="fulfillment-operator", system="fulfillment")


class Sent(NamedTuple):
    """A command at the moment it is sent."""

    command: Command
    at: datetime


def stories(orders: int, seed: int, bundles: Bundles = BUNDLES) -> Iterator[list[Sent]]:
    """The commands of each order, in the order they are sent; tenant `sim-<seed>`. `bundles` is what is on sale."""
    for number in range(1, orders + 1):
        teller = _Teller(seed, number, bundles)
        yield teller.tell()


class _Teller:
    """Tells one order's story while following the aggregate, so that each command fits where the order stands."""

    def __init__(self, seed: int, number: int, bundles: Bundles) -> None:
        self.bundles = bundles
        self.random = Random(f"{seed}/{number}")
        self.tenant = f"sim-{seed}"
        self.order_id = f"{self.tenant}:order-{number:06d}"
        self.number = f"PO-{seed}-{number:06d}"
        self.now = START + timedelta(minutes=number) + timedelta(seconds=self.random.randint(0, 59))
        self.order: ProductOrder | None = None
        self.sent: list[Sent] = []

    def tell(self) -> list[Sent]:
        name = self.random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        _STORIES[name](self)
        return self.sent

    def send(self, command: type[Command], actor: Actor, **fields: Any) -> None:
        """Send a command; one that is refused is part of the story and changes nothing."""
        self.now += timedelta(seconds=self.random.expovariate(1 / 600))
        number = len(self.sent) + 1
        sent = command(
            aggregate_id=self.order_id,
            command_id=f"{self.order_id}/{number:03d}",
            actor=actor,
            correlation_id=self.order_id,
            causation_id=self.sent[-1].command.command_id if self.sent else None,
            **fields,
        )
        self.sent.append(Sent(sent, self.now))
        try:
            events = decide(self.order, sent, self.now)
        except Refusal:
            return
        for event in events:
            self.order = evolve(self.order, event)

    def capture(self, *, change: bool = False) -> None:
        """Create and submit, from a quote or from the shop."""
        currency = self.random.choice(("EUR", "EUR", "USD", "CHF", "GBP"))
        lines = (change_lines if change else new_lines)(self.random, self.tenant, currency, self.bundles)
        quoted = self.random.random() < 0.7
        account = f"{self.tenant}:account-{self.random.randint(1, 50):04d}"
        self.send(
            c.CreateProductOrder,
            SELLER if quoted else SHOP,
            idempotency_key=f"request-{self.order_id}",
            order_number=self.number,
            order_type=OrderType.CHANGE if change else OrderType.PROVIDE,
            intent=OrderIntent.AMENDMENT if change else OrderIntent.CUSTOMER_PURCHASE,
            quote_id=f"{self.order_id}-quote" if quoted else None,
            quote_version=1 if quoted else None,
            catalog_publication_id=f"{self.tenant}:publication-2026-01",
            external_references={"crm": f"opportunity-{self.number}"},
            commercial=Commercial(currency=currency, term_months=36, proposal_document_hash=self._proposal_hash()),
            parties=Parties(
                customer_id=f"{account}-customer", account_id=account, billing_account_id=f"{account}-bill"
            ),
            dates=RequestedDates(requested_completion=self.now + timedelta(days=14)),
            items=lines,
        )

    def submit(self) -> None:
        self.send(c.SubmitProductOrder, SELLER)

    def validate(self, **known: Any) -> None:
        self.send(c.StartProductOrderValidation, OMS)
        self.send(c.CompleteProductOrderValidation, OMS, context=self.context(**known))

    def accept(self) -> None:
        self.capture_and_validate()
        self.send(c.AcceptProductOrder, OMS)

    def capture_and_validate(self) -> None:
        self.capture(change=self.random.random() < 0.2)
        self.submit()
        self.validate()

    def plan(self) -> None:
        self.send(c.StartProductOrderDecomposition, OMS)
        plan_id = f"{self.order_id}-plan"
        self.send(c.CompleteProductOrderDecomposition, OMS, plan_id=plan_id, rules_version=RULES_VERSION)

    def context(self, **known: Any) -> ValidationContext:
        """What the neighbours know of the order: the accepted quote fits, unless `known` says otherwise."""
        order = self.order
        assert order is not None
        quote = None
        if order.quote_id is not None:
            line_of = {i.item_id: i.quote_line_id for i in order.items.values()}
            quote = AcceptedQuote(
                quote_id=order.quote_id,
                version=order.quote_version or 1,
                state="Accepted",
                valid_until=self.now + timedelta(days=30),
                approval_valid=True,
                proposal_document_hash=self._proposal_hash(),
                currency=order.commercial.currency,
                lines=tuple(
                    QuoteLine(
                        line_id=i.quote_line_id or "",
                        parent_line_id=line_of.get(i.parent_item_id or ""),
                        total=line_total(i),
                    )
                    for i in order.items.values()
                ),
            )
        return ValidationContext(**{"checked_at": self.now, "quote": quote, **known})

    def executable(self) -> list[str]:
        """Items to work on, each after what it depends on."""
        order = self.order
        assert order is not None
        return [i for i in execution_order(order.items) if order.items[i].executable]

    def work(self, items: list[str] | None = None) -> None:
        """Deliver items, with waiting, failing and repairing on the way."""
        for item in self.executable() if items is None else items:
            self.start(item)
            if self.random.random() < 0.25:
                self.send(c.HoldProductOrderItem, CREW, item_id=item, waiting_for="carrier")
            if self.random.random() < 0.08:
                self.send(c.FailProductOrderItem, CREW, item_id=item, repair=Repair.AUTO, failure_code="TIMEOUT")
            self.done(item)

    def start(self, item: str) -> None:
        self.send(c.StartProductOrderItem, CREW, item_id=item)

    def done(self, item: str) -> None:
        self.send(c.CompleteProductOrderItem, CREW, item_id=item, service_activation_date=self.now)

    def repair(self, state: ItemState | None) -> None:
        """Resolve the oldest open fallout."""
        assert self.order is not None
        fallout = min(self.order.open_fallouts())
        self.send(
            c.ResolveProductOrderFallout, MANAGER, fallout_id=fallout, item_state=state, repair_ref=f"repair-{fallout}"
        )

    def _proposal_hash(self) -> str:
        return fingerprint({"proposal": self.order_id})


def _straight(t: _Teller) -> None:
    t.accept()
    t.plan()
    t.work()


def _unfinished(t: _Teller) -> None:
    t.accept()
    t.plan()
    t.work(t.executable()[:1])


def _fallout(t: _Teller) -> None:
    t.accept()
    t.plan()
    first, *rest = t.executable()
    t.start(first)
    t.send(c.FailProductOrderItem, CREW, item_id=first, repair=Repair.HUMAN, failure_code="PORT_UNAVAILABLE")
    if t.random.random() < 0.8:
        t.repair(ItemState.IN_PROGRESS)
        t.done(first)
        t.work(rest)


def _order_fallout(t: _Teller) -> None:
    t.accept()
    failure = "NO_MAPPING"
    t.send(c.StartProductOrderDecomposition, OMS)
    t.send(c.FailProductOrderDecomposition, OMS, rules_version=RULES_VERSION, failure_code=failure)
    t.repair(None)
    t.plan()
    t.work()


def _cancelled_early(t: _Teller) -> None:
    t.capture()
    t.submit()
    t.send(c.CancelProductOrder, SELLER, reason_code="CUSTOMER_CHANGED_MIND")


def _cancelled_in_flight(t: _Teller) -> None:
    t.accept()
    t.plan()
    first = t.executable()[0]
    t.start(first)
    t.send(c.CancelProductOrder, SELLER, reason_code="CUSTOMER_CHANGED_MIND")
    if t.random.random() < 0.7:
        t.send(c.CancelProductOrderItem, CREW, item_id=first)


def _cancellation_refused(t: _Teller) -> None:
    t.accept()
    t.plan()
    first, *rest = t.executable()
    t.start(first)
    t.send(c.CancelProductOrder, SELLER, item_ids=(first,), reason_code="CUSTOMER_CHANGED_MIND")
    t.send(c.RefuseProductOrderCancellation, MANAGER, reason_code="TOO_LATE")
    t.done(first)
    t.work(rest)


def _partly_cancelled(t: _Teller) -> None:
    t.accept()
    t.plan()
    *most, last = t.executable()
    t.send(c.CancelProductOrder, SELLER, item_ids=(last,), reason_code="NOT_NEEDED")
    t.work(most)


def _amended(t: _Teller) -> None:
    t.capture()
    assert t.order is not None
    doubled = tuple(i.model_copy(update={"quantity": i.quantity + 1}) for i in t.order.items.values())
    t.send(c.AmendProductOrder, SELLER, items=doubled)
    t.submit()
    t.send(c.UpdateContactDetails, SELLER, contact=Contact(name="Site Contact", phone="+49 30 5550100"))
    t.validate()
    t.send(c.AcceptProductOrder, OMS)
    t.plan()
    t.work()


def _rejected(t: _Teller) -> None:
    t.capture()
    t.submit()
    t.validate(feasibility=Feasibility.FAILED)


def _partial(t: _Teller) -> None:
    t.accept()
    t.plan()
    *most, last = t.executable()
    t.work(most)
    t.start(last)
    t.send(c.FailProductOrderItem, CREW, item_id=last, repair=Repair.NONE, failure_code="NO_STOCK")


def _closed(t: _Teller) -> None:
    t.accept()
    t.plan()
    first = t.executable()[0]
    t.start(first)
    t.send(c.FailProductOrderItem, CREW, item_id=first, repair=Repair.HUMAN, failure_code="SITE_UNSAFE")
    t.send(c.CloseProductOrderAsFailed, MANAGER, reason_code="NOT_DELIVERABLE")


def _clumsy(t: _Teller) -> None:
    """Requests that are repeated or refused: each leaves its attempt, none changes the order."""
    t.capture()
    again = t.sent[-1].command
    assert isinstance(again, c.CreateProductOrder)
    repeated = again.model_copy(update={"command_id": f"{again.command_id}-again"})
    t.sent.append(Sent(repeated, t.now))
    altered = again.commercial.model_copy(update={"term_months": 12})
    conflicting = again.model_copy(update={"command_id": f"{again.command_id}-altered", "commercial": altered})
    t.sent.append(Sent(conflicting, t.now))
    t.submit()
    t.submit()
    t.validate()
    t.send(c.AcceptProductOrder, SELLER)
    t.send(c.AcceptProductOrder, OMS, expected_version=1)
    t.send(c.AcceptProductOrder, OMS)
    t.plan()
    t.done(t.executable()[0])
    t.work()


_STORIES: Mapping[str, Callable[[_Teller], None]] = {
    "straight": _straight,
    "unfinished": _unfinished,
    "fallout": _fallout,
    "order-fallout": _order_fallout,
    "cancelled-early": _cancelled_early,
    "cancelled-in-flight": _cancelled_in_flight,
    "cancellation-refused": _cancellation_refused,
    "partly-cancelled": _partly_cancelled,
    "amended": _amended,
    "rejected": _rejected,
    "partial": _partial,
    "closed": _closed,
    "clumsy": _clumsy,
}
_WEIGHTS: Mapping[str, float] = {
    "straight": 40,
    "unfinished": 8,
    "fallout": 10,
    "order-fallout": 4,
    "cancelled-early": 5,
    "cancelled-in-flight": 5,
    "cancellation-refused": 4,
    "partly-cancelled": 4,
    "amended": 6,
    "rejected": 4,
    "partial": 3,
    "closed": 3,
    "clumsy": 4,
}
