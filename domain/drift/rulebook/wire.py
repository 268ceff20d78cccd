"""Events that are not as their contracts want them, and readers that do not keep up (R236, R246, R247, R414)."""

from __future__ import annotations

from datetime import timedelta

from domain.drift.rules import CONSUMER, NO_WINDOW, REFERRER, Cause, Rule

WIRE: tuple[Rule, ...] = (
    Rule(
        "event.version-gap",
        timedelta(minutes=10),
        REFERRER,
        Cause.PRODUCER,
        "Versions {missing} of {what} {entity} never arrived.",
        "{corrector} must publish them.",
    ),
    Rule(
        "event.conflicting-duplicate",
        NO_WINDOW,
        REFERRER,
        Cause.PRODUCER,
        "{what} {entity} has events that contradict each other: {which}.",
        "{corrector} must say which of them holds, by an event that corrects the other.",
        shown_by_itself=True,
    ),
    Rule(
        "event.contradicts-itself",
        NO_WINDOW,
        REFERRER,
        Cause.PRODUCER,
        "An event of {what} {entity} says two things at once about {fields}.",
        "{corrector} must say which of them holds, by an event that corrects it.",
        shown_by_itself=True,
    ),
    Rule(
        "event.breaks-course",
        NO_WINDOW,
        REFERRER,
        Cause.PRODUCER,
        "Events of {what} {entity} do not follow from each other: {which}.",
        "{corrector} must say what really happened, by an event that corrects the one that does not fit.",
    ),
    Rule(
        "event.wrong-producer",
        NO_WINDOW,
        REFERRER,
        Cause.PRODUCER,
        "An event of {what} {entity} came from {source}, which does not own it.",
        "{corrector} must say what holds, and {source} must be kept from writing.",
        shown_by_itself=True,
    ),
    Rule(
        "event.command-shaped",
        NO_WINDOW,
        REFERRER,
        Cause.PRODUCER,
        "An event of {what} {entity} is named like a command: {name}.",
        "{corrector} must publish what happened, under the name of a fact.",
        shown_by_itself=True,
    ),
    Rule(
        "event.missing-lineage",
        NO_WINDOW,
        REFERRER,
        Cause.PRODUCER,
        "An event of {what} {entity} does not say what it follows from.",
        "{corrector} must publish its events with correlation and causation.",
        shown_by_itself=True,
    ),
    Rule(
        "event.late",
        NO_WINDOW,
        REFERRER,
        Cause.PRODUCER,
        "An event of {what} {entity} was published {hours} hours after it happened.",
        "{corrector} must publish its events when they happen.",
        bound=timedelta(hours=24),
        shown_by_itself=True,
    ),
    Rule(
        "event.consumer-missed",
        timedelta(minutes=15),
        CONSUMER,
        Cause.PRODUCER,
        "{consumer} stands {behind} records behind the end of {topic}, partition {partition}.",
        "{consumer} must read on.",
    ),
)
