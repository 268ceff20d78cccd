"""The tables of the read model, one for each derived topic."""

from __future__ import annotations

from domain.order_state.record import OrderState
from sinks.table import Kind, Lifted, Table
from topics import catalogue

_DERIVATION = (
    Lifted("rule_id", "derivation", "ruleId", Kind.TEXT),
    Lifted("rule_version", "derivation", "ruleVersion", Kind.TEXT),
    Lifted("calculated_at", "derivation", "calculatedAt", Kind.TIMESTAMP),
)

ORDER_STATE = Table(
    topic=catalogue.ORDER_STATE.name,
    dead_letters=catalogue.dead_letters_of(catalogue.ORDER_STATE.name).name,
    name="order_state",
    model=OrderState,
    key="order_id",
    version="version",
    lifted=_DERIVATION,
    indexes=("order_number", "account_id", "quote_id", "state", "last_event_at"),
)

TABLES = (ORDER_STATE,)
