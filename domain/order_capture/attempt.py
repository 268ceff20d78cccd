"""What a command leaves on record of itself, whatever it came to (R381-R391)."""

from __future__ import annotations

import hashlib
from datetime import datetime

from domain.command import Command, CommandOutcome
from domain.errors import Refusal
from domain.order_capture.events import OrderCaptureAttempted, Outcome
from domain.product_order.commands import CreateProductOrder


def attempt_id(command: Command) -> str:
    """Identity of the attempt: `<tenantId>:<commandId>`."""
    return f"{command.tenant_id}:{command.command_id}"


def reused_attempt_id(command: Command) -> str:
    """Identity of an attempt under a command id that belongs to another request.

    It must differ from the first attempt's, and must come out the same when the same mistake is repeated.
    """
    return f"{attempt_id(command)}/{command.payload_fingerprint()[:16]}"


def attempted(
    command: Command, outcome: CommandOutcome, refusal: Refusal | None, now: datetime, *, identity: str | None = None
) -> OrderCaptureAttempted:
    """The fact about one command: accepted, answered from memory, or refused by `refusal`.

    Account, quote and publication are those the request names itself; `identity` replaces the attempt's id.
    """
    creation = command if isinstance(command, CreateProductOrder) else None
    key = command.idempotency_key
    return OrderCaptureAttempted(
        attempt_id=identity or attempt_id(command),
        command_id=command.command_id,
        command=command.name,
        order_id=command.aggregate_id,
        account_id=creation.parties.account_id if creation else None,
        quote_id=creation.quote_id if creation else None,
        quote_version=creation.quote_version if creation else None,
        catalog_publication_id=creation.catalog_publication_id if creation else None,
        outcome=Outcome(outcome.value),
        code=refusal.code if refusal else None,
        stage=refusal.stage if refusal else None,
        message=refusal.message if refusal else None,
        source_system=command.actor.system,
        source_channel=command.actor.channel,
        idempotency_key_hash=None if key is None else hashlib.sha256(key.encode()).hexdigest(),
        actor_id=command.actor.actor_id,
        actor_role=command.actor.role,
        occurred_at=now,
    )
