"""State machines as data, and the one way a command goes through one (R153-R162).

An aggregate has one row for each command: in which states it is allowed, which guards must hold, who may send it, what
it leads to, and what happens when nothing comes of it. The aggregate, its tests and the documentation read the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from domain.command import Claim, ClaimKind, Command
from domain.errors import Refusal
from domain.model import Model

RETRY_BY_COMMAND_ID = "safe: answered from memory by command id"


class Standing(Protocol):
    """What a machine needs to know of an aggregate that exists."""

    @property
    def version(self) -> int:
        """Version after its newest event."""
        ...

    @property
    def state(self) -> StrEnum:
        """Where it stands."""
        ...


S = TypeVar("S", bound=Standing)
E = TypeVar("E", bound=Model)


class Draft(NamedTuple):
    """An event to be: its type and the fields of its own; the machine stamps what all events of the aggregate carry.

    A field of its own goes before the identity's: an event may be about what the aggregate is only from it on.
    """

    event: type[Any]
    fields: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of a machine.

    `states` are those it is allowed in (empty: only before the aggregate exists). `guards` are names, checked in
    order. `timeout` is how long the states it leads to may last before somebody is to act, `on_timeout` says who.
    `retry` says whether sending it again is safe, `compensation` what undoes it. `side_effects` are what other owners
    do on hearing of it.
    """

    command: type[Command]
    states: frozenset[StrEnum]
    roles: frozenset[str]
    emits: tuple[type[Model], ...]
    guards: tuple[str, ...] = ()
    side_effects: str = ""
    compensation: str = ""
    timeout: timedelta | None = None
    on_timeout: str = ""
    retry: str = RETRY_BY_COMMAND_ID

    @property
    def creates(self) -> bool:
        """Whether it is the beginning of an aggregate."""
        return not self.states


@dataclass(frozen=True)
class Machine(Generic[S, E]):
    """The state machine of one kind of aggregate.

    - `noun` is what people call it (`order`), `code` what error codes call it (`ORDER`);
    - `creation_guards` see the command alone, `guards` the aggregate too, `timed_guards` also the time, with None
      for the aggregate of a creation; each raises `Refusal`;
    - `reactions` draft the events of a command; the aggregate is None for a creation;
    - `identity(aggregate, command)` gives the fields every event carries that say what it is about;
    - `evolve` is the aggregate's fold; `consequence` what it declares by itself after a command's last event;
    - `initial` stands in the first event until the fold has said where it leads;
    - `terminal` states end it, `repair` states wait for somebody to mend something (R160, R161).
    """

    noun: str
    code: str
    rows: Mapping[str, Transition]
    reactions: Mapping[str, Callable[[Any, Any], Sequence[Draft]]]
    identity: Callable[[S | None, Any], Mapping[str, Any]]
    evolve: Callable[[S | None, Model], S]
    initial: StrEnum
    terminal: frozenset[StrEnum]
    repair: frozenset[StrEnum] = frozenset()
    guards: Mapping[str, Callable[[S, Any], None]] = field(default_factory=dict)
    creation_guards: Mapping[str, Callable[[Any], None]] = field(default_factory=dict)
    timed_guards: Mapping[str, Callable[[S | None, Any, datetime], None]] = field(default_factory=dict)
    consequence: Callable[[S], Draft | None] = lambda _: None

    @property
    def commands(self) -> frozenset[type[Command]]:
        """The commands it knows."""
        return frozenset(row.command for row in self.rows.values())

    def allowed_in(self, state: StrEnum) -> tuple[str, ...]:
        """Names of the commands a state allows, guards aside."""
        return tuple(name for name, row in self.rows.items() if state in row.states)

    def decide(self, aggregate: S | None, command: Command, now: datetime) -> tuple[E, ...]:
        """The events a command leads to, in this order:

        1. the command must be one of the machine's;
        2. its sender must have a role the row names (R155, R320);
        3. the aggregate must exist, or not for a creation, and be in a state the row names;
        4. every guard of the row must let it pass (R154);
        5. its reaction drafts the events, and each is stamped with the version and the state the fold gives it;
        6. what follows by itself is declared in further events.

        Raises `Refusal` at the first of 1-4 that fails; then nothing has happened.
        """
        row = self.rows.get(command.name)
        if row is None:
            message = f"{command.name} is no command of {_article(self.noun)}."
            raise Refusal("STRUCTURAL_UNKNOWN_COMMAND", message, remediation=f"Send one of {sorted(self.rows)}.")
        authorise(row, command)
        standing = None
        if row.creates:
            self._require_absent(aggregate, command)
        else:
            standing = self._require_allowed(aggregate, command, row)
        for name in row.guards:
            self._guard(name, standing, command, now)
        return self._stamp(aggregate, command, self.reactions[command.name](aggregate, command), now)

    def _require_absent(self, aggregate: S | None, command: Command) -> None:
        if aggregate is not None:
            message = f"{self.noun.capitalize()} {command.aggregate_id} exists already."
            raise Refusal(f"CONFLICT_{self.code}_EXISTS", message, remediation="Use an id of its own.")

    def _require_allowed(self, aggregate: S | None, command: Command, row: Transition) -> S:
        if aggregate is None:
            message = f"There is no {self.noun} {command.aggregate_id}."
            raise Refusal(f"REFERENCE_{self.code}_UNKNOWN", message, remediation="Create it first, or correct the id.")
        if aggregate.state not in row.states:
            message = f"{command.name} is not allowed: {self.noun} {command.aggregate_id} is {aggregate.state}."
            raise Refusal(
                "STATE_ILLEGAL_TRANSITION",
                message,
                remediation=f"Allowed now: {', '.join(self.allowed_in(aggregate.state)) or 'nothing'}.",
            )
        return aggregate

    def _guard(self, name: str, standing: S | None, command: Command, now: datetime) -> None:
        if (timed := self.timed_guards.get(name)) is not None:
            timed(standing, command, now)
        elif standing is None:
            self.creation_guards[name](command)
        else:
            self.guards[name](standing, command)

    def _stamp(self, aggregate: S | None, command: Command, drafts: Iterable[Draft], now: datetime) -> tuple[E, ...]:
        events: list[E] = []
        queue = list(drafts)
        while queue:
            event, aggregate = self._stamped(aggregate, command, queue.pop(0), now)
            events.append(event)
            if not queue and (further := self.consequence(aggregate)) is not None:
                queue.append(further)
        return tuple(events)

    def _stamped(self, before: S | None, command: Command, draft: Draft, now: datetime) -> tuple[E, S]:
        provisional: E = draft.event(
            **{**self.identity(before, command), **draft.fields},
            version=before.version + 1 if before else 1,
            state=before.state if before else self.initial,
            reason_code=command.reason_code,
            source_command_id=command.command_id,
            actor_id=command.actor.actor_id,
            actor_role=command.actor.role,
            occurred_at=now,
        )
        after = self.evolve(before, provisional)
        left = before.state if before else None
        if left == after.state:
            return provisional, after
        return provisional.model_copy(update={"state": after.state, "from_state": left, "to_state": after.state}), after


def rows(*transitions: Transition) -> Mapping[str, Transition]:
    """The rows of a machine by the names of their commands."""
    return {row.command.__name__: row for row in transitions}


def authorise(row: Transition, command: Command) -> None:
    """Raise `Refusal` AUTHORIZATION_ROLE unless the sender's role may send the command."""
    if command.actor.role not in row.roles:
        message = f"{command.actor.actor_id} as {command.actor.role} may not send {command.name}."
        raise Refusal("AUTHORIZATION_ROLE", message, remediation=f"Roles that may: {', '.join(sorted(row.roles))}.")


def idempotency_claim(key: str, asked: str, shown: str) -> Claim:
    """The claim on an idempotency key: the same request is answered again, another one is refused (R310, R311)."""
    message = f"Idempotency key {shown!r} was used for another request."
    conflict = Refusal(
        "CONFLICT_IDEMPOTENCY_KEY",
        message,
        remediation="Use a new key, or repeat the first request unchanged.",
    )
    return Claim(ClaimKind.IDEMPOTENCY_KEY, key, asked, conflict)


def claims(command: Command) -> tuple[Claim, ...]:
    """The claim a command makes by its idempotency key, for aggregates that claim nothing else."""
    if command.idempotency_key is None:
        return ()
    key = f"{command.aggregate_id}/{command.name}/{command.idempotency_key}"
    return (idempotency_claim(key, command.payload_fingerprint(), command.idempotency_key),)


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
