"""The fold that keeps everything known of an order and says it to six audiences (R188-R195)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.asset import events as _asset
from domain.billing_handoff import events as _handoff
from domain.charge import events as _charge
from domain.fallout_case import events as _fallout
from domain.fold.facts import Entry, Facts
from domain.fold.fold import Derived, Place, Row
from domain.fold.heard import Heard
from domain.fulfillment_plan import events as _plan
from domain.non_billing_reason import events as _reason
from domain.order_state.policy import REFERENCE_V1, HeaderPolicy
from domain.order_status.billing_registers import charge_says, handoff_says, reason_says, verdict_says
from domain.order_status.decision_registers import DECISIONS, decision_says, quote_decisions_say
from domain.order_status.delivery_registers import (
    asset_says,
    fallout_says,
    payment_says,
    plan_says,
    provisioning_says,
    reservation_says,
)
from domain.order_status.known import known
from domain.order_status.limits import Limits
from domain.order_status.moments import Reached
from domain.order_status.order_registers import Said, order_says
from domain.order_status.rows.compliance import compliance_row
from domain.order_status.rows.customer import customer_row
from domain.order_status.rows.finance import finance_row
from domain.order_status.rows.fulfillment import fulfillment_row
from domain.order_status.rows.pieces import delivery
from domain.order_status.rows.sales import sales_row
from domain.order_status.rows.support import support_row
from domain.order_status.situation import Situation
from domain.order_status.timing import moves
from domain.payment_authorization import events as _payment
from domain.product_order import events as _order
from domain.provisioning_request import events as _provisioning
from domain.reservation import events as _reservation
from domain.segregation import DECISIVE_EVENTS

SPACE = "order"
RULE_ID = "order-status"
RULE_VERSION = "1"

QUOTE_DECISIONS = "QuoteDecisions"
VERDICT = "BillingHandoffVerdict"

_OWNERS = (
    (_order, order_says),
    (_plan, plan_says),
    (_reservation, reservation_says),
    (_provisioning, provisioning_says),
    (_fallout, fallout_says),
    (_payment, payment_says),
    (_asset, asset_says),
    (_handoff, handoff_says),
    (_charge, charge_says),
    (_reason, reason_says),
)
_SAYS: Mapping[str, Callable[[Heard], Said]] = {
    event.__name__: says for module, says in _OWNERS for event in module.EVENTS
}
_DERIVED: Mapping[str, Callable[[Heard], Said]] = {QUOTE_DECISIONS: quote_decisions_say, VERDICT: verdict_says}
AGGREGATE_OF: Mapping[str, str] = {event.__name__: module.AGGREGATE for module, _ in _OWNERS for event in module.EVENTS}
"""The aggregate of each owner's event the fold hears."""

ORDER_KINDS = frozenset(event.__name__ for event in _order.EVENTS)
_INTERNAL = """
ProductOrderValidationStarted ProductOrderValidated ProductOrderDecompositionStarted ProductOrderDecomposed
ProductOrderDecompositionFailed ProductOrderItemPendingExternal ProductOrderItemFailed ProductOrderFalloutRaised
ProductOrderFalloutResolved
"""


def _kinds(*aggregates: str) -> frozenset[str]:
    return frozenset(kind for kind, aggregate in AGGREGATE_OF.items() if aggregate in aggregates)


_DELIVERY = _kinds("FulfillmentPlan", "Reservation", "ProvisioningRequest", "FalloutCase")
_BILLING = _kinds("BillingHandoff", "Charge", "NonBillingReason")
_DECIDING = frozenset(_SAYS) & (DECISIONS | DECISIVE_EVENTS | {"FulfillmentTaskRetried"})
CITED: Mapping[str, frozenset[str]] = {
    "OrderStatusCustomer": ORDER_KINDS - frozenset(_INTERNAL.split()),
    "OrderStatusSales": ORDER_KINDS,
    "OrderStatusSupport": ORDER_KINDS | _kinds("FalloutCase"),
    "OrderStatusFulfillment": ORDER_KINDS | _DELIVERY | _kinds("Asset"),
    "OrderStatusFinance": ORDER_KINDS | _BILLING | {VERDICT},
    "OrderStatusCompliance": ORDER_KINDS | _DECIDING | frozenset(_DERIVED),
}
"""The events each record may cite: the name of one alone can say what its audience must not see."""


def _cites(kinds: frozenset[str]) -> Callable[[Entry], bool]:
    return lambda entry: entry.kind in kinds


_CITES = {record: _cites(kinds) for record, kinds in CITED.items()}


def _rows(situation: Situation) -> Iterable[tuple[str, dict[str, Any] | None]]:
    shared = delivery(situation)
    yield "OrderStatusCustomer", customer_row(situation)
    yield "OrderStatusSales", sales_row(situation)
    yield "OrderStatusSupport", support_row(situation, shared)
    yield "OrderStatusFulfillment", fulfillment_row(situation, shared)
    yield "OrderStatusFinance", finance_row(situation)
    yield "OrderStatusCompliance", compliance_row(situation)


@dataclass(frozen=True, slots=True)
class OrderStatusFold:
    """Everything about one order, for six audiences."""

    policy: HeaderPolicy = REFERENCE_V1
    limits: Limits = field(default_factory=Limits)

    @property
    def space(self) -> str:
        """Orders."""
        return SPACE

    @property
    def rule_id(self) -> str:
        """The rule the records name."""
        return RULE_ID

    @property
    def rule_version(self) -> str:
        """Its version, and the policy the state follows."""
        return f"{RULE_VERSION}/{self.policy.policy_id}"

    @property
    def kinds(self) -> frozenset[str]:
        """Every owner's event that names an order, and two derived records."""
        return frozenset(_SAYS) | frozenset(_DERIVED)

    @property
    def records(self) -> frozenset[str]:
        """One for each audience."""
        return frozenset(_CITES)

    def places(self, event: Heard) -> Iterable[Place]:
        """The order it is about, an order's own event being about its aggregate; nowhere across tenants."""
        order_id = event.subject if event.kind in ORDER_KINDS else event.data.get("orderId")
        if not isinstance(order_id, str) or not order_id.startswith(f"{event.tenant}:"):
            return ()
        return (place_of(order_id),)

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """What is remembered of it."""
        derived = _DERIVED.get(event.kind)
        if derived is not None:
            return derived(event)
        return self._owner_says(event)

    def _owner_says(self, event: Heard) -> Said:
        yield from _SAYS[event.kind](event)
        yield from decision_says(event)
        if moves(event.kind, AGGREGATE_OF[event.kind]):
            yield "moved", None

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """Six rows, the customer's left out for a draft; none before the order's own first event."""
        order = known(order_of(place), shared, self.policy)
        if order is None:
            return Derived()
        time = Reached(reached_us)
        situation = Situation(order, self.limits, time)
        rows = tuple(
            Row(record, order.order_id, data, cites=_CITES[record])
            for record, data in _rows(situation)
            if data is not None
        )
        return Derived(rows, time.wake_us)


def place_of(order_id: str) -> Place:
    """The group of an order."""
    return Place(f"{order_id.partition(':')[0]}:{SPACE}/{order_id}")


def order_of(place: Place) -> str:
    """The order of a group."""
    return place.group.partition("/")[2]
