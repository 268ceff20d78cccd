"""The customer's row: one state in plain words, and nothing of how it comes about (R188, R194, R195)."""

from __future__ import annotations

from typing import Any

from domain.order_status.messages import CUSTOMER, CUSTOMER_NEXT, texts
from domain.order_status.moments import moment_or_none
from domain.order_status.rows.pieces import identity
from domain.order_status.situation import Situation


def customer_row(situation: Situation) -> dict[str, Any] | None:
    """What the customer is told; None for a draft."""
    decided = situation.customer
    if decided is None:
        return None
    return {
        **identity(situation.known),
        "status": decided.status.value,
        "message": texts(CUSTOMER, decided.status),
        "nextStep": texts(CUSTOMER_NEXT, decided.status),
        "progressPercent": situation.progress_percent,
        "committedCompletion": moment_or_none(situation.known.dates.committed_us),
    }
