"""An order and what belongs to it, as the checks of its space read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from domain.drift.order.sayings import MATERIAL, WHOLE_ORDER
from domain.fold.facts import Entry, Facts
from domain.fold.joins import Item
from domain.order_state.derive import OrderView, derive
from domain.order_state.facts import (
    Cancellation,
    Declared,
    Definition,
    Fallout,
    ItemDefinition,
    OrderFacts,
    Work,
)
from domain.order_state.policy import REFERENCE_V1
from domain.order_state.states import Action, HeaderState, ItemState

_ITEM_STATES = {state.value: state for state in ItemState}
_HEADER_STATES = {state.value: state for state in HeaderState}
FULFILLED = frozenset({HeaderState.COMPLETED, HeaderState.PARTIALLY_COMPLETED})
UNFULFILLED = frozenset({HeaderState.REJECTED, HeaderState.CANCELLED, HeaderState.FAILED_CLOSED})
PENDING = "PENDING"
COMPENSATED = "COMPENSATED"
DONE = frozenset({"COMPLETED", COMPENSATED})


class Task(NamedTuple):
    """A task of the plan and how it stands; `begun_us` is when it was first running, None before."""

    task_id: str
    item_id: str | None
    kind: str | None
    cutoff: str | None
    state: str
    since_us: int
    begun_us: int | None

    @property
    def done(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state in DONE

    def ended(self, *, taken_back: bool) -> bool:
        """Whether it came to its end, which is its compensation where it has to be taken back."""
        return self.state == COMPENSATED or (self.done and not taken_back)


class Matter:
    """Everything known around an order; `view` is its derived state, None when nothing of the order itself is known."""

    def __init__(self, order_id: str, facts: Facts) -> None:
        self.order_id = order_id
        self.facts = facts
        self.newest = facts.entry(order_id, "newest")
        self.declared = facts.entry(order_id, "declared")
        self.submitted = facts.entry(order_id, "submitted")
        self.agreed = facts.entry(order_id, "agreed")
        self.work: Mapping[str, list[Item]] = facts.value(order_id, "work", {})
        self.fallouts: Mapping[str, list[Item]] = facts.value(order_id, "fallouts", {})
        self.asked: Mapping[str, list[Item]] = facts.value(order_id, "asked", {})
        self.view: OrderView | None = None if self.newest is None else derive(self._order_facts(), REFERENCE_V1)
        self.tasks = tuple(self._tasks())

    @property
    def definition(self) -> Entry | None:
        """The newest list of items."""
        known = [entry for entry in (self.submitted, self.agreed) if entry is not None]
        return max(known, key=_version, default=None)

    @property
    def names(self) -> dict[str, str | None]:
        """What the order is called, and whose it is."""
        about = self.newest.value if self.newest else [None, None, None]
        return {"order": self.order_id, "account": about[1], "quote": about[2]}

    def work_since(self, item_id: str) -> int:
        """When an item entered the state its work is in; 0 when it was never begun."""
        states = self.work.get(item_id)
        return int(states[-1][2]) if states else 0

    @property
    def ended_us(self) -> int:
        """When the order came to its end, as far as its own events say."""
        times = [states[-1][2] for states in self.work.values()]
        if self.declared is not None:
            times.append(self.declared.time_us)
        return max(times, default=0)

    def task(self, task_id: str | None) -> Task | None:
        """A task of the plan."""
        return next((task for task in self.tasks if task.task_id == task_id), None)

    def _tasks(self) -> Iterator[Task]:
        for plan_id, plan in self.facts.each("tasks"):
            steps: Mapping[str, list[Item]] = self.facts.value(plan_id, "steps", {})
            for task_id, (item_id, kind, cutoff) in sorted(plan.value.items()):
                states = steps.get(task_id)
                if states is None:
                    yield Task(task_id, item_id, kind, cutoff, PENDING, plan.time_us, None)
                    continue
                begun = next((time_us for _, _, time_us, state in states if state == "RUNNING"), None)
                yield Task(task_id, item_id, kind, cutoff, states[-1][3], states[-1][2], begun)

    def _order_facts(self) -> OrderFacts:
        """The order's facts in the form its own fold takes, so that there is one rule for its state."""
        facts = OrderFacts()
        if self.declared is not None and self.declared.value in _HEADER_STATES:
            entry = self.declared
            facts.declared = Declared(entry.version, entry.content, _HEADER_STATES[entry.value])
        started = self.facts.value(self.order_id, "started")
        facts.started = started[0][0] if started else 0
        if self.definition is not None:
            facts.definition = _definition(self.definition)
        for item_id, states in self.work.items():
            version, content, time_us, state = states[-1]
            known = _ITEM_STATES.get(state, ItemState.IN_PROGRESS)
            facts.work[item_id] = Work(version, content, known, time_us, "", None)
        for fallout_id, states in self.fallouts.items():
            version, content, time_us, (raised, item_id, repair) = states[-1]
            facts.fallouts[fallout_id] = Fallout(version, content, raised, item_id, repair, None, time_us)
        for item_id, states in self.asked.items():
            version, content, time_us, asked = states[-1]
            register = Cancellation(version, content, asked, time_us)
            if item_id == WHOLE_ORDER:
                facts.cancellation = register
            else:
                facts.item_cancellations[item_id] = register
        return facts


def _definition(entry: Entry) -> Definition:
    items = [_item(item_id, material) for item_id, material in entry.value["items"].items()]
    return Definition(entry.version, entry.content, items)


def _item(item_id: str, material: list[Any]) -> ItemDefinition:
    said = dict(zip(MATERIAL, material, strict=True))
    action = said["action"] or Action.ADD.value
    return ItemDefinition(item_id, action, said["parentItemId"], said["offeringId"] or "", None)


def _version(entry: Entry) -> tuple[int, int]:
    return entry.version, -entry.content
