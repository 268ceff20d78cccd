"""Why a field says what it says: rule, version, clause, events, and what would change it (R81, R82, R190).

Everything follows from the same registers as the rows, so that an explanation is the same for every order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.fold.facts import Entry, Facts
from domain.order_state.build import RULE_ID as HEADER_STATE
from domain.order_state.build import build
from domain.order_status.fold import OrderStatusFold, place_of
from domain.order_status.known import Known, known
from domain.order_status.limits import Limits
from domain.order_status.moments import Reached, moment
from domain.order_status.order_registers import Registers
from domain.order_status.rows.sales import movement
from domain.order_status.rules import LEAVES, RULES
from domain.order_status.situation import Situation
from domain.order_status.timing import jeopardy, standstill
from domain.order_status.whitelist import ORDER_STATE, WHITELIST

ORDER_STATE_RECORD = "OrderState"

_ITEM_AT = {"task": 0, "reservation": 2, "provisioning": 2, "case": 1, "asset": 0, "seen": 0, "fallout": 1}
_ITEM_AT |= {"handoff": 0, "charge": 0, "reason": 0, "verdict": 0}


@dataclass(frozen=True, slots=True)
class EventCited:
    """One event with the place it was read at; `at_us` is when it happened."""

    kind: str
    event_id: str
    version: int
    topic: str
    partition: int
    offset: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a field has its value.

    `clause` names the branch of the rule that decided. `would_change` are plain sentences; `changes_at_us` is the
    next moment at which it may change although nothing comes, None when there is none.
    """

    record: str
    field: str
    value: object
    rule_id: str
    rule_version: str
    clause: str
    says: str
    events: tuple[EventCited, ...]
    would_change: tuple[str, ...]
    changes_at_us: int | None


def explain(
    fold: OrderStatusFold,
    order_id: str,
    facts: Facts,
    reached_us: int,
    record: str,
    field: str,
    item_id: str | None = None,
) -> Explanation | None:
    """Explain a field, such as `items.state`, of a record about an order, given its group's facts.

    With an item the events are those that concern it. None for an order nothing is known of, for a row that is not
    shown (a customer's draft), and for a field the record does not have.
    """
    order = known(order_id, facts, fold.policy)
    rule_id = _rule_of(record, field)
    if order is None or rule_id is None:
        return None
    data = _data(fold, order, facts, reached_us, record)
    if data is None:
        return None
    rule = RULES[rule_id]
    situation = Situation(order, fold.limits, Reached(reached_us))
    by_state = rule_id in (HEADER_STATE, "customer-status", "movement")
    return Explanation(
        record,
        field,
        picked(data, field),
        rule_id,
        fold.policy.policy_id if rule_id == HEADER_STATE else rule.version,
        clause_of(rule_id, situation),
        rule.says,
        cited(order.registers, rule.rests_on, item_id),
        (LEAVES[order.view.state], rule.changed_by) if by_state else (rule.changed_by,),
        _changes_at_us(rule_id, situation, fold.limits, reached_us),
    )


def cited(registers: Registers, families: Iterable[str], item_id: str | None = None) -> tuple[EventCited, ...]:
    """The events that wrote these registers, each once, oldest first."""
    found = {
        (entry.time_us, entry.topic, entry.version, entry.event_id): entry
        for family in families
        for _, rest, entry in registers.get(family, ())
        if item_id is None or _concerns(family, rest, entry, item_id)
    }
    return tuple(_cite(found[key]) for key in sorted(found))


def picked(data: Mapping[str, Any], field: str) -> object:
    """The value of a field by its path; of a list the values of all its members."""
    value: Any = data
    for name in field.split("."):
        if isinstance(value, list):
            value = [one.get(name) for one in value if isinstance(one, Mapping)]
        elif isinstance(value, Mapping):
            value = value.get(name)
        else:
            return None
    return value


def clause_of(rule_id: str, situation: Situation) -> str:
    """The branch of a rule that decided; a rule without branches names itself."""
    known_order = situation.known
    view = known_order.view
    if rule_id == HEADER_STATE:
        return view.clause
    if rule_id == "customer-status":
        return situation.customer.clause if situation.customer else "draft-not-shown"
    if rule_id == "movement":
        return movement(situation).value
    if rule_id == "next-action":
        return situation.next.step.value
    if rule_id == "current-blocker":
        return situation.blockers[0].kind.value if situation.blockers else "nothing-blocks"
    if rule_id == "jeopardy":
        return situation.jeopardy.value
    if rule_id == "standstill":
        return "limit-passed" if situation.standstill.stuck_since_us is not None else "within-limit"
    if rule_id == "task-progress":
        if not known_order.executable:
            return "nothing-to-do"
        return "all-items-ended" if all(i.ended for i in known_order.executable) else "tasks-of-planned"
    return rule_id


def _changes_at_us(rule_id: str, situation: Situation, limits: Limits, reached_us: int) -> int | None:
    """When time alone may change what a rule says."""
    time = Reached(reached_us)
    if rule_id in ("standstill", "movement", "jeopardy"):
        still = standstill(situation.known, limits, time)
        if rule_id == "jeopardy":
            blocked = bool(situation.blockers) or still.stuck_since_us is not None
            jeopardy(situation.known, blocked, limits, time)
    return time.wake_us


def _rule_of(record: str, field: str) -> str | None:
    if record == ORDER_STATE_RECORD:
        return ORDER_STATE.get(field)
    allowed = WHITELIST.get(record, {}).get(field)
    return allowed.rule_id if allowed else None


def _data(fold: OrderStatusFold, order: Known, facts: Facts, reached_us: int, record: str) -> Mapping[str, Any] | None:
    if record == ORDER_STATE_RECORD:
        return build(order.order_id, order.facts, fold.policy, moment(order.newest.recorded_us))
    derived = fold.derive(place_of(order.order_id), facts, Facts(), reached_us)
    return next((row.data for row in derived.rows if row.record == record), None)


def _concerns(family: str, rest: str, entry: Entry, item_id: str) -> bool:
    """Whether a register is about an item; what is about none in particular concerns all."""
    if family in ("work", "cancellation"):
        return rest in (item_id, "")
    place = _ITEM_AT.get(family)
    return place is None or entry.value[place] in (item_id, None)


def _cite(entry: Entry) -> EventCited:
    return EventCited(
        entry.kind, entry.event_id, entry.version, entry.topic, entry.partition, entry.offset, entry.time_us
    )
