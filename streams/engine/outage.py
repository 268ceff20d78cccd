"""Telling once that no broker answers, and not at each attempt to connect."""

from __future__ import annotations

import time

import structlog
from confluent_kafka import KafkaError

log = structlog.get_logger(__name__)

SILENT_SECONDS = 30.0


class OutageLog:
    """The `error_cb` of a client: a line when no broker answers, and another only after half a minute."""

    def __init__(self, client: str) -> None:
        self._client = client
        self._told_at = -SILENT_SECONDS

    def __call__(self, error: KafkaError) -> None:
        """Tell, or not; what goes on failing is raised where it is called."""
        now = time.monotonic()
        # the library's only name for it
        if error.code() == KafkaError._ALL_BROKERS_DOWN and now - self._told_at > SILENT_SECONDS:  # noqa: SLF001
            self._told_at = now
            log.warning("no broker answers", client=self._client)
