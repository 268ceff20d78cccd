"""Decomposition rules as versioned data: which steps each action takes, in which sequence (R296, R314, R472-R477).

A published version is never edited, because plans made by it must come out the same again (R314, R315).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.fulfillment_plan.states import TaskKind
from domain.fulfillment_plan.task import RetryPolicy
from domain.order_state.states import Action

K = TaskKind


class Need(StrEnum):
    """What a product needs besides its service; a step that serves a need is left out where there is none."""

    SERVICEABILITY = "SERVICEABILITY"
    RESOURCE = "RESOURCE"
    SHIPMENT = "SHIPMENT"
    VISIT = "VISIT"
    BILLING = "BILLING"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an action.

    `after` names steps of the same item; behind one that is left out stand those it comes after. `external` steps
    wait for somebody outside. `on_replaced` steps act on the product that is replaced.
    """

    name: str
    kind: TaskKind
    after: tuple[str, ...] = ()
    need: Need | None = None
    external: bool = False
    on_replaced: bool = False


@dataclass(frozen=True, slots=True)
class Performance:
    """Who carries a kind of task out, how it is retried, when its outcome is unknown, and what undoes it."""

    performed_by: str
    compensated_by: str
    retry: RetryPolicy
    response_timeout_seconds: int


@dataclass(frozen=True)
class DecompositionRules:
    """One version of the rules.

    - `steps` of each action, in the order people think of them;
    - `service_step` is the step that makes the difference to the customer, by which bundle members wait for each other;
    - `needs` of each fulfillment policy an item may name, and the policy of an item that names none;
    - `parent_first` actions reach the parent before its members (R475), `child_first` the other way round;
    - a step of a `paid_first` kind waits for the authorised payment (R473).
    """

    version: str
    steps: Mapping[Action, tuple[Step, ...]]
    performances: Mapping[TaskKind, Performance]
    needs: Mapping[str, frozenset[Need]]
    default_policy: str
    service_step: str = "service"
    parent_first: frozenset[Action] = field(default_factory=frozenset)
    child_first: frozenset[Action] = field(default_factory=frozenset)
    paid_first: frozenset[TaskKind] = field(default_factory=frozenset)


_CHECK = Step("serviceability", K.CHECK_SERVICEABILITY, need=Need.SERVICEABILITY)
_RESERVE = Step("reservation", K.RESERVE_RESOURCE, ("serviceability",), Need.RESOURCE)
_SHIP = Step("shipment", K.SHIP_EQUIPMENT, ("reservation",), Need.SHIPMENT, external=True)
_VISIT = Step("visit", K.SCHEDULE_VISIT, ("serviceability", "shipment"), Need.VISIT, external=True)
_READY = ("reservation", "shipment", "visit")
_ASSET = Step("asset", K.UPDATE_ASSET, ("service",))
_BILLING = Step("billing", K.REQUEST_BILLING, ("asset",), Need.BILLING)


def _service(kind: TaskKind, *more: Step) -> tuple[Step, ...]:
    return (Step("service", kind), *more, _ASSET, _BILLING)


STEPS_V1: Mapping[Action, tuple[Step, ...]] = {
    Action.ADD: (_CHECK, _RESERVE, _SHIP, _VISIT, Step("service", K.PROVISION_SERVICE, _READY), _ASSET, _BILLING),
    Action.MODIFY: (_CHECK, _RESERVE, _SHIP, _VISIT, Step("service", K.CHANGE_SERVICE, _READY), _ASSET, _BILLING),
    Action.REPLACE: (
        _CHECK,
        _RESERVE,
        _SHIP,
        _VISIT,
        Step("service", K.PROVISION_SERVICE, _READY),
        Step("old-service", K.TERMINATE_SERVICE, ("service",), on_replaced=True),
        Step("old-resource", K.RELEASE_RESOURCE, ("old-service",), Need.RESOURCE, on_replaced=True),
        Step("asset", K.UPDATE_ASSET, ("service", "old-service")),
        _BILLING,
    ),
    Action.DELETE: _service(K.TERMINATE_SERVICE, Step("resource", K.RELEASE_RESOURCE, ("service",), Need.RESOURCE)),
    Action.SUSPEND: _service(K.SUSPEND_SERVICE),
    Action.RESUME: _service(K.RESUME_SERVICE),
    Action.RENEW: _service(K.EXTEND_TERM),
    Action.NO_CHANGE: (),
}

_QUICK = RetryPolicy(attempts_max=4, first_delay_seconds=60, factor=2, longest_delay_seconds=3_600)
_SLOW = RetryPolicy(attempts_max=3, first_delay_seconds=4 * 3_600, factor=2, longest_delay_seconds=24 * 3_600)
_ONCE_MORE = RetryPolicy(attempts_max=2, first_delay_seconds=300, factor=1, longest_delay_seconds=300)
_MINUTES, _DAYS = 15 * 60, 5 * 86_400

PERFORMANCES_V1: Mapping[TaskKind, Performance] = {
    K.AUTHORIZE_PAYMENT: Performance("payments", "void the authorisation", _ONCE_MORE, _MINUTES),
    K.CHECK_SERVICEABILITY: Performance("inventory", "nothing to undo", _QUICK, _MINUTES),
    K.RESERVE_RESOURCE: Performance("inventory", "release the reservation", _QUICK, _MINUTES),
    K.RELEASE_RESOURCE: Performance("inventory", "reserve the resource again", _QUICK, _MINUTES),
    K.SHIP_EQUIPMENT: Performance("logistics", "recall the shipment", _SLOW, _DAYS),
    K.SCHEDULE_VISIT: Performance("field-service", "cancel the appointment", _SLOW, _DAYS),
    K.PROVISION_SERVICE: Performance("provisioning", "take the service down", _QUICK, _MINUTES),
    K.CHANGE_SERVICE: Performance("provisioning", "restore the service as it was", _QUICK, _MINUTES),
    K.SUSPEND_SERVICE: Performance("provisioning", "resume the service", _QUICK, _MINUTES),
    K.RESUME_SERVICE: Performance("provisioning", "suspend the service", _QUICK, _MINUTES),
    K.EXTEND_TERM: Performance("provisioning", "restore the term as it was", _QUICK, _MINUTES),
    K.TERMINATE_SERVICE: Performance("provisioning", "provision the service again", _QUICK, _MINUTES),
    K.UPDATE_ASSET: Performance("inventory", "record the asset as it was", _QUICK, _MINUTES),
    K.REQUEST_BILLING: Performance("oms", "WithdrawBillingActivation", _QUICK, _MINUTES),
}

DECOMPOSITION_V1 = DecompositionRules(
    version="decomposition.v1",
    steps=STEPS_V1,
    performances=PERFORMANCES_V1,
    needs={
        "standard.v1": frozenset({Need.RESOURCE}),
        "on-site.v1": frozenset({Need.SERVICEABILITY, Need.RESOURCE, Need.VISIT}),
        "shipped.v1": frozenset({Need.SHIPMENT}),
        "shipped-on-site.v1": frozenset({Need.SERVICEABILITY, Need.RESOURCE, Need.SHIPMENT, Need.VISIT}),
        "digital.v1": frozenset(),
    },
    default_policy="standard.v1",
    parent_first=frozenset({Action.ADD, Action.MODIFY, Action.RESUME, Action.RENEW, Action.REPLACE}),
    child_first=frozenset({Action.DELETE, Action.SUSPEND}),
    paid_first=frozenset({K.SHIP_EQUIPMENT}),
)

RULES: Mapping[str, DecompositionRules] = {rules.version: rules for rules in (DECOMPOSITION_V1,)}
"""Every version of the rules that was ever in force, by its name."""
