"""What the supervisor needs to know of a part."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Protocol

from compose.stack.ports import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

    from compose.stack.guarded import GuardedProcess

PARTS = ("kafka", "registry", "postgres", "clickhouse")
TITLES = {
    "kafka": "Apache Kafka",
    "registry": "Schema registry",
    "postgres": "PostgreSQL",
    "clickhouse": "ClickHouse",
}
SETTING_OF = {
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
    "registry": "SCHEMA_REGISTRY_URL",
    "postgres": "DATABASE_URL",
    "clickhouse": "CLICKHOUSE_DSN",
}
LOG_MAX_BYTES = 16 * 1024 * 1024
TAIL_BYTES = 4096


class Part(Protocol):
    """One embedded part; `name` is one of `PARTS`, `port` the one clients connect to."""

    name: str
    port: int

    def prepare(self) -> None:
        """Write its configuration and make its data folder on the first start. Raises OrdertruthError."""

    def process(self) -> GuardedProcess:
        """The process to start, not started."""

    def check(self) -> str:
        """Talk to it in its own protocol and return its version; any exception means not yet."""


def answers(port: int) -> bool:
    """Whether something accepts connections on the loopback port: a cheap look before a real protocol check."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.2).close()
    except OSError:
        return False
    return True


def tail(log: Path, lines: int = 5) -> str:
    """The last lines of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def trim(log: Path) -> None:
    """Put a log that has grown too long aside, replacing the one put aside before."""
    if log.is_file() and log.stat().st_size > LOG_MAX_BYTES:
        log.replace(log.with_suffix(".log.1"))
