"""Everything that is known of one order, put together once for all audiences."""

from __future__ import annotations

from typing import Any, NamedTuple

from domain.fold.facts import Entry, Facts
from domain.fulfillment_plan.states import TaskState
from domain.order_state.derive import ItemView, OrderView, derive
from domain.order_state.facts import Newest, OrderFacts
from domain.order_state.policy import HeaderPolicy
from domain.order_state.states import TERMINAL_HEADER_STATES, HeaderState, ItemState
from domain.order_status.delivery_registers import PlannedTask, TaskSaid
from domain.order_status.order_registers import Line, Registers, Seen, order_facts

ENDED_TASKS = frozenset({TaskState.COMPLETED.value, TaskState.COMPENSATED.value})


class Task(NamedTuple):
    """A task as planned and as it stands; `since_us` is None before its first event."""

    task_id: str
    item_id: str | None
    kind: str | None
    performed_by: str | None
    depends_on: list[str]
    cutoff: str | None
    state: str
    attempt: int
    failure_code: str | None
    attempts_left: int | None
    since_us: int | None


class Dates(NamedTuple):
    """The dates asked for and promised, microseconds."""

    requested_start_us: int | None = None
    requested_us: int | None = None
    committed_us: int | None = None


class Known:
    """The registers of an order by family, its facts and view by the order-state fold, and what most rows need."""

    def __init__(self, order_id: str, registers: Registers, facts: OrderFacts, newest: Newest, view: OrderView) -> None:
        self.order_id = order_id
        self.registers = registers
        self.facts = facts
        self.newest = newest
        self.view = view
        self.ended: bool = view.state in TERMINAL_HEADER_STATES
        self.executable: list[ItemView] = [item for item in view.items if item.executable]
        self.live: list[ItemView] = [item for item in self.executable if item.state is not ItemState.CANCELLED]
        self.seen: list[tuple[Entry, Seen]] = [(e, Seen(*e.value)) for _, _, e in registers.get("seen", ())]
        self.seen.sort(key=_by_version)
        self.lines: dict[str, Line] = {v[0]: Line(*v) for v in self.value("lines", [])}
        self.dates = Dates(*self.value("dates", ()))
        self.tasks: list[Task] = _tasks(registers)

    def value(self, family: str, default: Any) -> Any:
        """What a register holds of which there is one for an order."""
        found = self.registers.get(family)
        return found[0][2].value if found else default

    def first(self, kind: str) -> int | None:
        """When the first event of a kind happened to the order, in order of version."""
        return next((entry.time_us for entry, _ in self.seen if entry.kind == kind), None)

    @property
    def completed_us(self) -> int | None:
        """When everything was delivered; None for an order that was not, or not in whole."""
        if self.view.state is not HeaderState.COMPLETED:
            return None
        declared = self.first("ProductOrderCompleted")
        if declared is not None:
            return declared
        return max((item.work.since_us for item in self.live if item.work), default=self.newest.time_us)


def known(order_id: str, facts: Facts, policy: HeaderPolicy) -> Known | None:
    """What is known of an order; None before the first event of its own."""
    registers: dict[str, list[tuple[str, str, Entry]]] = {}
    for aggregate, name, entry in facts.starting_with(""):
        family, _, rest = name.partition("/")
        registers.setdefault(family, []).append((aggregate, rest, entry))
    order = order_facts(registers)
    if order.newest is None:
        return None
    return Known(order_id, registers, order, order.newest, derive(order, policy))


def _by_version(seen: tuple[Entry, Seen]) -> tuple[int, int]:
    return seen[0].version, seen[0].content


def _tasks(registers: Registers) -> list[Task]:
    """Planned tasks in the order of their plan, and those that are known by their events alone."""
    said = {task_id: entry for _, task_id, entry in registers.get("task", ())}
    planned = [PlannedTask(*value) for _, _, entry in registers.get("planned", ()) for value in entry.value]
    tasks = [_task(task, said.pop(task.task_id, None)) for task in planned]
    for task_id, entry in said.items():
        one = TaskSaid(*entry.value)
        tasks.append(_task(PlannedTask(task_id, one.item_id, one.kind, None, [], one.cutoff), entry))
    return tasks


def _task(planned: PlannedTask, entry: Entry | None) -> Task:
    if entry is None:
        return Task(*planned, TaskState.PENDING.value, 0, None, None, None)
    said = TaskSaid(*entry.value)
    return Task(*planned, said.state, said.attempt, said.failure_code, said.attempts_left, entry.time_us)
