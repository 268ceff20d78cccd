"""The fact published on `oms.order-capture.v1` for every capture request and every refusal (R381-R391)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from domain.model import Classification, Doc, Model

OWNER = "oms"
AGGREGATE = "OrderCaptureAttempt"


class Outcome(StrEnum):
    """What a command came to."""

    ACCEPTED = "ACCEPTED"
    REPLAYED = "REPLAYED"
    REFUSED = "REFUSED"


class OrderCaptureAttempted(Model):
    """One command, and whether it was carried out, answered from memory, or refused."""

    attempt_id: Annotated[str, Doc("Identity of the attempt: tenant and command id.")]
    command_id: Annotated[str, Doc("The command.")]
    command: Annotated[str, Doc("Name of the command.")]
    order_id: Annotated[str, Doc("Order it was meant for.")]
    account_id: Annotated[str | None, Doc("Account named by the request, when it named one.")] = None
    quote_id: Annotated[str | None, Doc("Quote named by the request, when it named one.")] = None
    quote_version: Annotated[int | None, Doc("Its version.")] = None
    catalog_publication_id: Annotated[str | None, Doc("Catalog publication named by the request.")] = None
    outcome: Annotated[Outcome, Doc("What the command came to.")]
    code: Annotated[str | None, Doc("Why it was refused; null otherwise.")] = None
    stage: Annotated[str | None, Doc("Validation stage that refused it; null otherwise.")] = None
    message: Annotated[str | None, Doc("The refusal in words.", Classification.CONFIDENTIAL)] = None
    source_system: Annotated[str, Doc("System that sent the command.")]
    source_channel: Annotated[str | None, Doc("Channel it came through.")] = None
    idempotency_key_hash: Annotated[str | None, Doc("Hash of its idempotency key.")] = None
    actor_id: Annotated[str, Doc("Who sent it.", Classification.CONFIDENTIAL)]
    actor_role: Annotated[str, Doc("In which role.")]
    occurred_at: Annotated[datetime, Doc("When it was decided.")]


EVENTS: tuple[type[Model], ...] = (OrderCaptureAttempted,)
