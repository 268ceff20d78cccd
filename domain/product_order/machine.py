"""The rows of a ProductOrder's state machine (R153-R162, R57-R62)."""

from __future__ import annotations

from datetime import timedelta

from domain.machine import Transition, rows
from domain.order_state.states import TERMINAL_HEADER_STATES, HeaderState
from domain.product_order import commands as c
from domain.product_order import events as e

H = HeaderState

CAPTURE_ROLES = frozenset({"customer", "sales", "partner", "call-center", "order-capture", "migration"})
MANAGER_ROLES = frozenset({"order-manager", "oms"})
OPERATION_ROLES = MANAGER_ROLES | {"fulfillment-operator"}

_ANY = frozenset(HeaderState)
_OPEN = _ANY - TERMINAL_HEADER_STATES
_NOT_BEGUN = frozenset({H.DRAFT, H.SUBMITTED, H.VALIDATING})
_ACCEPTED = frozenset({H.ACCEPTED, H.IN_PROGRESS, H.FALLOUT, H.CANCELLING})


ROWS = rows(
    Transition(
        c.CreateProductOrder,
        frozenset(),
        CAPTURE_ROLES | MANAGER_ROLES,
        (e.ProductOrderCreated,),
        guards=("quote-is-versioned", "structure", "actions-name-their-product", "one-currency", "source-is-trusted"),
        compensation="CancelProductOrder",
        retry="safe under the same idempotency key",
    ),
    Transition(
        c.AmendProductOrder,
        frozenset({H.DRAFT}),
        CAPTURE_ROLES | MANAGER_ROLES,
        (e.ProductOrderAmended,),
        guards=("structure", "actions-name-their-product", "one-currency", "cancelled-lines-stay", "source-is-trusted"),
        compensation="AmendProductOrder with the lines of before",
    ),
    Transition(
        c.SubmitProductOrder,
        frozenset({H.DRAFT}),
        CAPTURE_ROLES | MANAGER_ROLES,
        (e.ProductOrderSubmitted,),
        guards=("has-items",),
        compensation="CancelProductOrder",
        timeout=timedelta(minutes=15),
        on_timeout="order-manager",
    ),
    Transition(
        c.StartProductOrderValidation,
        frozenset({H.SUBMITTED}),
        MANAGER_ROLES,
        (e.ProductOrderValidationStarted,),
        timeout=timedelta(minutes=15),
        on_timeout="order-manager",
    ),
    Transition(
        c.CompleteProductOrderValidation,
        frozenset({H.VALIDATING}),
        MANAGER_ROLES,
        (e.ProductOrderValidated, e.ProductOrderRejected),
    ),
    Transition(
        c.AcceptProductOrder,
        frozenset({H.SUBMITTED, H.VALIDATING}),
        MANAGER_ROLES,
        (e.ProductOrderAccepted, e.ProductOrderRejected, e.ProductOrderCompleted),
        guards=("validated-or-context",),
        side_effects="decomposition begins; product instances are named",
        compensation="CancelProductOrder",
        timeout=timedelta(hours=4),
        on_timeout="order-manager",
    ),
    Transition(
        c.RejectProductOrder,
        frozenset({H.SUBMITTED, H.VALIDATING}),
        MANAGER_ROLES,
        (e.ProductOrderRejected,),
        guards=("has-reason",),
    ),
    Transition(
        c.StartProductOrderDecomposition,
        _ACCEPTED,
        MANAGER_ROLES,
        (e.ProductOrderDecompositionStarted,),
        guards=("not-decomposed",),
    ),
    Transition(
        c.CompleteProductOrderDecomposition,
        _ACCEPTED,
        MANAGER_ROLES,
        (e.ProductOrderDecomposed,),
        guards=("not-decomposed",),
        side_effects="fulfillment executes the plan",
    ),
    Transition(
        c.FailProductOrderDecomposition,
        _ACCEPTED,
        MANAGER_ROLES,
        (e.ProductOrderDecompositionFailed, e.ProductOrderFalloutRaised),
        guards=("not-decomposed",),
    ),
    Transition(
        c.StartProductOrderItem,
        _ACCEPTED,
        OPERATION_ROLES,
        (e.ProductOrderItemStarted,),
        guards=(
            "decomposed",
            "item-known",
            "item-executable",
            "item-not-started",
            "item-stays",
            "dependencies-done",
        ),
        compensation="CancelProductOrder naming the item",
        timeout=timedelta(hours=72),
        on_timeout="fulfillment-operator",
    ),
    Transition(
        c.HoldProductOrderItem,
        _ACCEPTED,
        OPERATION_ROLES,
        (e.ProductOrderItemPendingExternal,),
        guards=("item-known", "item-in-work"),
        timeout=timedelta(days=5),
        on_timeout="fulfillment-operator",
    ),
    Transition(
        c.CompleteProductOrderItem,
        _ACCEPTED,
        OPERATION_ROLES,
        (e.ProductOrderItemCompleted, e.ProductOrderCompleted),
        guards=("item-known", "item-in-work"),
        side_effects="billing handoff and asset activation become due",
        compensation="a DELETE order on the product instance",
    ),
    Transition(
        c.FailProductOrderItem,
        _ACCEPTED,
        OPERATION_ROLES,
        (e.ProductOrderItemFailed, e.ProductOrderFalloutRaised),
        guards=("item-known", "item-in-work"),
        compensation="ResolveProductOrderFallout",
        timeout=timedelta(hours=24),
        on_timeout="order-manager",
    ),
    Transition(
        c.RaiseProductOrderFallout,
        _ACCEPTED,
        OPERATION_ROLES,
        (e.ProductOrderFalloutRaised,),
        guards=(
            "fallout-unknown",
            "item-known-if-named",
            "item-executable-if-named",
            "item-open-if-named",
            "item-without-fallout",
        ),
        compensation="ResolveProductOrderFallout",
        timeout=timedelta(hours=24),
        on_timeout="order-manager",
    ),
    Transition(
        c.ResolveProductOrderFallout,
        _ACCEPTED,
        OPERATION_ROLES,
        (e.ProductOrderFalloutResolved, e.ProductOrderCompleted),
        guards=("fallout-open", "resolution-goes-on"),
    ),
    Transition(
        c.CancelProductOrder,
        _OPEN,
        CAPTURE_ROLES | MANAGER_ROLES | {"support"},
        (
            e.ProductOrderCancellationRequested,
            e.ProductOrderItemCancelled,
            e.ProductOrderCancelled,
            e.ProductOrderCompleted,
        ),
        guards=("items-known", "something-to-cancel", "before-cutoff", "nothing-depends"),
        side_effects="fulfillment compensates what was begun",
        compensation="RefuseProductOrderCancellation",
        timeout=timedelta(hours=24),
        on_timeout="order-manager",
    ),
    Transition(
        c.RefuseProductOrderCancellation,
        _ACCEPTED,
        MANAGER_ROLES,
        (e.ProductOrderCancellationRefused,),
        guards=("items-known", "cancellation-open", "has-reason"),
    ),
    Transition(
        c.CancelProductOrderItem,
        _ACCEPTED,
        OPERATION_ROLES,
        (e.ProductOrderItemCancelled, e.ProductOrderCancelled, e.ProductOrderCompleted),
        guards=("item-known", "item-executable", "item-cancelling"),
    ),
    Transition(c.AddOrderNote, _ANY, CAPTURE_ROLES | OPERATION_ROLES | {"support"}, (e.ProductOrderDetailsUpdated,)),
    Transition(
        c.AttachOrderDocument,
        _ANY,
        CAPTURE_ROLES | OPERATION_ROLES | {"support"},
        (e.ProductOrderDetailsUpdated,),
    ),
    Transition(
        c.UpdateRequestedDate,
        _NOT_BEGUN | {H.ACCEPTED},
        CAPTURE_ROLES | MANAGER_ROLES | {"support"},
        (e.ProductOrderDetailsUpdated,),
    ),
    Transition(
        c.UpdateContactDetails,
        _OPEN,
        CAPTURE_ROLES | MANAGER_ROLES | {"support"},
        (e.ProductOrderDetailsUpdated,),
    ),
    Transition(
        c.CloseProductOrderAsFailed,
        _ACCEPTED | {H.FAILED_CLOSED},
        frozenset({"order-manager"}),
        (e.ProductOrderFalloutResolved, e.ProductOrderItemFailed, e.ProductOrderFailedClosed),
        guards=("has-reason", "nothing-in-work-or-delivered", "not-closed-yet"),
    ),
)
