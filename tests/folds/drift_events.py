"""Events written by hand for the drift rules: as little in each as the rule looks at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple

from domain.drift.folds import drift_folds
from domain.drift.rulebook import RULES
from domain.envelope import event_type
from domain.fold.group import rows_of
from domain.fold.heard import Heard
from domain.ownership.questions import ownership_of_event

TENANT = "acme"
BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)
BEGUN_US = int(BEGUN.timestamp()) * 1_000_000
MINUTE_US = 60_000_000
DAY = 24 * 60
FOLDS = {fold.space: fold for fold in drift_folds()}


def name(identifier: str) -> str:
    """An id of the tenant."""
    return f"{TENANT}:{identifier}"


def at(minute: float) -> datetime:
    """So many minutes after the beginning."""
    return BEGUN + timedelta(minutes=minute)


def money(amount: str, currency: str = "EUR") -> dict[str, Any]:
    """An amount."""
    return {"amount": Decimal(amount), "currency": currency}


def event(kind: str, subject: str, version: int, minute: float, /, **data: Any) -> Heard:
    """One event of the aggregate `subject`, so many minutes after the beginning."""
    owned = ownership_of_event(kind)
    identity = f"{kind}-{subject}-{version}"
    content = blake2b(repr((identity, sorted(data.items()))).encode(), digest_size=7).digest()
    time_us = BEGUN_US + int(minute * MINUTE_US)
    return Heard(
        kind=kind,
        subject=name(subject),
        aggregate=owned.aggregate,
        version=version,
        event_id=identity,
        content=int.from_bytes(content, "big"),
        time_us=time_us,
        recorded_us=time_us,
        data=data,
        topic=owned.owner,
        offset=version,
        event_type=event_type(owned.owner, owned.aggregate, kind),
        source=owned.owner,
        correlation_id="deal-1",
        causation_id="command-1",
        actor_id=data.get("actorId", "somebody"),
    )


class Found(NamedTuple):
    """A finding: by which rule, about what, and what it says."""

    rule: str
    entity_type: str
    entity_id: str
    data: dict[str, Any]


def found(space: str, events: Iterable[Heard], minute: float = 30 * DAY) -> list[Found]:
    """What the rules of a space find once time has come so far."""
    rows = rows_of(FOLDS[space], events, BEGUN_US + int(minute * MINUTE_US)).values()
    return [Found(r.data["ruleId"], r.data["entityType"], r.data["entityId"], dict(r.data)) for r in rows]


def assert_rule(space: str, rule: str, entity: tuple[str, str], bad: Sequence[Heard], good: Sequence[Heard]) -> None:
    """The bad events lead to a finding of the rule when its window is over and not before, the good ones never."""
    entity_id = name(entity[1])
    (one,) = [f for f in found(space, bad) if f.rule == rule]
    assert (one.entity_type, one.entity_id) == (entity[0], entity_id)
    assert one.data["since"] + RULES[rule].window == one.data["settleDeadline"]
    assert "(unknown" not in one.data["summary"] + one.data["nextAction"]
    deadline = (one.data["settleDeadline"] - BEGUN) / timedelta(minutes=1)
    early = [f for f in found(space, bad, deadline - 0.001) if f.rule == rule]
    assert bool(early) == RULES[rule].shown_by_itself
    assert [f for f in found(space, bad, deadline) if f.rule == rule]
    assert not [f for f in found(space, good) if f.rule == rule]
