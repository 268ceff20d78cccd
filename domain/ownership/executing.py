"""The rows of what is executed: orders, plans, resources, assets."""

from __future__ import annotations

from domain.ownership.corrections import CorrectionKind as K
from domain.ownership.matrix import ControlPlane, Ownership, row

EXECUTING: tuple[Ownership, ...] = (
    row(
        "OrderCaptureAttempt",
        "oms",
        "memory of commands",
        "OrderCaptureAttempted",
        engages="sales-channels partner-portal",
        refers="evidence",
        corrections=(),
        corrected_by="",
        reconciled_by="event.missing-lineage",
        must_snapshot=False,
        plane=ControlPlane.COMMITMENT,
    ),
    row(
        "ProductOrder",
        "oms",
        "product orders and their items",
        "ProductOrderCreated ProductOrderSubmitted ProductOrderValidationStarted ProductOrderValidated "
        "ProductOrderAccepted ProductOrderRejected ProductOrderDecompositionStarted ProductOrderDecomposed "
        "ProductOrderDecompositionFailed ProductOrderItemStarted ProductOrderItemPendingExternal "
        "ProductOrderItemCompleted ProductOrderItemFailed ProductOrderItemCancelled ProductOrderFalloutRaised "
        "ProductOrderFalloutResolved ProductOrderCancellationRequested ProductOrderCancellationRefused "
        "ProductOrderCancelled ProductOrderAmended ProductOrderDetailsUpdated ProductOrderCompleted "
        "ProductOrderFailedClosed",
        engages="sales-channels agent-desktop partner-portal",
        refers="crm fulfillment billing inventory",
        corrections=(K.OPERATIONAL, K.COMMERCIAL),
        corrected_by="ProductOrderAmended ProductOrderDetailsUpdated ProductOrderFalloutResolved",
        reconciled_by="state.header-vs-items state.completed-with-open-task state.tasks-done-order-open "
        "state.fallout-on-completed state.duplicate-order state.cancelled-after-cutoff "
        "state.changed-without-amendment financial.quote-vs-order financial.order-vs-charge asset.missing",
        must_snapshot=True,
        plane=ControlPlane.EXECUTION,
    ),
    row(
        "BillingHandoff",
        "oms",
        "billing handoffs",
        "BillingActivationRequested BillingActivationWithdrawn",
        engages="",
        refers="billing",
        corrections=(K.OPERATIONAL, K.FINANCIAL),
        corrected_by="BillingActivationWithdrawn BillingActivationRequested",
        reconciled_by="billing.handoff",
        must_snapshot=True,
        plane=ControlPlane.EXECUTION,
    ),
    row(
        "FalloutCase",
        "oms",
        "fallout cases and repairs",
        "FalloutDetected FalloutAssigned OrderRepairApplied FalloutResolved FalloutClosedAsFailed",
        engages="agent-desktop",
        refers="fulfillment crm",
        corrections=(K.OPERATIONAL,),
        corrected_by="OrderRepairApplied",
        reconciled_by="state.fallout-on-completed state.invoiced-in-fallout",
        must_snapshot=False,
        plane=ControlPlane.EXECUTION,
    ),
    row(
        "FulfillmentPlan",
        "fulfillment",
        "plans and tasks",
        "FulfillmentPlanCreated FulfillmentTaskStarted FulfillmentTaskCompleted FulfillmentTaskFailed "
        "FulfillmentTaskRetried FulfillmentTaskOutcomeUnknown FulfillmentTaskCompensated",
        engages="fulfillment-desk",
        refers="oms provisioning inventory",
        corrections=(K.OPERATIONAL,),
        corrected_by="FulfillmentTaskRetried FulfillmentTaskCompensated",
        reconciled_by="state.completed-with-open-task state.tasks-done-order-open state.provisioned-vs-task "
        "state.reservation-lost",
        must_snapshot=True,
        plane=ControlPlane.EXECUTION,
    ),
    row(
        "Reservation",
        "inventory",
        "reservations of resources",
        "ResourceReserved ResourceReservationFailed ResourceReservationExpired ResourceReservationReleased",
        engages="fulfillment-desk",
        refers="oms fulfillment",
        corrections=(K.OPERATIONAL,),
        corrected_by="ResourceReservationReleased ResourceReserved",
        reconciled_by="state.reservation-lost",
        must_snapshot=False,
        plane=ControlPlane.EXECUTION,
    ),
    row(
        "Asset",
        "inventory",
        "installed products",
        "AssetActivated AssetModified AssetSuspended AssetResumed AssetTerminated AssetActivationFailed",
        engages="agent-desktop",
        refers="cpq oms billing self-service-portal",
        corrections=(K.DISPLAY, K.OPERATIONAL, K.IDENTITY),
        corrected_by="AssetModified AssetTerminated",
        reconciled_by="referential.asset-unknown asset.missing asset.orphan asset.configuration-differs "
        "asset.live-after-termination state.asset-active-service-down",
        must_snapshot=True,
        plane=ControlPlane.EXECUTION,
    ),
    row(
        "ProvisioningRequest",
        "provisioning",
        "technical requests and what the network showed",
        "ProvisioningStarted ProvisioningSucceeded ProvisioningFailed ServiceStatusObserved",
        engages="network-desk",
        refers="fulfillment inventory",
        corrections=(K.OPERATIONAL,),
        corrected_by="ServiceStatusObserved ProvisioningSucceeded",
        reconciled_by="state.provisioned-vs-task state.asset-active-service-down",
        must_snapshot=True,
        plane=ControlPlane.EXECUTION,
    ),
)
