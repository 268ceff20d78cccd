"""ClickHouse's engine behind ClickHouse's HTTP interface, for a machine without a ClickHouse server.

The engine is a library that one process may open for one folder; this process owns it and answers the ordinary
HTTP client of every other process. Run as `python -m sinks.clickhouse_server --path FOLDER --port N`. Not an imitation
of the engine: only the transport is ours. What it does not offer: external data, streaming of results while they are
computed, compressed answers.
"""
