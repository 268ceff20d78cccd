"""What is wrong with a rejected, failed, fallen-out or stuck order, and what to do about it (R190, R206)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.fold.facts import Facts
from domain.order_state.states import HeaderState
from domain.order_status.explain import EventCited, cited
from domain.order_status.fold import OrderStatusFold
from domain.order_status.known import Known, known
from domain.order_status.messages import NEXT
from domain.order_status.moments import HOUR_US, Reached
from domain.order_status.situation import Situation

_IN_TROUBLE = frozenset({HeaderState.REJECTED, HeaderState.FAILED_CLOSED, HeaderState.FALLOUT})
_AGAIN = "Put right what was refused, and capture a new order."
_GIVEN_UP = "The order was given up; what the customer still wants needs a new order."


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong: its code and, where the owner said them, what it is and what to do."""

    code: str
    message: str = ""
    remediation: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with an order; `remedy` are plain sentences, `by` whoever must act (None when nobody can)."""

    state: HeaderState
    stuck: bool
    reasons: tuple[Reason, ...]
    remedy: tuple[str, ...]
    by: str | None
    events: tuple[EventCited, ...]


def trouble(fold: OrderStatusFold, order_id: str, facts: Facts, reached_us: int) -> Trouble | None:
    """What is wrong with an order, given its group's facts; None for one that is all right or unknown."""
    order = known(order_id, facts, fold.policy)
    if order is None:
        return None
    situation = Situation(order, fold.limits, Reached(reached_us))
    state = order.view.state
    stuck = situation.standstill.stuck_since_us is not None
    if state not in _IN_TROUBLE and not stuck:
        return None
    reasons, families = _reasons(order, situation)
    remedy = tuple(dict.fromkeys(reason.remediation for reason in reasons if reason.remediation))
    return Trouble(
        state,
        stuck,
        reasons,
        (*remedy, *_remedy(situation)),
        situation.next.by if not order.ended else "sales" if state is HeaderState.REJECTED else None,
        cited(order.registers, families),
    )


def _reasons(order: Known, situation: Situation) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
    """The reasons, and the registers they were read from."""
    state = order.view.state
    if state is HeaderState.REJECTED:
        found = _findings(order, "ProductOrderRejected") or _reason_codes(order, "ProductOrderRejected")
        return found, ("findings", "declared")
    if state is HeaderState.FAILED_CLOSED:
        return _reason_codes(order, "ProductOrderFailedClosed"), ("declared", "fallout")
    reasons = [Reason(b.code or b.kind.value) for b in situation.blockers]
    if state is HeaderState.FALLOUT:
        reasons += _findings(order, "ProductOrderDecompositionFailed")
    if situation.standstill.stuck_since_us is not None:
        hours = (situation.standstill.stuck_since_us - situation.standstill.last_moved_us) / HOUR_US
        reasons.append(Reason("STUCK", f"Nothing has moved the order for more than {hours:g} hours."))
    return tuple(reasons), ("work", "fallout", "cancellation", "task", "findings", "case", "moved")


def _findings(order: Known, kind: str) -> tuple[Reason, ...]:
    return tuple(
        Reason(code, message, remediation)
        for _, rest, entry in order.registers.get("findings", ())
        if rest == kind
        for code, _, message, remediation in entry.value
    )


def _reason_codes(order: Known, kind: str) -> tuple[Reason, ...]:
    codes = [said.reason_code for entry, said in order.seen if entry.kind == kind]
    return tuple(Reason(code) for code in codes if code)


def _remedy(situation: Situation) -> tuple[str, ...]:
    state = situation.known.view.state
    if state is HeaderState.REJECTED:
        return (_AGAIN,)
    if state is HeaderState.FAILED_CLOSED:
        return (_GIVEN_UP,)
    return (NEXT[situation.next.step]["en"],)
