"""Carrying commands out in memory: everything is decided before anything is written.

A refusal therefore needs no rollback, and many commands in one transaction cannot spoil one another.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from domain.command import Claim, Command, CommandOutcome, CommandResult
from domain.envelope import event_id
from domain.errors import ContractError, IntegrityError, Refusal
from domain.model import Model
from domain.order_capture.attempt import attempt_id, attempted, reused_attempt_id
from domain.order_capture.events import AGGREGATE as ATTEMPT
from domain.order_capture.events import OWNER as ATTEMPT_OWNER
from topics.catalogue import ORDER_CAPTURE
from topics.outbox import OutboxRow
from topics.store.aggregates import Folded
from topics.store.chain import GENESIS
from topics.store.hosting import HostedAggregate
from topics.store.recording import Stream, record
from topics.store.results import from_memory
from topics.store.rows import AggregateKey, ClaimKey, ClaimRow, CommandKey, CommandRow, EventRow, HeldClaim, Memory
from topics.store.storable import ID_BYTES_MAX, storable
from topics.store.told import Hearers, tell

ATTEMPTS = Stream(ATTEMPT, ATTEMPT_OWNER, "order-capture.v1", ORDER_CAPTURE.name)

MESSAGE_MAX = 1_000
"""Longest message of a refusal, in characters."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """A command with what is known of it before it is decided.

    `damage` is why it is refused unread. `claims` is a refusal when none could be made of it.
    """

    command: Command
    host: HostedAggregate
    fingerprint: str
    claims: tuple[Claim, ...] | Refusal
    damage: Refusal | None = None

    @property
    def identity(self) -> CommandKey:
        """What it is remembered under."""
        return self.command.tenant_id, self.command.command_id

    @property
    def aggregate_key(self) -> AggregateKey:
        """The aggregate it is meant for."""
        return self.host.name, self.command.aggregate_id

    def claim_keys(self) -> list[ClaimKey]:
        """The keys it must own."""
        return [] if isinstance(self.claims, Refusal) else [claim_key(self.command, c) for c in self.claims]


def as_request(sent: Command, host: HostedAggregate) -> Request:
    """A command as it will be decided, its claims and any damage found; see `storable` for what is raised."""
    command, damage = storable(sent)
    try:
        claims = host.aggregate.claims(command)
    except Refusal as refusal:
        return Request(command, host, command.payload_fingerprint(), refusal, damage)
    return Request(command, host, command.payload_fingerprint(), claims, damage)


def claim_key(command: Command, claim: Claim) -> ClaimKey:
    """The primary key of a claim; a long key is represented by its hash, because index entries are limited."""
    key = claim.key
    if len(key.encode()) > ID_BYTES_MAX:
        key = f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    return command.tenant_id, claim.kind.value, key


@dataclass(slots=True)
class Work:
    """The commands of one transaction: what was known before, and what is to be written after.

    `memories`, `claims` and `folds` start as read from the database and are carried forward, so that a command
    sees what the ones before it did.
    """

    memories: dict[CommandKey, Memory]
    claims: dict[ClaimKey, HeldClaim]
    folds: dict[AggregateKey, Folded]
    events: list[EventRow] = field(default_factory=list)
    outbox: list[OutboxRow] = field(default_factory=list)
    commands: list[CommandRow] = field(default_factory=list)
    new_claims: dict[ClaimKey, ClaimRow] = field(default_factory=dict)
    hearers: Hearers = field(default_factory=Hearers.now)

    def carry_out(self, request: Request, now: datetime) -> CommandResult:
        """Decide one command, in this order:

        1. the very same command again is answered from memory and leaves nothing;
        2. its id under another payload is refused (CONFLICT_COMMAND_ID_REUSED);
        3. a claim that is owned answers with its owner's result, or refuses (R310, R311, R313);
        4. the expected version must be the aggregate's (R66);
        5. the aggregate decides, and its events are made publishable;
        6. the result is remembered, together with the attempt when it leaves one.
        """
        memory = self.memories.setdefault(request.identity, {})
        known = memory.get(request.fingerprint)
        if known is not None:
            return from_memory(known)
        identity = attempt_id(request.command)
        try:
            if memory:
                identity = reused_attempt_id(request.command)
                raise _reused(request.command)
            result = self._claimed(request) or self._decided(request, now)
        except Refusal as refusal:
            result = self._refused(request, refusal)
        if request.host.leaves_attempt(type(request.command), result.outcome):
            self._leave_attempt(request.command, result, identity, now)
        self.commands.append(
            CommandRow(request.command, request.host.name, request.fingerprint, not memory, result, now)
        )
        memory[request.fingerprint] = result
        return result

    def _claimed(self, request: Request) -> CommandResult | None:
        if request.damage is not None:
            raise request.damage
        if isinstance(request.claims, Refusal):
            raise request.claims
        held = [(claim, self.claims.get(claim_key(request.command, claim))) for claim in request.claims]
        for claim, owned in held:
            if owned is not None and owned.fingerprint != claim.fingerprint:
                raise claim.conflict
        first = next((owned for _, owned in held if owned is not None), None)
        return None if first is None else from_memory(first.result)

    def _decided(self, request: Request, now: datetime) -> CommandResult:
        command, aggregate = request.command, request.host.aggregate
        before = self.folds[request.aggregate_key]
        if command.expected_version is not None and command.expected_version != before.version:
            message = f"{command.aggregate_id} is at version {before.version}, not {command.expected_version}."
            raise Refusal("CONFLICT_VERSION", message, remediation="Read it again and decide anew, as a new command.")
        decided = aggregate.decide(before.state, command, now)
        stream = Stream(aggregate.name, aggregate.owner, aggregate.policy_version, request.host.topic)
        after, events, outbox = before, list[EventRow](), list[OutboxRow]()
        for event in decided:
            version = after.version + 1
            _require_version(command, event, version)
            stored, to_publish = _recorded(stream, event, command, version, after.hash, now)
            events.append(stored)
            outbox.append(to_publish)
            after = Folded(aggregate.evolve(after.state, event), version, stored.hash)
        result = CommandResult(
            CommandOutcome.ACCEPTED, command.aggregate_id, after.version, tuple(row.event_id for row in events)
        )
        # Nothing was kept until here, so that an event that cannot be published leaves none of its siblings.
        self.folds[request.aggregate_key] = after
        self.events += events
        self.outbox += outbox
        self._make_claims(request, result)
        if self.hearers.everything:
            tell(command, request.host, result, before.state, after.state, decided)
        return result

    def _make_claims(self, request: Request, result: CommandResult) -> None:
        assert not isinstance(request.claims, Refusal)
        for claim in request.claims:
            key = claim_key(request.command, claim)
            self.claims[key] = HeldClaim(claim.fingerprint, result)
            self.new_claims[key] = ClaimRow(claim, request.command, result.aggregate_id)

    def _refused(self, request: Request, refusal: Refusal) -> CommandResult:
        refusal.correlation_id = refusal.correlation_id or request.command.correlation_id
        # It quotes what was sent, travels with the attempt, and is remembered.
        refusal.message = refusal.message[:MESSAGE_MAX]
        standing = self.folds[request.aggregate_key]
        result = CommandResult(
            CommandOutcome.REFUSED,
            request.command.aggregate_id,
            standing.version,
            refusal=refusal.with_traceback(None),
        )
        if self.hearers.refusals:
            tell(request.command, request.host, result, standing.state, standing.state)
        return result

    def _leave_attempt(self, command: Command, result: CommandResult, identity: str, now: datetime) -> None:
        stored, to_publish = record(
            ATTEMPTS,
            attempted(command, result.outcome, result.refusal, now, identity=identity),
            # The type goes into the id: an order may be called like the command that creates it.
            event_id=event_id(f"{ATTEMPT}/{identity}", 1, command.command_id),
            aggregate_id=identity,
            version=1,
            prior_hash=GENESIS,
            command=command,
            now=now,
        )
        self.events.append(stored)
        self.outbox.append(to_publish)


def _recorded(
    stream: Stream, event: Model, command: Command, version: int, prior_hash: bytes, now: datetime
) -> tuple[EventRow, OutboxRow]:
    """The rows of an event; one that breaks its contract refuses the command instead of blocking the relay."""
    try:
        return record(
            stream,
            event,
            event_id=event_id(command.aggregate_id, version, command.command_id),
            aggregate_id=command.aggregate_id,
            version=version,
            prior_hash=prior_hash,
            command=command,
            now=now,
        )
    except ContractError as error:
        log.error("event_unpublishable", name=type(event).__name__, command_id=command.command_id, why=error.message)
        raise Refusal("STRUCTURAL_UNPUBLISHABLE", error.message, remediation=error.remediation) from error


def _require_version(command: Command, event: Model, version: int) -> None:
    says = getattr(event, "version", version)
    if says != version:
        message = f"{type(event).__name__} of {command.aggregate_id} says version {says}; it would be {version}."
        raise IntegrityError(message, remediation="Its decide and evolve disagree; no event was stored.")


def _reused(command: Command) -> Refusal:
    message = f"Command id {command.command_id} was used for another request."
    return Refusal("CONFLICT_COMMAND_ID_REUSED", message, remediation="Send the new request under an id of its own.")
