"""Systems that stand in different states about one delivery (R232, R252, R270, R279)."""

from __future__ import annotations

from datetime import timedelta

from domain.drift.rules import Cause, Rule

SOON = timedelta(minutes=15)
HALF_AN_HOUR = timedelta(minutes=30)

DELIVERY: tuple[Rule, ...] = (
    Rule(
        "state.header-vs-items",
        timedelta(minutes=5),
        "oms",
        Cause.HOUR,
        "Order {entity} says it is {declared}, while its items make it {derived}.",
        "{corrector} must bring the state of the order in line with its items.",
    ),
    Rule(
        "state.completed-with-open-task",
        SOON,
        "oms",
        Cause.HOUR,
        "Order {entity} is completed, while {count} of its tasks are not.",
        "{corrector} must find out whether the work was done, and reopen the order if it was not.",
    ),
    Rule(
        "state.tasks-done-order-open",
        SOON,
        "oms",
        Cause.HOUR,
        "Every task of order {entity} is done, and the order is still {state}.",
        "{corrector} must complete the order, or say what it waits for.",
    ),
    Rule(
        "state.fallout-on-completed",
        SOON,
        "oms",
        Cause.HOUR,
        "Order {order} is completed, while its fallout case {entity} is still open.",
        "{corrector} must close the case, or reopen the order.",
    ),
    Rule(
        "state.provisioned-vs-task",
        SOON,
        "fulfillment",
        Cause.HOUR,
        "Request {entity} to the network is {result}, while its task {task} is {state}.",
        "{corrector} must look at the network and record what is true of the task.",
    ),
    Rule(
        "state.reservation-lost",
        SOON,
        "fulfillment",
        Cause.HOUR,
        "Reservation {entity} went while task {task}, which needs it, was running.",
        "{corrector} must reserve again, or find out what the task was done with.",
    ),
    Rule(
        "state.reservation-held",
        HALF_AN_HOUR,
        "inventory",
        Cause.HOUR,
        "Reservation {entity} is held for order {order}, which has come to its end.",
        "{corrector} must release it, or say what it is held for.",
    ),
    Rule(
        "state.charge-on-cancelled",
        HALF_AN_HOUR,
        "billing",
        Cause.HOUR,
        "Charge {entity} is live on item {item} of order {order}, which was cancelled.",
        "{corrector} must end the charge and give back what was claimed.",
    ),
    Rule(
        "state.asset-active-service-down",
        HALF_AN_HOUR,
        "inventory",
        Cause.HOUR,
        "Product {entity} is active, while its service was last seen down.",
        "{corrector} must have the service looked at, and record what is true of the product.",
    ),
    Rule(
        "state.payment-without-order",
        HALF_AN_HOUR,
        "payments",
        Cause.HOUR,
        "Payment {entity} is still held for order {order}, which ended as {state}.",
        "{corrector} must give the money back.",
    ),
    Rule(
        "state.payment-unknown",
        HALF_AN_HOUR,
        "payments",
        Cause.HOUR,
        "Task {task} of order {entity} has secured the money, and nothing is known of a payment.",
        "{corrector} must say what was authorised, or that nothing was.",
    ),
)
