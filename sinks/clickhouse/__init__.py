"""Analytics in ClickHouse: informational only, one step further from the truth than the read model."""

from sinks.clickhouse.connection import connect
from sinks.clickhouse.reader import count_order_states, read_order_state, read_order_states
from sinks.clickhouse.sink import ClickHouseSink

__all__ = ["ClickHouseSink", "connect", "count_order_states", "read_order_state", "read_order_states"]
