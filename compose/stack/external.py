"""Services the settings name: looked after, never started or stopped."""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING

from compose.stack import clickhouse, kafka, postgres
from compose.stack.endpoints import masked
from compose.stack.part import SETTING_OF, TITLES
from compose.stack.registry import get_json
from domain.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from compose.settings import Settings

KAFKA_TIMEOUT_S = 10.0
KAFKA_CONNECT_TIMEOUT_S = 3.0


def checks(settings: Settings) -> dict[str, Callable[[], str]]:
    """For each part the settings name: what asks the service for its version and raises UnavailableError."""
    found: dict[str, Callable[[], str]] = {}
    if settings.kafka_bootstrap_servers:
        config = settings.kafka_config()
        found["kafka"] = partial(_ask, "kafka", settings.kafka_bootstrap_servers, lambda: _kafka(config))
    if settings.schema_registry_url:
        url = settings.schema_registry_url
        found["registry"] = partial(_ask, "registry", url, lambda: _registry(url))
    if settings.database_url:
        database = settings.database_url.get_secret_value()
        found["postgres"] = partial(_ask, "postgres", database, lambda: postgres.server_version(database))
    if settings.clickhouse_dsn:
        dsn = settings.clickhouse_dsn.get_secret_value()
        found["clickhouse"] = partial(_ask, "clickhouse", dsn, lambda: clickhouse.server_version(dsn))
    return found


def _kafka(config: dict[str, str]) -> str:
    # The client library keeps trying to connect until its time is over; a refused connection can be told at once.
    refusals = []
    for server in config["bootstrap.servers"].split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), KAFKA_CONNECT_TIMEOUT_S).close()
        except OSError as error:
            refusals.append(error)
        else:
            break
    else:
        raise refusals[0]
    return f"cluster {kafka.cluster_id(config, KAFKA_TIMEOUT_S)}"


def _registry(url: str) -> str:
    get_json(f"{url}/subjects")
    return "reachable"


def _ask(name: str, address: str, question: Callable[[], str]) -> str:
    import psycopg

    try:
        return question()
    except (OSError, ValueError, psycopg.Error) as error:
        reason = str(error).strip() or type(error).__name__
        msg = f"{TITLES[name]} at {masked(address)} does not answer: {reason}."
        raise UnavailableError(
            msg,
            remediation=f"Start it, correct {SETTING_OF[name]}, or remove {SETTING_OF[name]} to use the embedded one.",
        ) from None
