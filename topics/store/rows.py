"""What the tables of the schema `aggregates` hold, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.command import Claim, Command, CommandResult

AggregateKey = tuple[str, str]
"""Aggregate type and id."""
CommandKey = tuple[str, str]
"""Tenant and command id."""
ClaimKey = tuple[str, str, str]
"""Tenant, kind and key."""
Memory = dict[str, CommandResult]
"""What is remembered under one command id: results by fingerprint of what was asked for."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as loaded: `payload` are its fields by wire names, `hash` its link of the chain."""

    version: int
    name: str
    payload: dict[str, Any]
    hash: bytes


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event to be appended; `envelope` and `payload` are canonical JSON."""

    aggregate_type: str
    aggregate_id: str
    version: int
    event_id: str
    name: str
    command_id: str
    recorded_at: datetime
    envelope: bytes
    payload: bytes
    prior_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class CommandRow:
    """What a command came to, to be remembered."""

    command: Command
    aggregate_type: str
    fingerprint: str
    is_first: bool
    result: CommandResult
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """A claim somebody owns: the fingerprint of what was asked for, and the owner's result."""

    fingerprint: str
    result: CommandResult


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim to be made for a command."""

    claim: Claim
    command: Command
    aggregate_id: str
