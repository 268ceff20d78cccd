"""What the log says of a command: one line each, the same fields whatever came of it (R452).

A key shows as its hash, and nothing of the payload is told: lines leave the protection the payload is under.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import structlog

from domain.command import Command, CommandResult
from domain.model import Model
from topics.store.hosting import HostedAggregate

log = structlog.get_logger(__name__)


class Hearers(NamedTuple):
    """Who would hear of a command: asked once for many of them, because asking costs as much as deciding a guard.

    Refusals are told, the rest is for whoever looks closely. Where nobody has said how to log, nothing is: lines would
    go to standard output, which belongs to results.
    """

    refusals: bool
    everything: bool

    @classmethod
    def now(cls) -> Self:
        """As logging is set up."""
        told = structlog.is_configured()
        return cls(told, told and bool(log.is_enabled_for(logging.DEBUG)))


def tell(
    command: Command,
    host: HostedAggregate,
    result: CommandResult,
    before: Any,
    after: Any,
    events: Iterable[Model] = (),
) -> None:
    """Log a command with its result; `before` and `after` are the aggregate's states, None where there is none."""
    refused = result.refusal is not None
    found = [finding.code for event in events for finding in getattr(event, "findings", ())]
    fields = {
        "command": command.name,
        "command_id": command.command_id,
        "aggregate_type": host.name,
        "aggregate_id": command.aggregate_id,
        "version": result.version,
        "outcome": result.outcome.value,
        "codes": [result.refusal.code, *found] if result.refusal else found,
        "from_state": _state(before),
        "to_state": _state(after),
        "order_id": command.aggregate_id if host.captures else _named("order_id", command, after),
        **{name: _named(name, command, after) for name in ("order_number", "quote_id", "quote_version")},
        "source_system": command.actor.system,
        "source_request_id": _named("source_request_id", command, None),
        "key_hash": _hash(command.idempotency_key),
        "correlation_id": command.correlation_id,
        "actor_id": command.actor.actor_id,
        "actor_role": command.actor.role,
    }
    said = {name: value for name, value in fields.items() if value not in (None, [])}
    if refused:
        log.info("command_refused", **said)
    else:
        log.debug("command_carried_out", **said)


def _state(aggregate: Any) -> str | None:
    state = getattr(aggregate, "state", None)
    return None if state is None else str(state)


def _named(name: str, command: Command, aggregate: Any) -> Any:
    """What the command or the aggregate says, in this order."""
    value = getattr(command, name, None)
    return getattr(aggregate, name, None) if value is None else value


def _hash(key: str | None) -> str | None:
    return None if key is None else hashlib.sha256(key.encode()).hexdigest()
