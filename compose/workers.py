"""The applications a worker can host, and how each is put together."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from avro.registry import Registry
from compose.observe.watched import Watched, WatchedRefusals, WatchedRelay, WatchedSink
from compose.settings import WorkerSettings
from compose.stack.endpoints import BROKER_OBSERVER, Endpoints
from domain.errors import ConfigurationError
from domain.order_state.policy import REFERENCE_V1
from sinks.consumer import SinkConsumer
from sinks.run import clickhouse_consumer, postgres_consumer
from streams.engine.app import BatchApp, create_app
from streams.engine.engine import EngineConfig
from streams.engine.limits import Limits
from streams.engine.opening import StoreKind
from streams.order_state import OrderStateProcessor
from topics.catalogue import ORDER_STATE, ORDER_STATE_CHANGELOG, PRODUCT_ORDERS, dead_letters_of
from topics.refusals import RefusalWatch
from topics.relay import Relay

log = structlog.get_logger(__name__)

Service = Callable[[threading.Event], None]


@dataclass(frozen=True)
class Hosted:
    """A service to run, and as operators see it."""

    run: Service
    watched: Watched


def limits_of(settings: WorkerSettings) -> Limits:
    """The bounds on a worker's memory that the settings ask for."""
    return Limits(
        fetch_queue_mb=settings.fetch_queue_mb,
        backlog_mb=settings.backlog_mb,
        send_queue_mb=settings.send_queue_mb,
    )


def order_state_app(
    endpoints: Endpoints, data_dir: Path, instance: str, limits: Limits, store: StoreKind = StoreKind.MEMORY
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
        limits=limits,
    )
    processor = OrderStateProcessor(Registry(endpoints.registry_url), REFERENCE_V1, ORDER_STATE.name)
    return create_app(config, processor, [PRODUCT_ORDERS.name], own_dir)


STREAM_APPS: Mapping[str, Callable[[Endpoints, Path, str, Limits, StoreKind], BatchApp]] = {
    "order-state": order_state_app
}
"""Applications that are Faust workers; at most one for each process, because Faust owns its event loop."""


def run_stream(app: BatchApp) -> None:
    """Run a stream application until SIGTERM or SIGINT; raises SystemExit with the exit status, 0 after a drain."""
    import faust

    worker = faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it writes to the terminal even when it is quiet
    worker.execute_from_commandline()


def _relay(endpoints: Endpoints) -> Hosted:
    registry = Registry(endpoints.registry_url)
    relay = Relay(endpoints.database_url, endpoints.kafka_config(), registry, identities=endpoints.identities())
    return Hosted(relay.run, WatchedRelay(relay))


def _sink(consumer: SinkConsumer) -> Hosted:
    return Hosted(consumer.run, WatchedSink(consumer))


def _sink_postgres(endpoints: Endpoints) -> Hosted:
    registry = Registry(endpoints.registry_url)
    return _sink(postgres_consumer(endpoints.kafka_config(), registry, endpoints.database_url))


def _sink_clickhouse(endpoints: Endpoints) -> Hosted:
    registry = Registry(endpoints.registry_url)
    return _sink(clickhouse_consumer(endpoints.kafka_config(), registry, endpoints.clickhouse_dsn))


def _broker_observer(endpoints: Endpoints) -> Hosted:
    if not endpoints.denials:
        message = "Nobody notes what this broker refuses."
        mend = "Start a secure stack (`ordertruth up --secure`), or set ORDERTRUTH_KAFKA_AUTHORIZER_LOG."
        raise ConfigurationError(message, remediation=mend)
    watch = RefusalWatch(Path(endpoints.denials), endpoints.database_url)
    return Hosted(watch.run, WatchedRefusals(watch, BROKER_OBSERVER))


SERVICES: Mapping[str, Callable[[Endpoints], Hosted]] = {
    "relay": _relay,
    "sink-postgres": _sink_postgres,
    "sink-clickhouse": _sink_clickhouse,
    BROKER_OBSERVER: _broker_observer,
}
"""Applications that are plain loops, each in a thread of its own."""

_INSTANCE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def check_names(names: list[str], instance: str = "0") -> None:
    """Raise `ConfigurationError` for unknown applications, two Faust applications in one worker, an odd instance."""
    if not _INSTANCE.fullmatch(instance):
        message = f"The instance {instance!r} cannot be used in names of files and transactions."
        raise ConfigurationError(message, remediation="Use letters, digits, dots and dashes.")
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
            with structlog.contextvars.bound_contextvars(app=name):
                service(self._stop)
        except BaseException as error:
            self.failure = self.failure or error
            log.exception("service failed", app=name)
            os.kill(os.getpid(), signal.SIGTERM)  # the worker's other applications stop, drained
        finally:
            self.ended.set()
