"""ConsumerCheckpoint: commands in, events out (R6, R246, R343)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.aggregate import AggregateType
from domain.consumer_checkpoint import commands as c
from domain.consumer_checkpoint.events import AGGREGATE, EVENTS, OWNER, CheckpointState, ConsumerCheckpointReported
from domain.errors import Refusal
from domain.machine import Draft, Machine, Transition, claims, rows
from domain.model import Model

POLICY_VERSION = "consumer-checkpoint.v1"
REPORT_ROLES = frozenset({"ordertruth"})
POLLED_EVERY = timedelta(minutes=1)

_Report = c.BeginConsumerCheckpoint | c.ReportConsumerCheckpoint


@dataclass(frozen=True, slots=True)
class ConsumerCheckpoint:
    """Where a consumer stood when it was looked at last."""

    checkpoint_id: str
    version: int
    state: CheckpointState
    committed_offset: int


def evolve(checkpoint: ConsumerCheckpoint | None, event: Model) -> ConsumerCheckpoint:
    """The checkpoint after an event."""
    if not isinstance(event, ConsumerCheckpointReported):
        message = f"{type(event).__name__} is no event of a ConsumerCheckpoint"
        raise TypeError(message)
    return ConsumerCheckpoint(event.checkpoint_id, event.version, CheckpointState.READING, event.committed_offset)


def names_its_place(command: _Report) -> None:
    """The id says which consumer, topic and partition it is about."""
    tail = f":{command.consumer}/{command.topic}/{command.partition}"
    if not command.aggregate_id.endswith(tail):
        message = f"The checkpoint {command.aggregate_id} is about {tail[1:]}."
        raise Refusal("STRUCTURAL_CHECKPOINT_ID", message, remediation=f"Use <tenantId>{tail} as its id.")


def not_past_the_end(command: _Report) -> None:
    """Nobody has read what was not written."""
    if command.committed_offset > command.end_offset:
        message = f"{command.aggregate_id} stands at {command.committed_offset}, past the end {command.end_offset}."
        raise Refusal("STRUCTURAL_OFFSET", message, remediation="Read the end after the committed offset.")


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "names-its-place": names_its_place,
    "not-past-the-end": not_past_the_end,
}
GUARDS: Mapping[str, Callable[[ConsumerCheckpoint, Any], None]] = {
    "names-its-place": lambda _, command: names_its_place(command),
    "not-past-the-end": lambda _, command: not_past_the_end(command),
}

_PLACE = ("consumer", "topic", "partition")
_SEEN = ("committed_offset", "end_offset", "applied_count", "applied_hash")


def _report(checkpoint: ConsumerCheckpoint | None, command: _Report) -> Sequence[Draft]:
    went_back = checkpoint is not None and command.committed_offset < checkpoint.committed_offset
    fields = {name: getattr(command, name) for name in _SEEN}
    return [Draft(ConsumerCheckpointReported, {**fields, "went_back": went_back})]


def _identity(_: ConsumerCheckpoint | None, command: Any) -> dict[str, Any]:
    return {"checkpoint_id": command.aggregate_id, **{name: getattr(command, name) for name in _PLACE}}


ROWS = rows(
    Transition(
        c.BeginConsumerCheckpoint,
        frozenset(),
        REPORT_ROLES,
        EVENTS,
        guards=tuple(CREATION_GUARDS),
        timeout=POLLED_EVERY,
        on_timeout="ordertruth",
    ),
    Transition(
        c.ReportConsumerCheckpoint,
        frozenset(CheckpointState),
        REPORT_ROLES,
        EVENTS,
        guards=tuple(CREATION_GUARDS),
        compensation="the next report",
        timeout=POLLED_EVERY,
        on_timeout="ordertruth",
    ),
)

MACHINE: Machine[ConsumerCheckpoint, ConsumerCheckpointReported] = Machine(
    noun="consumer checkpoint",
    code="CONSUMER_CHECKPOINT",
    rows=ROWS,
    reactions={"BeginConsumerCheckpoint": _report, "ReportConsumerCheckpoint": _report},
    identity=_identity,
    evolve=evolve,
    initial=CheckpointState.READING,
    terminal=frozenset(),
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
)
decide = MACHINE.decide

CONSUMER_CHECKPOINT: AggregateType[ConsumerCheckpoint] = AggregateType(
    name=AGGREGATE,
    owner=OWNER,
    events={event.__name__: event for event in EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
