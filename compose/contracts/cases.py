"""A mismatch and the people who decide about its case, for examples: the simulated enterprise has no such people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.case_decision import commands as c
from domain.case_decision.states import ResolutionKind
from domain.command import Actor, Command
from domain.derivation import Authority, Derivation, InputRef
from domain.drift.finding import Difference, DriftFinding, Kind, finding_id
from domain.money import Money
from topics.catalogue import PRODUCT_ORDERS

TENANT = "sim-1"
RULE = "asset.missing"
ENTITY = ("OrderItem", f"{TENANT}:order-000001/1")
CASE_ID = finding_id(RULE, *ENTITY)
SINCE = datetime(2026, 1, 5, 9, tzinfo=UTC)

_ANALYST = Actor(actor_id="analyst-2", role="reconciliation-analyst", system="console", channel="web")
_SUPERVISOR = Actor(actor_id="supervisor-1", role="reconciliation-supervisor", system="console", channel="web")


def decisions() -> Iterator[tuple[Command, datetime]]:
    """Commands about one case, each kind of decision among them, with the times they are sent at."""
    about = {
        "rule_id": RULE,
        "entity_type": ENTITY[0],
        "entity_id": ENTITY[1],
        "order_id": f"{TENANT}:order-000001",
        "account_id": f"{TENANT}:account-0001",
        "product_instance_id": f"{TENANT}:order-000001/1",
    }
    steps: tuple[tuple[type[Command], Actor, dict[str, Any]], ...] = (
        (c.AssignCase, _ANALYST, {**about, "assignee_id": "analyst-2", "note": "I look into it."}),
        (c.EscalateCase, _ANALYST, {"to_role": "finance-approver", "reason_code": "NEEDS_AUTHORITY"}),
        (
            c.RequestCaseWaiver,
            _ANALYST,
            {
                "valid_until": SINCE + timedelta(days=30),
                "justification": "The product is moved to the new inventory within the month.",
                "evidence_ref": "ticket-4711",
                "reason_code": "MIGRATION",
            },
        ),
        (c.WaiveCase, _SUPERVISOR, {"reason_code": "MIGRATION", "note": "Until the end of the month."}),
        (c.ReopenCase, _SUPERVISOR, {"reason_code": "MOVED_EARLIER", "note": "The move is done already."}),
        (c.ReassignCase, _SUPERVISOR, {"assignee_id": "analyst-2"}),
        (
            c.ProposeResolution,
            _ANALYST,
            {
                "kind": ResolutionKind.OPERATIONAL_CORRECTION,
                "justification": "The inventory has activated the asset.",
                "correction_event_id": "9f0e5c1c-6f53-5d0e-8f34-7a3f1d6f2c11",
                "evidence_ref": "ticket-4711",
                "reason_code": "CORRECTED",
            },
        ),
        (c.ResolveCase, _SUPERVISOR, {"note": "Seen in the inventory."}),
    )
    for number, (kind, actor, fields) in enumerate(steps, start=1):
        envelope = {
            "aggregate_id": CASE_ID,
            "command_id": f"{CASE_ID}/{number}",
            "actor": actor,
            "correlation_id": CASE_ID,
            "case_version": number,
            "mismatch_since": SINCE,
        }
        yield kind(**{**envelope, **fields}), SINCE + timedelta(hours=number)


def mismatch() -> DriftFinding:
    """The mismatch the case is about."""
    settled = SINCE + timedelta(minutes=30)
    completed = InputRef(
        event_id="2b1f1f6e-9a51-5b0f-8f25-0d6f6e0a4a11",
        event_type="ProductOrderItemCompleted",
        version=9,
        topic=PRODUCT_ORDERS.name,
        partition=0,
        offset=41,
    )
    return DriftFinding(
        finding_id=CASE_ID,
        kind=Kind.ASSET,
        rule_id=RULE,
        rule_version="1",
        entity_type=ENTITY[0],
        entity_id=ENTITY[1],
        order_id=f"{TENANT}:order-000001",
        item_id="1",
        account_id=f"{TENANT}:account-0001",
        product_instance_id=ENTITY[1],
        corrected_by="inventory",
        since=SINCE,
        settle_deadline=settled,
        differences=(Difference(field="asset", expected="ACTIVE", actual=None),),
        summary=f"Item 1 of order {TENANT}:order-000001 is completed, and there is no asset of it.",
        next_action="The inventory is to activate the asset, or to say why there is none.",
        leakage=Money(amount=Decimal("1204.50"), currency="EUR"),
        cause="inventory, 2026-01-05 09:00",
        version=12,
        derivation=Derivation(
            inputs=(completed,),
            rule_id=RULE,
            rule_version="1",
            calculated_at=settled,
            authority=Authority.INFORMATIONAL,
            authoritative_for=("reconciliation",),
            not_authoritative_for=("orderState", "fulfillmentState", "billing", "commercialTerms"),
            source_lag_ms=0,
        ),
    )
