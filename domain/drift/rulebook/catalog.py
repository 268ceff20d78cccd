"""Sales that rest on another catalog than the one in force (R235, R269, R335)."""

from __future__ import annotations

from datetime import timedelta

from domain.drift.rules import CONSUMER, NO_WINDOW, Cause, Rule

CATALOG: tuple[Rule, ...] = (
    Rule(
        "catalog.snapshot-outdated",
        NO_WINDOW,
        "cpq",
        Cause.PUBLICATION,
        "Order {entity} rests on publication {publication}, while {inforce} was in force when it was agreed.",
        "{corrector} must offer from the publication in force, and have that accepted.",
    ),
    Rule(
        "catalog.retired-sold",
        NO_WINDOW,
        "cpq",
        Cause.PUBLICATION,
        "Order {entity} sells offering {offering}, which was retired before.",
        "{corrector} must offer what takes its place, and read the catalog again.",
    ),
    Rule(
        "catalog.consumer-behind",
        timedelta(minutes=60),
        CONSUMER,
        Cause.PUBLICATION,
        "Publication {entity} has not been taken over by {consumers}.",
        "{consumers} must take the publication over.",
    ),
)
