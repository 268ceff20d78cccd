"""Where the order stands against its items, its plan and its fallout (R134-R140, R232, R252, R415)."""

from __future__ import annotations

from collections.abc import Iterator

from domain.drift.mismatch import Apart, Mismatch
from domain.drift.order.matter import FULFILLED, UNFULFILLED, Matter
from domain.drift.rules import Rule
from domain.fallout_case.states import TERMINAL_FALLOUT_STATES
from domain.fold.facts import Entry
from domain.order_state.derive import OrderView
from domain.order_state.states import TERMINAL_HEADER_STATES, HeaderState, ItemState

_GIVEN_UP = frozenset({HeaderState.CANCELLED, HeaderState.FAILED_CLOSED})
_NOT_BEGUN = frozenset({HeaderState.REJECTED, HeaderState.DRAFT, HeaderState.SUBMITTED, HeaderState.VALIDATING})
_BEING_DONE = frozenset({ItemState.IN_PROGRESS, ItemState.PENDING_EXTERNAL, ItemState.COMPLETED})
_UNTOUCHED = frozenset({ItemState.NOT_STARTED, ItemState.CANCELLING, ItemState.CANCELLED})
_TAKEN_OUT = frozenset({ItemState.CANCELLED, ItemState.FAILED_CLOSED})
_CASE_ENDED = frozenset(state.value for state in TERMINAL_FALLOUT_STATES)


def _about_order(
    matter: Matter, since_us: int, apart: tuple[Apart, ...], *evidence: Entry | None, **names: str
) -> Mismatch:
    return Mismatch(
        entity_type="ProductOrder",
        entity_id=matter.order_id,
        since_us=since_us,
        apart=apart,
        evidence=evidence,
        names={**matter.names, **names},
    )


def header_vs_items(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """The newest event says another state than follows from the items, or the declared one cannot be."""
    view, newest, declared = matter.view, matter.newest, matter.declared
    if view is None or newest is None:
        return
    said = newest.value[0]
    if said is not None and said != view.state.value:
        since_us = max(_said_since(matter, newest), _items_since(matter))
        apart: tuple[Apart, ...] = (Apart("state", view.state.value, said),)
        yield _about_order(matter, since_us, apart, newest, declared, declared=str(said), derived=view.state.value)
    elif declared is not None and (wrong := _impossible(view)):
        since_us = max([declared.time_us, *(matter.work_since(item_id) for item_id in wrong)])
        apart = tuple(
            Apart(f"items.{item_id}.state", f"as in an order that is {said}", s) for item_id, s in wrong.items()
        )
        derived = ", ".join(sorted(set(wrong.values())))
        yield _about_order(matter, since_us, apart, newest, declared, declared=str(said), derived=derived)


def _said_since(matter: Matter, newest: Entry) -> int:
    """When the owner entered the state it says; chatter in between begins nothing anew."""
    entered = matter.facts.entry(matter.order_id, "entered")
    return entered.time_us if entered is not None and entered.value == newest.value[0] else newest.time_us


def _items_since(matter: Matter) -> int:
    """When something last changed that the derived state depends on."""
    changes = (matter.work, matter.fallouts, matter.asked)
    declared_us = matter.declared.time_us if matter.declared else 0
    return max(declared_us, *(int(s[-1][2]) for c in changes for s in c.values()), 0)


def _impossible(view: OrderView) -> dict[str, str]:
    """Items that stand where none can in an order that declared this state."""
    if view.declared in _GIVEN_UP:
        return {i.item_id: i.state.value for i in view.items if i.executable and i.state in _BEING_DONE}
    if view.declared in _NOT_BEGUN:
        return {i.item_id: i.state.value for i in view.items if i.executable and i.state not in _UNTOUCHED}
    return {}


def completed_with_open_task(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """The order is completed, and a task of what it delivered is not."""
    view = matter.view
    if view is None or view.state not in FULFILLED:
        return
    taken_out = {item.item_id for item in view.items if item.state in _TAKEN_OUT}
    left = [task for task in matter.tasks if not task.done and task.item_id not in taken_out]
    if left:
        since_us = max(matter.ended_us, min(task.since_us for task in left))
        apart = tuple(Apart(f"tasks.{task.task_id}.state", "COMPLETED", task.state) for task in left)
        evidence = (matter.declared, *(entry for _, entry in matter.facts.each("steps")))
        yield _about_order(matter, since_us, apart, *evidence, count=str(len(left)))


def tasks_done_order_open(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """Every task came to its end, and the order did not; what is being cancelled has first to be taken back."""
    view = matter.view
    # what all its items make completed is over once the order says so itself
    unsaid = view is not None and view.state is HeaderState.COMPLETED and view.declared is not HeaderState.COMPLETED
    if view is None or not matter.tasks or (view.state in TERMINAL_HEADER_STATES and not unsaid):
        return
    taken_back: set[str | None] = {item.item_id for item in view.items if item.state is ItemState.CANCELLING}
    if taken_back and not any(item.state is ItemState.COMPLETED for item in view.items):
        taken_back.add(None)  # nothing is kept, so what served the whole order goes, too
    if all(task.ended(taken_back=task.item_id in taken_back) for task in matter.tasks):
        since_us = max(*(task.since_us for task in matter.tasks), matter.ended_us if unsaid else 0)
        apart = (Apart("state", "an end", view.declared.value if unsaid and view.declared else view.state.value),)
        evidence = (matter.newest, *(entry for _, entry in matter.facts.each("steps")))
        yield _about_order(matter, since_us, apart, *evidence, state=view.state.value)


def fallout_on_completed(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """The order is completed, and a fallout case of it is open."""
    if matter.view is None or matter.view.state not in FULFILLED:
        return
    for case_id, case in matter.facts.each("case"):
        state, item_id = case.value
        if state not in _CASE_ENDED:
            yield Mismatch(
                entity_type="FalloutCase",
                entity_id=case_id,
                since_us=max(matter.ended_us, case.time_us),
                apart=(Apart("state", "RESOLVED", state),),
                evidence=(case, matter.declared),
                names={**matter.names, "item": item_id},
            )


def payment_without_order(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """Money is held for an order that ended unfulfilled, and nothing of its delivery is being taken back (R279)."""
    view = matter.view
    if view is None or view.state not in UNFULFILLED:
        return
    for payment_id, payment in matter.facts.each("payment"):
        state, expires_us, amount = payment.value
        if state == "AUTHORIZED":
            moved = [e.time_us for name in ("tasks", "steps", "request") for _, e in matter.facts.each(name)]
            yield Mismatch(
                entity_type="PaymentAuthorization",
                entity_id=payment_id,
                since_us=max([payment.time_us, matter.ended_us, *moved]),
                apart=(Apart("state", "VOIDED", " ".join([state, *(amount or ())])),),
                evidence=(payment, matter.declared),
                names={**matter.names, "state": view.state.value},
                until_us=expires_us,
            )
