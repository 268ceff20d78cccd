"""The embedded stack: Kafka, schema registry, PostgreSQL and ClickHouse as child processes on the loopback interface.

What other modules use: `running_stack`, `Endpoints`, `GuardedProcess`, `record_schema_ids`. Imported lazily, because
the guard and the command line must start quickly.
"""
