"""Findings and decisions about one case, for tests of its life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.case.file import CaseFile
from domain.case.inputs import Ceased, Decided, Found, Input, Reached, micros
from domain.case.policy import REFERENCE, CasePolicy
from domain.case.record import ReconciliationCase
from domain.case.step import Step, step
from domain.case_decision import events as e
from domain.case_decision.states import DecisionState, ResolutionKind
from domain.derivation import Authority, Derivation, InputRef
from domain.drift.finding import Difference, DriftFinding, Kind, finding_id
from domain.money import Money

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""When the mismatch began."""
SETTLED = START + timedelta(minutes=30)
ENTITY = ("OrderItem", "acme:o-1/a")
RULE = "asset.missing"
CASE_ID = finding_id(RULE, *ENTITY)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def finding(*, at: datetime = SETTLED, version: int = 1, since: datetime = START, **fields: Any) -> DriftFinding:
    rule = fields.get("rule_id", RULE)
    base: dict[str, Any] = {
        "finding_id": finding_id(rule, *ENTITY),
        "kind": Kind(rule.partition(".")[0]),
        "rule_id": rule,
        "rule_version": "1",
        "entity_type": ENTITY[0],
        "entity_id": ENTITY[1],
        "order_id": "acme:o-1",
        "item_id": "a",
        "account_id": "acme:a-1",
        "product_instance_id": ENTITY[1],
        "corrected_by": "inventory",
        "since": since,
        "settle_deadline": since + timedelta(minutes=30),
        "differences": (Difference(field="asset", expected="ACTIVE", actual=None),),
        "summary": "The item is completed, and no asset was made.",
        "next_action": "Inventory is to activate the asset.",
        "leakage": euros("500.00"),
        "cause": "inventory:2026-03-02T08",
        "version": version,
        "derivation": Derivation(
            inputs=(ref("ProductOrderItemCompleted", "e-9", 4, topic="oms.product-orders.v1"),),
            rule_id=rule,
            rule_version="1",
            calculated_at=at,
            authority=Authority.INFORMATIONAL,
            authoritative_for=("reconciliation",),
            not_authoritative_for=("orderState",),
            source_lag_ms=0,
        ),
    }
    return DriftFinding(**{**base, **fields})


def ref(
    kind: str, event_id: str, version: int, *, topic: str = "derived.drift-findings.v1", offset: int = 0
) -> InputRef:
    return InputRef(event_id=event_id, event_type=kind, version=version, topic=topic, partition=0, offset=offset)


def found(*, at: datetime = SETTLED, version: int = 1, **fields: Any) -> Found:
    made = finding(at=at, version=version, **fields)
    return Found(made, micros(at), ref("DriftFinding", f"f-{version}-{micros(at)}", version))


def ceased(at: datetime, version: int = 2) -> Ceased:
    return Ceased(version, micros(at), ref("DriftFinding", f"c-{version}-{micros(at)}", version))


def decided(kind: type[e.CaseDecisionEvent], version: int, at: datetime, **fields: Any) -> Decided:
    """A decision by kim, who works on cases, or by max, who may approve."""
    approves = kind in (e.CaseResolved, e.CaseWaived)
    extras: dict[type[e.CaseDecisionEvent], dict[str, Any]] = {
        e.CaseAssigned: {"assignee_id": "kim"},
        e.CaseResolutionProposed: {"kind": ResolutionKind.OPERATIONAL_CORRECTION, "justification": "Activated."},
        e.CaseResolved: {
            "kind": ResolutionKind.OPERATIONAL_CORRECTION,
            "justification": "Activated.",
            "proposed_by": "kim",
        },
        e.CaseWaiverRequested: {"valid_until": at + 30 * DAY, "justification": "Being migrated."},
        e.CaseWaived: {"valid_until": at + 30 * DAY, "justification": "Being migrated.", "requested_by": "kim"},
        e.CaseEscalated: {"to_role": "finance-approver"},
    }
    base: dict[str, Any] = {
        "case_id": CASE_ID,
        "rule_id": RULE,
        "entity_type": ENTITY[0],
        "entity_id": ENTITY[1],
        "case_version": 1,
        "mismatch_since": START,
        "state": DecisionState.ASSIGNED,
        "version": version,
        "reason_code": "REASON",
        "source_command_id": f"command-{version}",
        "actor_id": "max" if approves else "kim",
        "actor_role": "reconciliation-supervisor" if approves else "reconciliation-analyst",
        "occurred_at": at,
    }
    decision = kind(**{**base, **extras.get(kind, {}), **fields})
    return Decided(
        decision, micros(at), ref(kind.__name__, f"d-{version}", version, topic="governance.case-decisions.v1")
    )


class Told:
    """A case that is told things one after the other, now and then written down and read again."""

    def __init__(self, *given: Input, policy: CasePolicy = REFERENCE) -> None:
        self.policy = policy
        self.file = CaseFile(CASE_ID)
        self.steps: list[Step] = []
        self.case: ReconciliationCase | None = None
        self.tell(*given)

    def tell(self, *given: Input) -> Step:
        for one in given:
            if len(self.steps) % 5 == 0:
                self.file = CaseFile.from_plain(self.file.to_plain())
            done = step(self.file, one, self.policy)
            self.file = done.file
            self.case = done.case or self.case
            self.steps.append(done)
        return self.steps[-1] if self.steps else Step(self.file, None, None, None, None)  # type: ignore[arg-type]

    def until(self, moment: datetime) -> None:
        """Let every deadline up to a moment pass, one after the other."""
        wake = self.steps[-1].wake_us
        while wake is not None and wake <= micros(moment):
            wake = self.tell(Reached(wake)).wake_us

    @property
    def now(self) -> ReconciliationCase:
        assert self.case is not None
        return self.case

    @property
    def alerts(self) -> list[str]:
        return [f"{s.alert.transition}/{s.alert.version}" for s in self.steps if s.alert is not None]

    @property
    def told(self) -> list[str]:
        return [entry.what for entry in self.now.history]
