"""What cases are handled by, as data: thresholds, terms, and who sees to what (R240, R241)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

from domain.case.states import AgingBucket, Severity

HOUR = timedelta(hours=1)

REGULATORY = frozenset({"state.decided-without-authority", "financial.charge-vs-invoice"})
"""Rules whose findings somebody outside may ask about."""

HISTORIC = frozenset(
    {
        "state.duplicate-order",
        "state.expired-quote-converted",
        "state.stale-fingerprint-accepted",
        "state.unapproved-discount",
        "state.proposal-hash-mismatch",
        "state.decided-without-authority",
        "state.invoiced-in-fallout",
        "state.cancelled-after-cutoff",
        "state.changed-without-amendment",
        "catalog.snapshot-outdated",
        "catalog.retired-sold",
        "event.conflicting-duplicate",
        "event.wrong-producer",
        "event.command-shaped",
        "event.missing-lineage",
        "event.late",
    }
)
"""Rules about what has happened and cannot be undone: only people can close their cases."""

BILLING = "billing.handoff"
"""The rule of the cases that only the truth closes."""

TEAMS = MappingProxyType(
    {
        "billing": "billing-operations",
        "catalog": "catalog-operations",
        "cpq": "sales-operations",
        "crm": "customer-data",
        "fulfillment": "delivery-operations",
        "inventory": "inventory-operations",
        "oms": "order-operations",
        "payments": "payment-operations",
        "provisioning": "delivery-operations",
    }
)
"""Who sees to cases a system is to correct, by the system."""


@dataclass(frozen=True, slots=True)
class Level:
    """When a case has at least this severity, and how long it may take then; money in major units of any currency."""

    severity: Severity
    money: Decimal
    age: timedelta
    sla: timedelta


@dataclass(frozen=True, slots=True)
class CasePolicy:
    """How cases are handled; `levels` from the most urgent on, the last one is everything else.

    - `keep_open`: how long the mismatch must be gone before its case closes, so that one that comes and goes is one
      case with one alert (flap control);
    - `resolution_grace`: how long a mismatch may still stand after people have agreed that it is corrected; then its
      case is open again. None for billing, and never for `historic` rules, whose mismatch stands for good;
    - `escalates_to`: the role that sees to cases of a team that nobody has seen to in time.
    """

    policy_id: str = "cases"
    version: str = "1"
    levels: tuple[Level, ...] = (
        Level(Severity.CRITICAL, Decimal(100_000), 120 * HOUR, 24 * HOUR),
        Level(Severity.HIGH, Decimal(10_000), 72 * HOUR, 72 * HOUR),
        Level(Severity.MEDIUM, Decimal(1_000), 24 * HOUR, 120 * HOUR),
        Level(Severity.LOW, Decimal(0), timedelta(0), 168 * HOUR),
    )
    aging: tuple[tuple[timedelta, AgingBucket], ...] = (
        (24 * HOUR, AgingBucket.UNDER_24_H),
        (72 * HOUR, AgingBucket.UNDER_72_H),
        (120 * HOUR, AgingBucket.UNDER_120_H),
        (168 * HOUR, AgingBucket.UNDER_168_H),
    )
    keep_open: timedelta = timedelta(minutes=30)
    resolution_grace: timedelta = timedelta(minutes=30)
    regulatory: frozenset[str] = REGULATORY
    historic: frozenset[str] = HISTORIC
    teams: Mapping[str, str] = field(default_factory=lambda: TEAMS)
    other_team: str = "reconciliation"
    escalates_to: str = "reconciliation-supervisor"

    def team(self, system: str) -> str:
        """Who sees to cases this system is to correct."""
        return self.teams.get(system, self.other_team)

    def grace(self, rule_id: str) -> timedelta | None:
        """How long a mismatch of a rule may stand after it was called corrected; None for ever."""
        if rule_id in self.historic:
            return None
        return timedelta(0) if rule_id == BILLING else self.resolution_grace

    def severity(self, money: Decimal, age: timedelta, *, regulatory: bool) -> Severity:
        """The first level that holds; what is regulatory is of the first."""
        if regulatory:
            return self.levels[0].severity
        return next(level.severity for level in self.levels if money >= level.money or age >= level.age)

    def sla(self, severity: Severity) -> timedelta:
        """How long a case of this severity may be open."""
        return next(level.sla for level in self.levels if level.severity is severity)

    def bucket(self, age: timedelta) -> AgingBucket:
        """How long it has been open, in words."""
        return next((bucket for limit, bucket in self.aging if age < limit), AgingBucket.OVER_168_H)

    def turns(self) -> tuple[timedelta, ...]:
        """The ages at which severity or bucket may change, ascending."""
        ages = {level.age for level in self.levels} | {limit for limit, _ in self.aging}
        return tuple(sorted(age for age in ages if age))


REFERENCE = CasePolicy()
