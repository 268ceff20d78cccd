"""A desk that sends commands to one aggregate of any kind, each well formed unless the test says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from avro.codec import decode_body, encode_body, writer_schema
from avro.contract import contract
from avro.plain import from_avro, to_avro
from domain.aggregate import AggregateType
from domain.command import Actor, Command
from domain.errors import Refusal
from domain.machine import Machine
from tests.domain.machine_walk import NOW


class Desk:
    """Sends commands to one aggregate and keeps every event it leaves.

    `samples` are fields with which a command of each kind is well formed; `steps` are commands sent at once.
    """

    def __init__(
        self,
        aggregate: AggregateType[Any],
        machine: Machine[Any, Any],
        samples: Mapping[type[Command], Mapping[str, Any]],
        aggregate_id: str,
        *steps: type[Command],
    ) -> None:
        self.aggregate = aggregate
        self.machine = machine
        self.samples = samples
        self.aggregate_id = aggregate_id
        self.state: Any = None
        self.events: list[Any] = []
        self.now: datetime = NOW
        self.sent = 0
        for kind in steps:
            self.send(kind)

    @property
    def last(self) -> Any:
        return self.events[-1]

    def command(self, kind: type[Command], **fields: Any) -> Any:
        """A command by the first role that may send it, unless `role`, `actor_id` or `system` say otherwise."""
        self.sent += 1
        fields = {**self.samples[kind], **fields}
        role = fields.pop("role", None) or min(self.machine.rows[kind.__name__].roles)
        actor = Actor(
            actor_id=fields.pop("actor_id", f"{role}-1"), role=role, system=fields.pop("system", "desk"), channel=None
        )
        base = {
            "aggregate_id": self.aggregate_id,
            "command_id": f"command-{self.sent}",
            "actor": actor,
            "correlation_id": "corr-1",
        }
        return kind(**{**base, **fields})

    def send(self, kind: type[Command], **fields: Any) -> list[str]:
        """Decide and evolve, one minute after the command before; the names of the events."""
        self.now += timedelta(minutes=1)
        events = self.aggregate.decide(self.state, self.command(kind, **fields), self.now)
        for event in events:
            self.state = self.aggregate.evolve(self.state, event)
        self.events += events
        return [type(event).__name__ for event in events]

    def refused(self, kind: type[Command], **fields: Any) -> Refusal:
        """The refusal of a command that must change nothing and say what to do."""
        before = self.state
        with pytest.raises(Refusal) as caught:
            self.aggregate.decide(before, self.command(kind, **fields), self.now)
        assert self.state == before
        assert caught.value.message
        assert caught.value.remediation
        return caught.value


def check_claims(desk: Desk) -> None:
    """R310, R311: a key claims what was asked for; without one nothing is claimed."""
    for kind in desk.samples:
        assert desk.aggregate.claims(desk.command(kind)) == ()
        (first,) = desk.aggregate.claims(desk.command(kind, idempotency_key="k"))
        (again,) = desk.aggregate.claims(desk.command(kind, idempotency_key="k", reason_code="OTHER"))
        (other,) = desk.aggregate.claims(desk.command(kind, idempotency_key="l"))
        assert (first.key, first.fingerprint) == (again.key, again.fingerprint)
        assert other.key != first.key
        assert first.conflict.code == "CONFLICT_IDEMPOTENCY_KEY"


def check_foreign(desk: Desk, foreign: Command) -> None:
    """A command of another aggregate is refused, and what is no event cannot be folded."""
    with pytest.raises(Refusal) as caught:
        desk.aggregate.decide(desk.state, foreign, desk.now)
    assert caught.value.code == "STRUCTURAL_UNKNOWN_COMMAND"
    with pytest.raises(TypeError):
        desk.aggregate.evolve(desk.state, foreign)
    for event in desk.events[1:]:
        if type(event) is not type(desk.events[0]):
            with pytest.raises(ValueError, match="first event"):
                desk.aggregate.evolve(None, event)


def check_wire(desk: Desk) -> None:
    """What goes out as Avro is read back the same, every field of every event."""
    for event in desk.events:
        name = type(event).__name__
        body = encode_body(name, to_avro(event))
        assert from_avro(type(event), decode_body(body, writer_schema(contract(name).text))) == event
