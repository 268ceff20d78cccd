"""Checks that hold for any `domain.machine.Machine`: its table, which command goes in which state, and walks.

A test module names its aggregate once as a `Subject` and calls what it needs:

    SUBJECT = Subject(MACHINE, EVENTS, STATES, sample)
    TestWalk = walk(SUBJECT)

`sample(aggregate, kind, command_id, choose)` makes one command of a kind for the aggregate where it stands (None: a
creation), sensible or not; `envelope` gives it a sender, an id and a reason.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from random import Random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from domain.command import Actor, Command
from domain.errors import Refusal
from domain.machine import Machine
from domain.model import Model

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
STRANGER = Actor(actor_id="stranger-1", role="stranger", system="elsewhere")

Choose = Callable[[Sequence[Any]], Any]
Sample = Callable[[Any, type[Command], str, Choose], Command]


@dataclass(frozen=True)
class Subject:
    """One aggregate under test.

    `picture` is what of a state must be the same for two to be the same, detached from it. `onward` names a command
    that brings the aggregate nearer to an end, for machines in which random commands get nowhere. `walks` and `steps`
    say how much is walked, by fixed seeds, to see every event and every state; `pace` is the time between two commands.
    """

    machine: Machine[Any, Any]
    events: tuple[type[Model], ...]
    states: type[StrEnum]
    sample: Sample
    picture: Callable[[Any], Any] = copy.deepcopy
    onward: Callable[[Any, Choose], str] | None = None
    walks: int = 400
    steps: int = 25
    pace: timedelta = timedelta(minutes=1)

    # The machine holds mappings, so the walks that are kept are kept by who it is, not by what it holds.
    def __hash__(self) -> int:
        return id(self)

    @property
    def creations(self) -> tuple[str, ...]:
        """Commands that begin an aggregate."""
        return tuple(name for name, row in self.machine.rows.items() if row.creates)


def envelope(
    machine: Machine[Any, Any], kind: type[Command], aggregate_id: str, command_id: str, choose: Choose
) -> dict[str, Any]:
    """The envelope of a command from one of two people in one of the roles that may send it, mostly with a reason."""
    role = choose(sorted(machine.rows[kind.__name__].roles))
    return {
        "aggregate_id": aggregate_id,
        "command_id": command_id,
        "actor": Actor(actor_id=f"{role}-{choose((1, 2))}", role=role, system=role),
        "correlation_id": "corr-1",
        "reason_code": choose((None, "REASON", "REASON", "REASON")),
    }


def check_table(subject: Subject, *command_modules: ModuleType) -> None:
    """Every row is complete, every guard is used, every event has a command, every command a row (R153-R162)."""
    machine = subject.machine
    assert set(machine.reactions) == set(machine.rows)
    assert {event for row in machine.rows.values() for event in row.emits} == set(subject.events)
    for name, row in machine.rows.items():
        assert row.command.__name__ == name
        assert row.command.__doc__, name
        assert row.roles, name
        assert row.emits, name
        assert row.retry, name
        known = {*(machine.creation_guards if row.creates else machine.guards), *machine.timed_guards}
        assert set(row.guards) <= known, name
        assert (row.timeout is None) == (not row.on_timeout), name
        assert row.states <= frozenset(subject.states), name
    used = {guard for row in machine.rows.values() for guard in row.guards}
    assert used == {*machine.guards, *machine.creation_guards, *machine.timed_guards}
    assert machine.terminal | machine.repair <= frozenset(subject.states)
    defined = {
        kind
        for module in command_modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Command) and kind.__module__ == module.__name__ and not kind.__subclasses__()
    }
    assert defined == (machine.commands if command_modules else set())


@cache
def seen(subject: Subject) -> tuple[Mapping[str, set[str]], Mapping[StrEnum, Any]]:
    """Which events each command left, and one aggregate in each state that was reached, over seeded random walks."""
    emitted: dict[str, set[str]] = {name: set() for name in subject.machine.rows}
    standing: dict[StrEnum, Any] = {}
    for number in range(subject.walks):
        random = Random(number)
        aggregate: Any = None
        for step in range(subject.steps):
            name = next_name(subject, aggregate, random.choice)
            kind = subject.machine.rows[name].command
            command = subject.sample(aggregate, kind, f"{number}/{step}", random.choice)
            events = outcome(subject, aggregate, command, NOW + step * subject.pace)
            if isinstance(events, Refusal):
                continue
            emitted[name] |= {type(event).__name__ for event in events}
            for event in events:
                aggregate = subject.machine.evolve(aggregate, event)
            standing.setdefault(aggregate.state, aggregate)
    return emitted, standing


def next_name(subject: Subject, aggregate: Any, choose: Choose) -> str:
    """A command that is mostly allowed where the aggregate stands."""
    if aggregate is None:
        return str(choose(subject.creations))
    if subject.onward is not None and choose((True, False)):
        return subject.onward(aggregate, choose)
    return str(choose(subject.machine.allowed_in(aggregate.state) or tuple(subject.machine.rows)))


def check_emissions(subject: Subject) -> None:
    """A row says what its command leaves, no more and no less (R162)."""
    emitted, _ = seen(subject)
    for name, row in subject.machine.rows.items():
        assert emitted[name] == {event.__name__ for event in row.emits}, name


def check_matrix(subject: Subject, never_rest: Collection[StrEnum] = ()) -> None:
    """Every state can be reached, and a command is an illegal transition exactly where the table says so (R152, R153).

    `never_rest` are states that no command leaves the aggregate in.
    """
    _, standing = seen(subject)
    assert set(standing) == set(subject.states) - set(never_rest)
    for state, aggregate in standing.items():
        for name, row in subject.machine.rows.items():
            if not row.creates:
                assert _is_illegal(subject, aggregate, row.command) == (state not in row.states), (name, state)


def _is_illegal(subject: Subject, aggregate: Any, kind: type[Command]) -> bool:
    command = subject.sample(aggregate, kind, "matrix", Random(7).choice)
    refusal = outcome(subject, aggregate, command, NOW)
    if not isinstance(refusal, Refusal) or f"{kind.__name__} is not allowed" not in refusal.message:
        return False
    assert refusal.code == "STATE_ILLEGAL_TRANSITION"
    assert aggregate.state in refusal.message
    assert all(name in refusal.remediation for name in subject.machine.allowed_in(aggregate.state))
    return True


def outcome(subject: Subject, aggregate: Any, command: Command, now: datetime) -> tuple[Any, ...] | Refusal:
    """What a command comes to: its events, or why it is refused."""
    try:
        events: tuple[Any, ...] = subject.machine.decide(aggregate, command, now)
    except Refusal as refusal:
        return refusal
    return events


def check_roles(subject: Subject) -> None:
    """Nobody without a role the row names may send a command, in whatever state (R155, R320)."""
    _, standing = seen(subject)
    for name, row in subject.machine.rows.items():
        for aggregate in (None,) if row.creates else standing.values():
            command = subject.sample(aggregate, row.command, "stranger", Random(7).choice)
            with pytest.raises(Refusal) as caught:
                subject.machine.decide(aggregate, command.model_copy(update={"actor": STRANGER}), NOW)
            assert caught.value.code == "AUTHORIZATION_ROLE", name
            assert all(role in caught.value.remediation for role in row.roles), name


def check_beginning(subject: Subject) -> None:
    """Only a creation begins an aggregate, and it does so once."""
    machine = subject.machine
    _, standing = seen(subject)
    for name, row in machine.rows.items():
        aggregate = next(iter(standing.values()))
        command = subject.sample(None if row.creates else aggregate, row.command, "beginning", Random(7).choice)
        with pytest.raises(Refusal) as caught:
            machine.decide(aggregate if row.creates else None, command, NOW)
        expected = f"CONFLICT_{machine.code}_EXISTS" if row.creates else f"REFERENCE_{machine.code}_UNKNOWN"
        assert caught.value.code == expected, name


def walk(subject: Subject, *, examples: int = 60, steps: int = 25) -> type[Any]:
    """A test case that fires commands at one aggregate and holds after each of them what must always hold.

    Versions are contiguous, each event says the states it led from and to, deciding is pure and repeatable, a refusal
    is explained and leaves nothing, what has ended stays ended, and all events from the first give the same aggregate.
    """

    class Walk(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.follower = Follower(subject)

        @initialize(data=st.data())
        def begin(self, data: st.DataObject) -> None:
            self.follower.send(data.draw(st.sampled_from(subject.creations)), _drawing(data))

        @rule(data=st.data())
        def send_what_is_allowed(self, data: st.DataObject) -> None:
            self.follower.send(next_name(subject, self.follower.aggregate, _drawing(data)), _drawing(data))

        @rule(data=st.data())
        def send_anything(self, data: st.DataObject) -> None:
            self.follower.send(data.draw(st.sampled_from(sorted(subject.machine.rows))), _drawing(data))

        def teardown(self) -> None:
            self.follower.check_fold()

    case: type[Any] = Walk.TestCase
    case.settings = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    return case


def _drawing(data: st.DataObject) -> Choose:
    return lambda options: data.draw(st.sampled_from(options))


class Follower:
    """Follows one aggregate through commands and checks each step."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.aggregate: Any = None
        self.events: list[Any] = []
        self.now = NOW
        self.sent = 0

    def send(self, name: str, choose: Choose) -> None:
        """Send one command of this name; it is carried out or refused, and either way properly."""
        machine = self.subject.machine
        self.sent += 1
        self.now += self.subject.pace
        row = machine.rows[name]
        about = self.aggregate if not row.creates or self.aggregate is None else None
        if about is None and not row.creates:
            return
        command = self.subject.sample(about, row.command, f"command-{self.sent}", choose)
        if choose((False,) * 11 + (True,)):
            command = command.model_copy(update={"actor": STRANGER})
        before = self._picture(self.aggregate)
        ended = self.aggregate is not None and self.aggregate.state in machine.terminal
        events = outcome(self.subject, self.aggregate, command, self.now)
        assert self._picture(self.aggregate) == before, "deciding must not change the aggregate"
        if isinstance(events, Refusal):
            assert events.message
            assert events.remediation
            assert events.category
            return
        assert events, "a command that is carried out leaves a fact"
        assert command.actor.role in row.roles
        assert row.creates == (self.aggregate is None)
        assert machine.decide(self.aggregate, command, self.now) == events
        for event in events:
            assert type(event) in row.emits
            self._keep(event, command)
        if ended:
            assert self.aggregate.state in machine.terminal

    def _picture(self, aggregate: Any) -> Any:
        return None if aggregate is None else self.subject.picture(aggregate)

    def _keep(self, event: Any, command: Command) -> None:
        left = self.aggregate.state if self.aggregate is not None else None
        self.aggregate = self.subject.machine.evolve(self.aggregate, event)
        self.events.append(event)
        assert event.version == self.aggregate.version == len(self.events)
        assert event.state is self.aggregate.state
        assert (event.from_state, event.to_state) == ((None, None) if left is event.state else (left, event.state))
        assert event.occurred_at == self.now
        assert event.reason_code == command.reason_code
        assert event.source_command_id == command.command_id
        assert (event.actor_id, event.actor_role) == (command.actor.actor_id, command.actor.role)

    def check_fold(self) -> None:
        """All events from the first give the same aggregate, also when they were read from JSON again."""
        read = [type(e).model_validate_json(e.model_dump_json(by_alias=True)) for e in self.events]
        for events in (self.events, read):
            again: Any = None
            for event in events:
                again = self.subject.machine.evolve(again, event)
            assert self._picture(again) == self._picture(self.aggregate)
