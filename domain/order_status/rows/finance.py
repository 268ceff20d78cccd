"""Finance's row: what of an order can be billed, and what was (R192, R469, R470)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from domain.billing_handoff.policy import BILLABLE_INTENTS, CARRYING_ON, ENDING_ACTIONS
from domain.billing_handoff.states import HandoffState
from domain.billing_verdict.verdicts import MISMATCHES, Verdict
from domain.charge.states import ChargeState
from domain.non_billing_reason.states import NonBillingState
from domain.order_state.derive import ItemView
from domain.order_state.states import Action, ItemState
from domain.order_status.billing_registers import ChargeSaid, HandoffSaid, ReasonSaid, VerdictSaid
from domain.order_status.known import Known
from domain.order_status.messages import FINANCE, texts
from domain.order_status.moments import moment_or_none
from domain.order_status.rows.pieces import identity
from domain.order_status.situation import Situation
from domain.order_status.vocabulary import Readiness

_WITHDRAWN = HandoffState.WITHDRAWN.value
_REJECTED = ChargeState.REJECTED.value
_APPROVED = NonBillingState.APPROVED.value
_BILLABLE = frozenset(intent.value for intent in BILLABLE_INTENTS)
_ENDING = frozenset(action.value for action in ENDING_ACTIONS)
_CARRYING_ON = frozenset(action.value for action in CARRYING_ON)
_GIVEN_UP = frozenset({ItemState.CANCELLED, ItemState.FAILED_CLOSED})
_BEGINNING = frozenset({Action.ADD.value, Action.REPLACE.value})

LEAST_FAR = (
    Readiness.REJECTED,
    Readiness.WITHDRAWN,
    Readiness.READY,
    Readiness.REQUESTED,
    Readiness.NOT_DELIVERED,
    Readiness.CHARGED,
    Readiness.EXCUSED,
    Readiness.NOT_BILLABLE,
)
"""Of several components the first of these is shown for all."""

VERIFIED = frozenset(verdict.value for verdict in Verdict) - MISMATCHES - {Verdict.AWAITING}
"""Verdicts by which both sides agree."""

_Component = tuple[str | None, str]


class _Billing:
    """What each component of an order is known to be asked, charged, excused and found to be."""

    def __init__(self, situation: Situation) -> None:
        registers = situation.known.registers
        self.handoffs: dict[_Component, tuple[str, HandoffSaid]] = {}
        self.charges: dict[_Component, ChargeSaid] = {}
        self.reasons: dict[_Component, ReasonSaid] = {}
        self.verdicts: dict[_Component, VerdictSaid] = {}
        self.triggers: dict[tuple[str, int], int | None] = {}
        self.by_item: dict[str, set[_Component]] = {}
        for aggregate, _, entry in registers.get("handoff", ()):
            handoff = HandoffSaid(*entry.value)
            if key := self._of(handoff.product_instance_id, handoff.component_id, handoff.item_id):
                self.handoffs[key] = aggregate, handoff
        for _, _, entry in registers.get("charge", ()):
            charge = ChargeSaid(*entry.value)
            if key := self._of(charge.product_instance_id, charge.component_id, charge.item_id):
                self.charges[key] = charge
        for _, _, entry in registers.get("reason", ()):
            reason = ReasonSaid(*entry.value)
            key = self._of(reason.product_instance_id, reason.component_id, reason.item_id)
            if key and _holds(reason, situation):
                self.reasons[key] = reason
        for _, _, entry in registers.get("verdict", ()):
            verdict = VerdictSaid(*entry.value)
            if key := self._of(verdict.product_instance_id, verdict.component_id, verdict.item_id):
                self.verdicts[key] = verdict
        for aggregate, version, entry in registers.get("requested", ()):
            self.triggers[aggregate, int(version)] = entry.value

    def _of(self, instance: str | None, component_id: str | None, item_id: str | None) -> _Component | None:
        if component_id is None:
            return None
        if item_id is not None:
            self.by_item.setdefault(item_id, set()).add((instance, component_id))
        return instance, component_id

    def trigger_us(self, key: _Component) -> int | None:
        """From when on billing was asked to follow; of a withdrawn request that of the one restored, if any."""
        found = self.handoffs.get(key)
        if found is None:
            return None
        aggregate, handoff = found
        versions = [v for a, v in self.triggers if a == aggregate]
        version = handoff.restored_version if handoff.restored_version is not None else max(versions, default=0)
        if handoff.state == _WITHDRAWN:
            return None
        return self.triggers.get((aggregate, version))


def _holds(reason: ReasonSaid, situation: Situation) -> bool:
    """Whether a reason is approved and its time has come and is not over."""
    if reason.state != _APPROVED or reason.from_us is None or not situation.time.passed(reason.from_us):
        return False
    return reason.until_us is None or not situation.time.passed(reason.until_us)


def finance_row(situation: Situation) -> dict[str, Any]:
    """Readiness of each item and component with what both sides say."""
    known = situation.known
    billing = _Billing(situation)
    items = [_item(known, item, billing) for item in known.executable]
    overall = _least([Readiness(item["readiness"]) for item in items])
    verdicts = [v.verdict in VERIFIED for v in billing.verdicts.values()]
    return {
        **identity(known),
        "readiness": overall.value,
        "message": texts(FINANCE, overall),
        "items": items,
        "revenueVerified": all(verdicts) if verdicts else None,
    }


def _item(known: Known, item: ItemView, billing: _Billing) -> dict[str, Any]:
    line = known.lines.get(item.item_id)
    instance = line.product_instance_id if line else None
    action = line.action if line else ""
    intent = known.value("intent", None)
    own = [c for c, billed_through in (line.components if line else ()) if c is not None and billed_through is None]
    billable = intent is None or intent in _BILLABLE
    keys = {(instance, component_id) for component_id in own} if billable else set()
    keys |= billing.by_item.get(item.item_id, set())
    expected = action in _ENDING - _BEGINNING or (billable and (bool(own) or action in _CARRYING_ON))
    complete = item.state is ItemState.COMPLETED
    given_up = item.state in _GIVEN_UP or (known.ended and not complete)
    undelivered = Readiness.NOT_BILLABLE if given_up else Readiness.NOT_DELIVERED
    by_itself = Readiness.READY if complete else undelivered
    components = [_component(by_itself, key, billing) for key in sorted(keys, key=_by_name)]
    found = [Readiness(component["readiness"]) for component in components]
    if not found and expected and not complete and not given_up:
        found = [Readiness.NOT_DELIVERED]
    return {
        "itemId": item.item_id,
        "productInstanceId": instance,
        "action": action or None,
        "state": item.state.value,
        "readiness": _least(found).value,
        "components": components,
    }


def _component(by_itself: Readiness, key: _Component, billing: _Billing) -> dict[str, Any]:
    handoff = billing.handoffs.get(key)
    charge = billing.charges.get(key)
    reason = billing.reasons.get(key)
    verdict = billing.verdicts.get(key)
    return {
        "productInstanceId": key[0],
        "componentId": key[1],
        "readiness": _readiness(by_itself, handoff[1] if handoff else None, charge, reason).value,
        "billingTriggerDate": moment_or_none(billing.trigger_us(key)),
        "handoffState": handoff[1].state if handoff else None,
        "chargeState": charge.state if charge else None,
        "nonBillingCode": reason.code if reason else None,
        "verdict": verdict.verdict if verdict else None,
        "leakage": _money(verdict.leakage) if verdict else None,
        "overbilling": _money(verdict.overbilling) if verdict else None,
    }


def _readiness(
    by_itself: Readiness, handoff: HandoffSaid | None, charge: ChargeSaid | None, reason: ReasonSaid | None
) -> Readiness:
    """How far a component is: what billing did comes before what it was asked, that before what was delivered."""
    if charge is not None and charge.state == _REJECTED:
        return Readiness.REJECTED if reason is None else Readiness.EXCUSED
    if charge is not None:
        return Readiness.CHARGED
    if reason is not None:
        return Readiness.EXCUSED
    if handoff is not None:
        return Readiness.WITHDRAWN if handoff.state == _WITHDRAWN else Readiness.REQUESTED
    return by_itself


def _least(found: Iterable[Readiness]) -> Readiness:
    present = frozenset(found)
    return next((one for one in LEAST_FAR if one in present), Readiness.NOT_BILLABLE)


def _by_name(key: _Component) -> tuple[str, str]:
    return key[0] or "", key[1]


def _money(value: list[str] | None) -> dict[str, Any] | None:
    return None if value is None else {"amount": Decimal(value[0]), "currency": value[1]}
