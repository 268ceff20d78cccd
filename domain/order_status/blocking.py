"""What keeps an order from moving, what must happen next and who must do it (R190)."""

from __future__ import annotations

from typing import NamedTuple

from domain.fallout_case.states import TERMINAL_FALLOUT_STATES
from domain.fulfillment_plan.states import TaskState
from domain.order_state.derive import blockers as order_blockers
from domain.order_state.states import HeaderState, ItemState, Repair
from domain.order_status.delivery_registers import CaseSaid
from domain.order_status.known import Known
from domain.order_status.vocabulary import BlockerKind, Step

CUSTOMER = "customer"
"""How an event names the customer as the one it waits for."""

_CLOSED_CASES = frozenset(state.value for state in TERMINAL_FALLOUT_STATES)
_UNKNOWN = TaskState.UNKNOWN.value
_RANKS = {
    BlockerKind.FALLOUT: 0,
    BlockerKind.CANCELLATION: 1,
    BlockerKind.UNKNOWN_OUTCOME: 2,
    BlockerKind.PENDING_EXTERNAL: 4,
}
_RANK_OF_REPAIRING_ITSELF = 3


class Blocker(NamedTuple):
    """One thing that keeps an order from moving; `rank` 0 decides about the state first."""

    rank: int
    since_us: int
    kind: BlockerKind
    item_id: str | None
    code: str | None
    repair: str | None


class NextAction(NamedTuple):
    """What must happen next, and which role, team or outsider must do it; nobody for an order that has ended."""

    step: Step
    by: str | None


def blockers(known: Known) -> list[Blocker]:
    """Everything that blocks the order: what the header state follows first, then the oldest."""
    if known.ended:
        return []
    found = []
    for b in order_blockers(known.facts, known.view):
        kind = BlockerKind(b.kind)
        mends_itself = kind is BlockerKind.FALLOUT and b.repair == Repair.AUTO.value
        rank = _RANK_OF_REPAIRING_ITSELF if mends_itself else _RANKS[kind]
        found.append(Blocker(rank, b.since_us, kind, b.item_id, b.code, b.repair))
    rank = _RANKS[BlockerKind.UNKNOWN_OUTCOME]
    found += [
        Blocker(rank, task.since_us or 0, BlockerKind.UNKNOWN_OUTCOME, task.item_id, task.kind, None)
        for task in known.tasks
        if task.state == _UNKNOWN
    ]
    found.sort(key=_first_that_matters)
    return found


def _first_that_matters(blocker: Blocker) -> tuple[int, int, str, str]:
    return blocker.rank, blocker.since_us, blocker.item_id or "", blocker.code or ""


def awaits_customer(found: list[Blocker]) -> bool:
    """Whether anything waits for the customer."""
    return any(b.kind is BlockerKind.PENDING_EXTERNAL and (b.code or "").lower() == CUSTOMER for b in found)


_BY_STATE = {
    HeaderState.DRAFT: NextAction(Step.SUBMIT, "sales"),
    HeaderState.SUBMITTED: NextAction(Step.VALIDATE, "oms"),
    HeaderState.VALIDATING: NextAction(Step.DECIDE_ACCEPTANCE, "oms"),
    HeaderState.CANCELLING: NextAction(Step.STOP_WORK, "fulfillment"),
}
_NOTHING = NextAction(Step.NOTHING, None)


def next_action(known: Known, found: list[Blocker]) -> NextAction:
    """What must happen next; what blocks the order comes before what it would do otherwise."""
    if known.ended:
        return _NOTHING
    state = known.view.state
    if state is HeaderState.FALLOUT:
        return NextAction(Step.REPAIR, _team(known) or "order-manager")
    by_state = _BY_STATE.get(state)
    if by_state is not None:
        return by_state
    current = found[0] if found else None
    if current is not None and current.kind is BlockerKind.UNKNOWN_OUTCOME:
        return NextAction(Step.FIND_OUT, "fulfillment-operator")
    if awaits_customer(found):
        return NextAction(Step.AWAIT_CUSTOMER, CUSTOMER)
    if current is not None and current.kind is BlockerKind.PENDING_EXTERNAL and waits_only(known):
        return NextAction(Step.AWAIT_EXTERNAL, current.code)
    if state is HeaderState.ACCEPTED:
        decomposed = bool(known.tasks) or known.first("ProductOrderDecomposed") is not None
        return NextAction(Step.START_WORK, "fulfillment") if decomposed else NextAction(Step.DECOMPOSE, "oms")
    return NextAction(Step.DELIVER, "fulfillment")


def waits_only(known: Known) -> bool:
    """Whether of the items that were begun and have not ended all wait for somebody outside."""
    states = {item.state for item in known.live}
    return ItemState.PENDING_EXTERNAL in states and ItemState.IN_PROGRESS not in states


def _team(known: Known) -> str | None:
    """Who has the oldest open case of the order."""
    teams = {aggregate: entry.value[0] for aggregate, _, entry in known.registers.get("assigned", ())}
    open_cases = [
        (entry.time_us, aggregate)
        for aggregate, _, entry in known.registers.get("case", ())
        if CaseSaid(*entry.value).state not in _CLOSED_CASES
    ]
    return next((teams[aggregate] for _, aggregate in sorted(open_cases) if teams.get(aggregate)), None)
