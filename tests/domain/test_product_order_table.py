"""The state machine as data (R153-R162): every row is complete and says what really happens."""

from __future__ import annotations

import inspect
from datetime import datetime
from random import Random

import pytest

from compose.demo.stories import stories
from domain.command import Command
from domain.errors import Refusal
from domain.order_state.states import TERMINAL_HEADER_STATES, HeaderState
from domain.product_order import commands
from domain.product_order import commands as c
from domain.product_order.aggregate import MACHINE, PRODUCT_ORDER, decide
from domain.product_order.events import EVENTS
from domain.product_order.guards import CREATION_GUARDS, GUARDS
from domain.product_order.machine import ROWS
from domain.product_order.order import ProductOrder, evolve
from domain.product_order.reactions import REACTIONS
from tests.domain.orders import NOW, SAMPLES, creation
from tests.domain.walks import lines, next_command, onward

WALKS, STEPS = 700, 40


@pytest.fixture(scope="module")
def emitted() -> dict[str, set[str]]:
    """Which events each command was seen to leave, over all stories and many random walks."""
    seen: dict[str, set[str]] = {name: set() for name in ROWS}
    for story in stories(150, 11):
        order: ProductOrder | None = None
        for command, at in story:
            order = _step(order, command, at, seen)
    for number in range(WALKS):
        random = Random(number)
        order = _step(None, creation(lines(random.choice)), NOW, seen)
        for step in range(STEPS if order else 0):
            assert order is not None
            name = (
                onward(order, random.choice)
                if random.random() < 0.6
                else random.choice(MACHINE.allowed_in(order.state))
            )
            kind = ROWS[name].command
            order = _step(order, next_command(order, kind, f"{number}/{step}", random.choice), NOW, seen)
    return seen


def _step(
    order: ProductOrder | None, command: Command, now: datetime, seen: dict[str, set[str]]
) -> ProductOrder | None:
    try:
        events = decide(order, command, now)
    except Refusal:
        return order
    for event in events:
        order = evolve(order, event)
    seen[command.name] |= {type(event).__name__ for event in events}
    return order


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_what_is_emitted_no_more_and_no_less(name: str, emitted: dict[str, set[str]]) -> None:
    """R162."""
    assert emitted[name] == {event.__name__ for event in ROWS[name].emits}


def test_every_event_has_a_command_that_causes_it() -> None:
    """R64."""
    assert {event for row in ROWS.values() for event in row.emits} == set(EVENTS)
    assert set(PRODUCT_ORDER.events) == {event.__name__ for event in EVENTS}


def test_every_command_has_a_row_and_a_reaction() -> None:
    """R55, R56, R63."""
    classes = {
        name
        for name, kind in inspect.getmembers(commands, inspect.isclass)
        if issubclass(kind, Command) and kind.__module__ == commands.__name__
    }
    assert classes == set(ROWS)
    assert set(REACTIONS) == set(ROWS)
    assert {k.__name__ for k in SAMPLES} == set(ROWS) - {"CreateProductOrder"}
    assert all(row.command.__name__ == name for name, row in ROWS.items())
    assert {"CreateProductOrder", "SubmitProductOrder", "CancelProductOrder", "AmendProductOrder"} <= classes
    assert {"AddOrderNote", "AttachOrderDocument", "UpdateRequestedDate", "UpdateContactDetails"} <= classes


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_complete(name: str) -> None:
    """R154-R159."""
    row = ROWS[name]
    known = CREATION_GUARDS if row.command is c.CreateProductOrder else GUARDS
    assert set(row.guards) <= set(known)
    assert row.roles
    assert row.emits
    assert row.retry
    assert (row.timeout is None) == (not row.on_timeout)
    assert bool(row.states) != (row.command is c.CreateProductOrder)
    assert row.command.__doc__


def test_no_guard_is_idle() -> None:
    used = {guard for row in ROWS.values() for guard in row.guards}
    assert used == set(GUARDS) | set(CREATION_GUARDS)


def test_allowed_in_reads_the_table() -> None:
    for state in HeaderState:
        assert set(MACHINE.allowed_in(state)) == {name for name, row in ROWS.items() if state in row.states}
        if state in TERMINAL_HEADER_STATES - {HeaderState.FAILED_CLOSED}:
            assert set(MACHINE.allowed_in(state)) == {"AddOrderNote", "AttachOrderDocument"}
