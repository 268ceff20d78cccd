"""The read model in PostgreSQL: schema `derived`, one table for each derived topic."""

from sinks.postgres.reader import count_order_states, read_order_state, read_order_states
from sinks.postgres.sink import PostgresSink

__all__ = ["PostgresSink", "count_order_states", "read_order_state", "read_order_states"]
