"""All aggregates of all owners in memory: commands in, what happened out, as the aggregate store would have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.command import Claim, ClaimKind, Command, CommandOutcome, CommandResult
from domain.envelope import event_id
from domain.errors import Refusal
from domain.model import Model
from domain.order_capture.attempt import attempt_id, attempted, reused_attempt_id
from topics.store.hosting import HOSTED, HostedAggregate

ClaimKey = tuple[ClaimKind, str]


@dataclass(frozen=True, slots=True)
class Happened:
    """One command and what came of it.

    `events` are the aggregate's, the first at `version`. `attempt` is the record the command left of itself beside
    them, under the identity `attempt_id`.
    """

    at: datetime
    host: HostedAggregate
    command: Command
    version: int
    events: tuple[Model, ...] = ()
    refusal: Refusal | None = None
    attempt: Model | None = None
    attempt_id: str = ""

    @property
    def last_event_id(self) -> str:
        """Id of the newest event; empty when there is none."""
        newest = self.version + len(self.events) - 1
        return event_id(self.command.aggregate_id, newest, self.command.command_id) if self.events else ""


class World:
    """Carries commands out one after the other, with the claims and the memory of an aggregate store (R64-R67).

    What happened is kept in `happened` until somebody takes it.
    """

    def __init__(self, hosted: Sequence[HostedAggregate] = HOSTED) -> None:
        self._hosts = {command: host for host in hosted for command in host.commands}
        self._standing: dict[tuple[str, str], tuple[Any, int]] = {}
        self._claims: dict[ClaimKey, tuple[str, CommandResult]] = {}
        self._memory: dict[str, tuple[Command, CommandResult]] = {}
        self.happened: list[Happened] = []

    def standing(self, aggregate: str, aggregate_id: str) -> Any:
        """The aggregate as it stands; None when there is none."""
        return self._standing.get((aggregate, aggregate_id), (None, 0))[0]

    def all(self, aggregate: str) -> dict[str, Any]:
        """Every aggregate of a type by its id."""
        return {found[1]: state for found, (state, _) in self._standing.items() if found[0] == aggregate}

    def take(self) -> list[Happened]:
        """What happened since it was taken last."""
        taken, self.happened = self.happened, []
        return taken

    def send(self, command: Command, now: datetime) -> Happened | None:
        """Carry out a command; None when the very same one was answered before."""
        host = self._hosts[type(command)]
        identity = attempt_id(command)
        before, version = self._standing.get((host.name, command.aggregate_id), (None, 0))
        events: tuple[Model, ...] = ()
        known = self._memory.get(command.command_id)
        if known is not None and known[0].payload_fingerprint() == command.payload_fingerprint():
            return None
        try:
            if known is not None:
                identity = reused_attempt_id(command)
                raise _reused(command)
            claims = host.aggregate.claims(command)
            result = self._claimed(claims)
            if result is None:
                events = self._decided(host, command, before, version, now)
                result = CommandResult(CommandOutcome.ACCEPTED, command.aggregate_id, version + len(events))
                self._claims.update({(claim.kind, claim.key): (claim.fingerprint, result) for claim in claims})
        except Refusal as refusal:
            refusal.correlation_id = refusal.correlation_id or command.correlation_id
            result = CommandResult(CommandOutcome.REFUSED, command.aggregate_id, version, refusal=refusal)
        self._memory.setdefault(command.command_id, (command, result))
        attempt = None
        if host.leaves_attempt(type(command), result.outcome):
            attempt = attempted(command, result.outcome, result.refusal, now, identity=identity)
        told = Happened(now, host, command, version + 1, events, result.refusal, attempt, identity)
        self.happened.append(told)
        return told

    def _claimed(self, claims: Sequence[Claim]) -> CommandResult | None:
        held = [(claim, self._claims.get((claim.kind, claim.key))) for claim in claims]
        for claim, owned in held:
            if owned is not None and owned[0] != claim.fingerprint:
                raise claim.conflict
        first = next((owned[1] for _, owned in held if owned is not None), None)
        return None if first is None else replace(first, outcome=CommandOutcome.REPLAYED)

    def _decided(
        self, host: HostedAggregate, command: Command, before: Any, version: int, now: datetime
    ) -> tuple[Model, ...]:
        if command.expected_version is not None and command.expected_version != version:
            message = f"{command.aggregate_id} is at version {version}, not {command.expected_version}."
            raise Refusal("CONFLICT_VERSION", message, remediation="Read it again and decide anew, as a new command.")
        events = host.aggregate.decide(before, command, now)
        for event in events:
            before = host.aggregate.evolve(before, event)
        self._standing[host.name, command.aggregate_id] = before, version + len(events)
        return events


def _reused(command: Command) -> Refusal:
    message = f"Command id {command.command_id} was used for another request."
    return Refusal("CONFLICT_COMMAND_ID_REUSED", message, remediation="Send the new request under an id of its own.")
