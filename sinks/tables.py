"""The tables of the read model, one for each derived topic."""

from __future__ import annotations

from domain.order_state.record import OrderState
from domain.order_state.states import ItemState
from sinks.table import Kind, Lifted, Paging, Table
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
    paging=Paging(
        by="last_event_at",
        within=("order_number", "account_id", "quote_id", "state"),
        marks={f"item {state}": f"""items @> '[{{"state": "{state}"}}]'""" for state in ItemState},
    ),
)

TABLES = (ORDER_STATE,)
