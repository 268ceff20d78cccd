"""What keeps a repeated request from becoming a second order."""

from __future__ import annotations

from domain.errors import Refusal
from domain.product_order.commands import CreateProductOrder


def creation_key(command: CreateProductOrder) -> str:
    """The sender's key, or one from the source's own ids (R478); without either the command is refused (R312)."""
    if command.idempotency_key is not None:
        return command.idempotency_key
    if command.source_request_id and command.quote_id:
        return f"{command.source_request_id}/{command.quote_id}/{command.quote_version}/{command.intent}"
    if command.external_order_id:
        return f"{command.external_order_id}/{command.external_order_version or 1}"
    message = f"Order {command.aggregate_id} cannot be created safely: the request has no idempotency key."
    raise Refusal(
        "STRUCTURAL_IDEMPOTENCY_KEY_MISSING",
        message,
        remediation="Send an idempotencyKey, an externalOrderId, or a sourceRequestId with a quote.",
    )
