"""The applications a worker can host, and how each is put together."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from avro.registry import Registry
from compose.stack.endpoints import Endpoints
from domain.errors import ConfigurationError
from domain.order_state.policy import REFERENCE_V1
from sinks.run import clickhouse_consumer, postgres_consumer
from streams.engine.app import BatchApp, create_app
from streams.engine.engine import EngineConfig
from streams.engine.opening import StoreKind
from streams.order_state import OrderStateProcessor
from topics.catalogue import ORDER_STATE, ORDER_STATE_CHANGELOG, PRODUCT_ORDERS, dead_letters_of
from topics.relay import Relay

log = structlog.get_logger(__name__)

Service = Callable[[threading.Event], None]


def order_state_app(
    endpoints: Endpoints, data_dir: Path, instance: str, store: StoreKind = StoreKind.MEMORY
) -> BatchApp:
    """The Faust application that derives order states; everything of this instance is below `data_dir`."""
    own_dir = data_dir / "order-state" / instance
    config = EngineConfig(
        app="order-state",
        instance=instance,
        kafka_config=endpoints.kafka_config(),
        changelog=ORDER_STATE_CHANGELOG.name,
        dead_letter_topics={PRODUCT_ORDERS.name: dead_letters_of(PRODUCT_ORDERS.name).name},
        store=store,
        store_dir=own_dir / "stores",
    )
    processor = OrderStateProcessor(Registry(endpoints.registry_url), REFERENCE_V1, ORDER_STATE.name)
    return create_app(config, processor, [PRODUCT_ORDERS.name], own_dir)


STREAM_APPS: Mapping[str, Callable[[Endpoints, Path, str, StoreKind], BatchApp]] = {"order-state": order_state_app}
"""Applications that are Faust workers; at most one for each process, because Faust owns its event loop."""


def _relay(endpoints: Endpoints) -> Service:
    registry = Registry(endpoints.registry_url)
    return Relay(endpoints.database_url, endpoints.kafka_config(), registry).run


def _sink_postgres(endpoints: Endpoints) -> Service:
    registry = Registry(endpoints.registry_url)
    return postgres_consumer(endpoints.kafka_config(), registry, endpoints.database_url).run


def _sink_clickhouse(endpoints: Endpoints) -> Service:
    registry = Registry(endpoints.registry_url)
    return clickhouse_consumer(endpoints.kafka_config(), registry, endpoints.clickhouse_dsn).run


SERVICES: Mapping[str, Callable[[Endpoints], Service]] = {
    "relay": _relay,
    "sink-postgres": _sink_postgres,
    "sink-clickhouse": _sink_clickhouse,
}
"""Applications that are plain loops, each in a thread of its own."""


def check_names(names: list[str]) -> None:
    """Raise `ConfigurationError` for unknown applications and for two Faust applications in one worker."""
    known = [*STREAM_APPS, *SERVICES]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        message = f"No application is called {', '.join(unknown)}." if unknown else "No application was named."
        raise ConfigurationError(message, remediation=f"Choose from {', '.join(known)}.")
    if sum(name in STREAM_APPS for name in names) > 1:
        message = "One worker hosts one stream application."
        raise ConfigurationError(message, remediation="Start a worker for each of them.")


class ServiceThreads:
    """Runs services until they are stopped; the first failure ends the worker."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._stop = threading.Event()
        self.failure: BaseException | None = None
        self.ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=item, name=item[0]) for item in services.items()]

    def start(self) -> None:
        """Start every service."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop every service and wait for its end."""
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _run(self, name: str, service: Service) -> None:
        try:
            service(self._stop)
        except BaseException as error:
            self.failure = self.failure or error
            log.exception("service failed", service=name)
            os.kill(os.getpid(), signal.SIGTERM)  # the worker's other applications stop, drained
        finally:
            self.ended.set()
