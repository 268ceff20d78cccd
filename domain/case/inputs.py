"""What reaches a case: findings, their end, decisions, and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from domain.case_decision.events import CaseDecisionEvent
from domain.derivation import InputRef
from domain.drift.finding import DriftFinding

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Found(NamedTuple):
    """A finding stands, as of `at_us` (platform clock of its derivation); `ref` is its record."""

    finding: DriftFinding
    at_us: int
    ref: InputRef


class Ceased(NamedTuple):
    """It does not stand any more: the truth has converged."""

    version: int
    at_us: int
    ref: InputRef


class Decided(NamedTuple):
    """Somebody has decided about the case."""

    decision: CaseDecisionEvent
    at_us: int
    ref: InputRef


class Reached(NamedTuple):
    """Everything up to this moment of the platform clock is known."""

    at_us: int


Input = Found | Ceased | Decided | Reached


def moment(microseconds: int) -> datetime:
    """A time of the platform clock."""
    return _EPOCH + timedelta(microseconds=microseconds)


def micros(time: datetime) -> int:
    """Microseconds since the epoch."""
    return (time - _EPOCH) // _MICROSECOND


def span(length: timedelta) -> int:
    """Microseconds of a length of time."""
    return length // _MICROSECOND
