"""From a parsed JSON request to a command, or to a refusal that names the field that is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from domain.command import Command
from domain.errors import Refusal
from domain.product_order.machine import ROWS


def parse_command(name: str, data: Mapping[str, object]) -> Command:
    """The command of this name with these fields.

    Raises `Refusal` (`STRUCTURAL_…`) naming the unknown command or each missing, unknown or ill-formed field (R439).
    """
    row = ROWS.get(name)
    if row is None:
        message = f"{name} is no command of a product order."
        raise Refusal("STRUCTURAL_UNKNOWN_COMMAND", message, remediation=f"Send one of {sorted(ROWS)}.")
    try:
        return row.command.model_validate(data)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or name}: {e['msg']}" for e in error.errors())
        correlation_id = data.get("correlationId")
        raise Refusal(
            "STRUCTURAL_INVALID_COMMAND",
            f"{name} cannot be read: {wrong}.",
            remediation="Correct the named fields and send it again.",
            correlation_id=correlation_id if isinstance(correlation_id, str) else None,
        ) from error
