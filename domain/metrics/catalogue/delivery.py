"""Fulfillment, repair, billing and assets (R362, R363, R366, R369-R371)."""

from __future__ import annotations

from datetime import timedelta

from domain.metrics.measure import Between, Findings, Pending, Share, events
from domain.metrics.metric import Metric, Thresholds, Unit

DELIVERY: tuple[Metric, ...] = (
    Metric(
        "R362",
        "task-success-rate",
        "Fulfillment task success rate",
        "Share of task outcomes that are a success.",
        "FulfillmentTaskCompleted / (FulfillmentTaskCompleted + FulfillmentTaskFailed)",
        "fulfillment",
        Unit.SHARE,
        Share(events("FulfillmentTaskCompleted"), events("FulfillmentTaskCompleted", "FulfillmentTaskFailed")),
        Thresholds("0.95", "0.8", above=False),
    ),
    Metric(
        "R363",
        "task-retry-rate",
        "Fulfillment task retry rate",
        "Retries for each task started on the day.",
        "FulfillmentTaskRetried / FulfillmentTaskStarted",
        "fulfillment",
        Unit.SHARE,
        Share(events("FulfillmentTaskRetried"), events("FulfillmentTaskStarted")),
        Thresholds("0.1", "0.3"),
    ),
    Metric(
        "R366",
        "repair-queue-age",
        "Repair queue age",
        "How long the fallout cases nobody has closed have been waiting.",
        "mean age of fallout cases detected and neither resolved nor closed, as of the newest fact",
        "oms",
        Unit.MILLISECONDS,
        Pending(events("FalloutDetected"), events("FalloutResolved", "FalloutClosedAsFailed"), "subject"),
        Thresholds("86400000", "259200000"),
    ),
    Metric(
        "R369",
        "billing-handoff-failure-rate",
        "Billing handoff failure rate",
        "Share of the charges handed to billing that it refused.",
        "ChargeRejected / (ChargeActivated + ChargeRejected)",
        "billing",
        Unit.SHARE,
        Share(events("ChargeRejected"), events("ChargeActivated", "ChargeRejected")),
        Thresholds("0.01", "0.05"),
    ),
    Metric(
        "R370",
        "asset-activation-delay",
        "Asset activation delay",
        "Time from the first success of provisioning a product to its activation in the inventory.",
        "AssetActivated - ProvisioningSucceeded of a product instance",
        "inventory",
        Unit.MILLISECONDS,
        Between(events("ProvisioningSucceeded"), events("AssetActivated"), ("product_instance_id",)),
        Thresholds("3600000", "86400000"),
    ),
    Metric(
        "R371",
        "reconciliation-mismatches",
        "Reconciliation mismatches",
        "Disagreements between systems that outlived their settle window and stand, by kind.",
        "standing findings of every rule, by kind",
        "ordertruth",
        Unit.COUNT,
        Findings(("",), by="kind"),
        Thresholds("1", "50"),
        timedelta(minutes=5),
    ),
)
