"""One order under any commands: what must hold after each of them, whatever was sent before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.errors import Refusal
from domain.order_state.build import build, canonical
from domain.order_state.facts import OrderFacts
from domain.order_state.policy import REFERENCE_V1
from domain.order_state.states import TERMINAL_ITEM_STATES, HeaderState, ItemState
from domain.product_order.aggregate import MACHINE, decide
from domain.product_order.events import ProductOrderEvent
from domain.product_order.machine import ROWS
from domain.product_order.order import ProductOrder, evolve
from streams.order_state_stored import to_bytes
from tests.domain.event_streams import fact_of
from tests.domain.header_oracle import Story, told
from tests.domain.orders import NOW, SAMPLES, creation
from tests.domain.walks import lines, next_command, onward

ENDED = {
    HeaderState.COMPLETED,
    HeaderState.PARTIALLY_COMPLETED,
    HeaderState.CANCELLED,
    HeaderState.REJECTED,
    HeaderState.FAILED_CLOSED,
}
ALWAYS = {"AddOrderNote", "AttachOrderDocument"}


def wire(event: ProductOrderEvent) -> tuple[str, dict[str, Any]]:
    return type(event).__name__, event.model_dump(mode="json", by_alias=True)


class OrderMachine(RuleBasedStateMachine):
    """Fires commands at an order and follows it with an independent reader of its events."""

    def __init__(self) -> None:
        super().__init__()
        self.order: ProductOrder | None = None
        self.events: list[ProductOrderEvent] = []
        self.story = Story()
        self.memory = OrderFacts()
        self.now = NOW
        self.sent = 0

    @property
    def standing(self) -> ProductOrder:
        assert self.order is not None
        return self.order

    @initialize(data=st.data())
    def create(self, data: st.DataObject) -> None:
        choose = lambda options: data.draw(st.sampled_from(options))  # noqa: E731
        try:
            self._keep(decide(None, creation(lines(choose)), self.now))
        except Refusal:
            self._keep(decide(None, creation(), self.now))

    @rule(data=st.data())
    def send_what_is_allowed(self, data: st.DataObject) -> None:
        self._send(data, data.draw(st.sampled_from(MACHINE.allowed_in(self.standing.state))))

    @rule(data=st.data())
    def send_anything(self, data: st.DataObject) -> None:
        self._send(data, data.draw(st.sampled_from(sorted(kind.__name__ for kind in SAMPLES))))

    @rule(data=st.data())
    def press_on(self, data: st.DataObject) -> None:
        choose = lambda options: data.draw(st.sampled_from(options))  # noqa: E731
        self._send(data, onward(self.standing, choose))

    def _send(self, data: st.DataObject, name: str) -> None:
        order = self.standing
        self.sent += 1
        self.now += timedelta(minutes=1)
        choose = lambda options: data.draw(st.sampled_from(options))  # noqa: E731
        command = next_command(order, ROWS[name].command, f"command-{self.sent}", choose)
        before = to_bytes(order.facts)
        view = order.view
        events: tuple[ProductOrderEvent, ...] = ()
        refusal: Refusal | None = None
        try:
            events = decide(order, command, self.now)
        except Refusal as refused:
            refusal = refused
        assert to_bytes(order.facts) == before, "deciding must not change the order that is decided on"
        assert order.view == view
        if refusal is not None:
            assert refusal.message
            assert refusal.remediation
            assert refusal.category
            return
        assert events, "a command that is carried out leaves a fact"
        assert decide(order, command, self.now) == events
        assert name in ALWAYS or order.state not in ENDED or name == "CloseProductOrderAsFailed"
        self._keep(events)
        if order.state in ENDED:
            assert self.standing.state is order.state
        self._stays_terminal(order)

    def _stays_terminal(self, before: ProductOrder) -> None:
        """What an item has come to is never taken back."""
        for item in before.view.items:
            if item.state in TERMINAL_ITEM_STATES:
                assert self.standing.item_state(item.item_id) is item.state

    def _keep(self, events: tuple[ProductOrderEvent, ...]) -> None:
        for event in events:
            before = self.order
            self.order = evolve(before, event)
            self.story.read(type(event).__name__.removeprefix("ProductOrder"), wire(event)[1])
            self.memory.apply(fact_of(event, event.version))
            assert event.state is self.order.state is self.story.state()
            left = before.state if before else None
            moved = (None, None) if left is event.state else (left, event.state)
            assert (event.from_state, event.to_state) == moved
            self.events.append(event)

    @invariant()
    def versions_are_contiguous_and_ids_stable(self) -> None:
        if self.order is None:
            return
        assert [event.version for event in self.events] == list(range(1, len(self.events) + 1))
        first = self.events[0]
        for event in self.events:
            assert (event.order_id, event.order_number) == (first.order_id, first.order_number)
            assert event.account_id == first.account_id

    @invariant()
    def the_order_is_what_its_events_say(self) -> None:
        if self.order is None:
            return
        order = self.standing
        assert {item.item_id: item.state for item in order.view.items} == self.story.item_states()
        assert order.view.declared is self.story.declared
        assert order.state is self.story.state()
        assert {item.item_id for item in order.view.items} == set(order.items)

    @invariant()
    def what_is_published_derives_to_the_same(self) -> None:
        if self.order is None:
            return
        record = canonical(build(self.standing.order_id, self.memory, REFERENCE_V1, self.now))
        assert record["state"] == record["publishedState"] == self.standing.state.value
        assert record["versionGaps"] == record["conflictingVersions"] == []

    @invariant()
    def an_ended_order_has_nothing_left_to_do(self) -> None:
        """R137-R140, R160."""
        if self.order is None or self.order.state not in ENDED - {HeaderState.REJECTED}:
            return
        executable = [item for item in self.order.view.items if item.executable]
        assert all(item.state in TERMINAL_ITEM_STATES for item in executable)
        if self.order.state is HeaderState.COMPLETED:
            assert {item.state for item in executable} <= {ItemState.COMPLETED, ItemState.CANCELLED}
            assert self.order.view.declared is HeaderState.COMPLETED
        if self.order.state is HeaderState.CANCELLED:
            assert self.order.view.declared is HeaderState.CANCELLED

    @invariant()
    def work_rests_on_a_plan_and_on_finished_dependencies(self) -> None:
        if self.order is None:
            return
        order = self.order
        for item in order.items.values():
            if order.work_state(item.item_id) in (ItemState.IN_PROGRESS, ItemState.PENDING_EXTERNAL):
                assert item.executable
                assert order.plan_id is not None
                done = [order.work_state(d) for d in item.depends_on if order.items[d].executable]
                assert set(done) <= {ItemState.COMPLETED}

    def teardown(self) -> None:
        """All events from the first give the same order again."""
        again: ProductOrder | None = None
        for event in self.events:
            again = evolve(again, event)
        if self.order is not None:
            assert again is not None
            assert to_bytes(again.facts) == to_bytes(self.order.facts)
            assert replace(again, facts=self.order.facts, view=self.order.view) == self.order
            assert told(wire(event) for event in self.events).state() is self.order.state


OrderMachine.TestCase.settings = settings(
    max_examples=120, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOrderMachine = OrderMachine.TestCase
