"""The hash chain of an aggregate's events: an altered, missing or inserted row breaks it (R125)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from domain.errors import IntegrityError

GENESIS = bytes(32)
"""What the first event of every aggregate is chained to."""


def canonical(value: object) -> bytes:
    """JSON with sorted keys, so that a value read back from `jsonb` gives the bytes it was written from."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def link(prior: bytes, envelope: bytes, payload: bytes) -> bytes:
    """The hash of an event from the one before it and its own canonical envelope and payload; 32 bytes."""
    # Each part is hashed by itself, so that no byte can move from one to the other unseen.
    return hashlib.sha256(prior + hashlib.sha256(envelope).digest() + hashlib.sha256(payload).digest()).digest()


@dataclass(frozen=True, slots=True)
class ChainedRow:
    """One row of the event store as read back, for checking.

    `columns` are those that repeat what the envelope says, under the envelope's names.
    """

    version: int
    columns: dict[str, Any]
    envelope: dict[str, Any]
    payload: dict[str, Any]
    prior_hash: bytes
    hash: bytes


def check(aggregate_id: str, rows: Sequence[ChainedRow], answered: int) -> None:
    """Check the rows of one aggregate, ordered by version; `answered` is the highest version any command was told.

    Raises `IntegrityError` naming the first version that is missing or was altered.
    """
    prior = GENESIS
    for expected, row in enumerate(rows, start=1):
        if row.version != expected:
            raise _broken(aggregate_id, expected, "is missing")
        if row.prior_hash != prior or link(prior, canonical(row.envelope), canonical(row.payload)) != row.hash:
            raise _broken(aggregate_id, expected, "was altered")
        if any(row.envelope.get(name) != value for name, value in row.columns.items()):
            raise _broken(aggregate_id, expected, "contradicts its envelope")
        prior = row.hash
    if answered > len(rows):
        raise _broken(aggregate_id, len(rows) + 1, "is missing")


def _broken(aggregate_id: str, version: int, what: str) -> IntegrityError:
    message = f"Event {version} of {aggregate_id} {what}."
    return IntegrityError(
        message, remediation="Stop its writers, compare with the topic, and restore the events from a backup."
    )
