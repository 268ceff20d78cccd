"""Which records the platform has a contract for, by owner and aggregate; `.avsc` files are made from this list."""

from __future__ import annotations

from dataclasses import dataclass

from domain.account import events as _account_events
from domain.account_view import record as _account_view
from domain.alert import record as _alert
from domain.approval_case import events as _approval_case_events
from domain.asset import events as _asset_events
from domain.billing_handoff import events as _handoff_events
from domain.billing_verdict import record as _billing_verdict
from domain.case import record as _case
from domain.case_decision import events as _case_decision_events
from domain.catalog_publication import events as _publication_events
from domain.charge import events as _charge_events
from domain.consumer_checkpoint import events as _checkpoint_events
from domain.delivery_view import record as _delivery_view
from domain.drift import finding as _finding
from domain.evidence_package import events as _evidence_events
from domain.fallout_case import events as _fallout_events
from domain.fulfillment_plan import events as _plan_events
from domain.governance_record import events as _governance_events
from domain.model import Model
from domain.non_billing_reason import events as _non_billing_events
from domain.order_capture import events as _capture_events
from domain.order_reference import record as _order_reference
from domain.order_state import record as _order_state
from domain.order_status import control_records as _order_control
from domain.order_status import records as _order_status
from domain.order_status import work_records as _order_work
from domain.payment_authorization import events as _payment_events
from domain.price_calculation import events as _price_calculation_events
from domain.product_order import events as _product_order_events
from domain.provisioning_request import events as _provisioning_events
from domain.quote import events as _quote_events
from domain.quote_view import decision_record as _quote_decisions
from domain.quote_view import record as _quote_view
from domain.quote_view import trace_record as _pricing_trace
from domain.reservation import events as _reservation_events
from domain.timeline import record as _timeline

__all__ = ["RECORDS", "RecordType"]


@dataclass(frozen=True, slots=True)
class RecordType:
    """One contract: whose it is, which aggregate it is about, and its shape."""

    owner: str
    aggregate: str
    model: type[Model]

    @property
    def name(self) -> str:
        """Name of the record, such as `ProductOrderCreated`."""
        return self.model.__name__


RECORDS: tuple[RecordType, ...] = (
    *(
        RecordType(_product_order_events.OWNER, _product_order_events.AGGREGATE, m)
        for m in _product_order_events.EVENTS
    ),
    *(RecordType(_capture_events.OWNER, _capture_events.AGGREGATE, m) for m in _capture_events.EVENTS),
    *(RecordType(_asset_events.OWNER, _asset_events.AGGREGATE, m) for m in _asset_events.EVENTS),
    *(RecordType(_handoff_events.OWNER, _handoff_events.AGGREGATE, m) for m in _handoff_events.EVENTS),
    *(RecordType(_fallout_events.OWNER, _fallout_events.AGGREGATE, m) for m in _fallout_events.EVENTS),
    *(RecordType(_plan_events.OWNER, _plan_events.AGGREGATE, m) for m in _plan_events.EVENTS),
    *(RecordType(_charge_events.OWNER, _charge_events.AGGREGATE, m) for m in _charge_events.EVENTS),
    *(RecordType(_non_billing_events.OWNER, _non_billing_events.AGGREGATE, m) for m in _non_billing_events.EVENTS),
    *(RecordType(_evidence_events.OWNER, _evidence_events.AGGREGATE, m) for m in _evidence_events.EVENTS),
    *(RecordType(_governance_events.OWNER, _governance_events.AGGREGATE, m) for m in _governance_events.EVENTS),
    *(RecordType(_checkpoint_events.OWNER, _checkpoint_events.AGGREGATE, m) for m in _checkpoint_events.EVENTS),
    *(RecordType(_reservation_events.OWNER, _reservation_events.AGGREGATE, m) for m in _reservation_events.EVENTS),
    *(RecordType(_payment_events.OWNER, _payment_events.AGGREGATE, m) for m in _payment_events.EVENTS),
    *(RecordType(_provisioning_events.OWNER, _provisioning_events.AGGREGATE, m) for m in _provisioning_events.EVENTS),
    *(RecordType(_account_events.OWNER, _account_events.AGGREGATE, m) for m in _account_events.EVENTS),
    *(RecordType(_publication_events.OWNER, _publication_events.AGGREGATE, m) for m in _publication_events.EVENTS),
    *(
        RecordType(_price_calculation_events.OWNER, _price_calculation_events.AGGREGATE, m)
        for m in _price_calculation_events.EVENTS
    ),
    *(
        RecordType(_approval_case_events.OWNER, _approval_case_events.AGGREGATE, m)
        for m in _approval_case_events.EVENTS
    ),
    *(RecordType(_quote_events.OWNER, _quote_events.AGGREGATE, m) for m in _quote_events.EVENTS),
    *(
        RecordType(_case_decision_events.OWNER, _case_decision_events.AGGREGATE, m)
        for m in _case_decision_events.EVENTS
    ),
    RecordType(_order_state.OWNER, _order_state.AGGREGATE, _order_state.OrderState),
    RecordType(_billing_verdict.OWNER, _billing_verdict.AGGREGATE, _billing_verdict.BillingHandoffVerdict),
    RecordType(_finding.OWNER, _finding.AGGREGATE, _finding.DriftFinding),
    *(
        RecordType(_timeline.OWNER, m.__name__, m)
        for m in (
            _timeline.OrderTimeline,
            _timeline.QuoteTimeline,
            _timeline.AccountTimeline,
            _quote_view.QuoteView,
            _quote_decisions.QuoteDecisions,
            _pricing_trace.PricingTrace,
            _pricing_trace.QuoteStaleness,
            _order_reference.OrderReference,
            _delivery_view.FulfillmentPlanView,
            _delivery_view.FalloutView,
            _delivery_view.FulfillmentException,
            _account_view.AccountView,
            _account_view.AccountHoldings,
        )
    ),
    *(
        RecordType(_order_status.OWNER, _order_status.AGGREGATE, m)
        for m in (
            _order_status.OrderStatusCustomer,
            _order_status.OrderStatusSales,
            _order_status.OrderStatusSupport,
            _order_work.OrderStatusFulfillment,
            _order_control.OrderStatusFinance,
            _order_control.OrderStatusCompliance,
        )
    ),
    RecordType(_case.OWNER, _case.AGGREGATE, _case.ReconciliationCase),
    RecordType(_alert.OWNER, _alert.AGGREGATE, _alert.Alert),
)
