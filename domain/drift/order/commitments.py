"""What the order promised, and what was done to the promise (R290, R299, R306, R401, R412)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.drift.mismatch import Apart, Mismatch
from domain.drift.order.matter import Matter
from domain.drift.order.sayings import MATERIAL, WHOLE_ORDER
from domain.drift.rules import Rule
from domain.drift.values import at
from domain.fold.joins import Item
from domain.fulfillment_plan.states import TaskCutoff
from domain.order_state.states import ItemState
from domain.product_order.guards import PAST_CUTOFF

_CUTOFF = MATERIAL.index("cutoff")
_TOO_LATE = {cutoff.value: states | {ItemState.COMPLETED} for cutoff, states in PAST_CUTOFF.items()}


def cancelled_after_cutoff(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """An item was cancelled that had passed its cut-off when somebody asked; what was asked before that is honoured."""
    items = matter.definition.value["items"] if matter.definition else {}
    for item_id, states in sorted(matter.work.items()):
        if states[-1][3] != ItemState.CANCELLED or item_id not in items:
            continue
        asked_version, asked_us = _asked(matter, item_id, states[-1])
        before = [state for version, _, _, state in states if version < asked_version]
        stood = before[-1] if before else ItemState.NOT_STARTED.value
        begun = next((t for t in matter.tasks if t.item_id == item_id and _kept(t.cutoff, t.begun_us, asked_us)), None)
        late = stood in _TOO_LATE.get(items[item_id][_CUTOFF] or "", frozenset())
        if late or begun is not None:
            what = begun.task_id if begun is not None and not late else f"{item_id} {stood}"
            yield Mismatch(
                entity_type="ProductOrder",
                entity_id=matter.order_id,
                since_us=states[-1][2],
                apart=(Apart(f"items.{item_id}", f"delivered, for {what} at {at(asked_us)}", states[-1][3]),),
                evidence=(matter.facts.entry(matter.order_id, "work"), matter.definition),
                names={**matter.names, "item": item_id},
            )
            return


def _asked(matter: Matter, item_id: str, cancelled: Item) -> tuple[int, int]:
    """The request that the cancellation of an item rests on, as its version and time; itself when there is none."""
    requests = [
        s for name in (item_id, WHOLE_ORDER) for s in matter.asked.get(name, ()) if s[3] and s[0] < cancelled[0]
    ]
    found = max(requests, key=lambda state: int(state[0]), default=cancelled)
    return int(found[0]), int(found[2])


def _kept(cutoff: str | None, begun_us: int | None, asked_us: int) -> bool:
    """Whether a task keeps its item from being cancelled."""
    return cutoff == TaskCutoff.ON_START and begun_us is not None and begun_us < asked_us


def changed_without_amendment(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """What was accepted is not what was submitted last."""
    submitted, agreed = matter.submitted, matter.agreed
    if submitted is None or agreed is None or submitted.version > agreed.version:
        return
    apart = tuple(_changes(submitted.value, agreed.value))
    if apart:
        yield Mismatch(
            entity_type="ProductOrder",
            entity_id=matter.order_id,
            since_us=agreed.time_us,
            apart=apart,
            evidence=(submitted, agreed),
            names=matter.names,
        )


def _changes(submitted: Mapping[str, Any], agreed: Mapping[str, Any]) -> Iterator[Apart]:
    before, after = submitted["items"], agreed["items"]
    for item_id in sorted({*before, *after}):
        if item_id not in before or item_id not in after:
            yield Apart(f"items.{item_id}", *("there" if item_id in side else None for side in (before, after)))
            continue
        for name, was, became in zip(MATERIAL, before[item_id], after[item_id], strict=True):
            if was != became:
                yield Apart(f"items.{item_id}.{name}", _text(was), _text(became))
    was, became = submitted["billingAccountId"], agreed["billingAccountId"]
    if was and became and was != became:
        yield Apart("billingAccountId", was, became)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
