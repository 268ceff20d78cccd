"""One administrative client for each cluster a process talks to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from confluent_kafka.admin import AdminClient

# librdkafka prints each failed connection to standard error unless a logger takes it; what is raised says it once.
_LIBRDKAFKA = logging.getLogger(f"{__name__}.librdkafka")
_LIBRDKAFKA.addHandler(logging.NullHandler())
_LIBRDKAFKA.propagate = False

_clients: dict[frozenset[tuple[str, str]], AdminClient] = {}
_lock = threading.Lock()


def admin_client(kafka_config: Mapping[str, str]) -> AdminClient:
    """The process's client for these librdkafka settings, made at the first call and kept.

    A client that is thrown away takes the answers still on their way with it, and each one costs several threads
    and connections.
    """
    key = frozenset(kafka_config.items())
    with _lock:
        client = _clients.get(key)
        if client is None:
            client = _clients[key] = AdminClient(dict(kafka_config), logger=_LIBRDKAFKA)
        return client
