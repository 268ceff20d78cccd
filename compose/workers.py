"""The applications a worker can host, and how each is put together."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from avro.registry import Registry
from compose.alerting import channels_of, patience_of
from compose.derivations import DERIVATIONS, PLACING, placed_topics
from compose.observe.watched import Watched, WatchedAlerts, WatchedRefusals, WatchedRelay, WatchedSink
from compose.settings import Settings, WorkerSettings
from compose.stack.endpoints import BROKER_OBSERVER, Endpoints
from domain.errors import ConfigurationError
from domain.order_state.policy import REFERENCE_V1
from sinks.alerts import AlertService
from sinks.consumer import SinkConsumer
from sinks.run import clickhouse_consumer, postgres_consumer
from streams.cases import CasesProcessor
from streams.engine.app import BatchApp, create_app
from streams.engine.engine import EngineConfig
from streams.engine.limits import Limits
from streams.engine.opening import StoreKind
from streams.engine.timekeeping import TimeConfig
from streams.folding import Folding
from streams.order_state import OrderStateProcessor
from streams.placing import Placing
from topics.catalogue import (
    CASE_DECISIONS,
    CASES_CHANGELOG,
    CLOCK,
    DRIFT_FINDINGS,
    FEEDS,
    FOLD_CHANGELOGS,
    ORDER_STATE,
    ORDER_STATE_CHANGELOG,
    PLACING_CHANGELOG,
    PRODUCT_ORDERS,
    dead_letters_of,
)
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


def placing_app(
    endpoints: Endpoints, data_dir: Path, instance: str, limits: Limits, store: StoreKind = StoreKind.MEMORY
) -> BatchApp:
    """The application that copies every fact to the groups it belongs to."""
    own_dir = data_dir / PLACING / instance
    inputs = [topic.name for topic in placed_topics()]
    config = EngineConfig(
        app=PLACING,
        instance=instance,
        kafka_config=endpoints.kafka_config(),
        changelog=PLACING_CHANGELOG.name,
        dead_letter_topics={name: dead_letters_of(name).name for name in [*inputs, CLOCK.name]},
        store=store,
        store_dir=own_dir / "stores",
        limits=limits,
        time=TimeConfig(clock=CLOCK.name, feeds=[FEEDS[app].name for app in DERIVATIONS]),
    )
    processor = Placing(Registry(endpoints.registry_url), {FEEDS[a].name: folds for a, folds in DERIVATIONS.items()})
    return create_app(config, processor, [*inputs, CLOCK.name], own_dir)


def folds_app(
    app: str, endpoints: Endpoints, data_dir: Path, instance: str, limits: Limits, store: StoreKind = StoreKind.MEMORY
) -> BatchApp:
    """An application made of folds."""
    own_dir = data_dir / app / instance
    feed = FEEDS[app].name
    config = EngineConfig(
        app=app,
        instance=instance,
        kafka_config=endpoints.kafka_config(),
        changelog=FOLD_CHANGELOGS[app].name,
        dead_letter_topics={name: dead_letters_of(name).name for name in (feed, CLOCK.name)},
        store=store,
        store_dir=own_dir / "stores",
        limits=limits,
        time=TimeConfig(clock=CLOCK.name, fed_by={feed: [PLACING]}),
    )
    processor = Folding(Registry(endpoints.registry_url), DERIVATIONS[app])
    return create_app(config, processor, [feed, CLOCK.name], own_dir)


def cases_app(
    endpoints: Endpoints, data_dir: Path, instance: str, limits: Limits, store: StoreKind = StoreKind.MEMORY
) -> BatchApp:
    """The application that makes findings cases, and is the only one to write them."""
    own_dir = data_dir / "cases" / instance
    inputs = [DRIFT_FINDINGS.name, CASE_DECISIONS.name, CLOCK.name]
    config = EngineConfig(
        app="cases",
        instance=instance,
        kafka_config=endpoints.kafka_config(),
        changelog=CASES_CHANGELOG.name,
        dead_letter_topics={name: dead_letters_of(name).name for name in inputs},
        store=store,
        store_dir=own_dir / "stores",
        limits=limits,
        time=TimeConfig(clock=CLOCK.name),
    )
    return create_app(config, CasesProcessor(Registry(endpoints.registry_url)), inputs, own_dir)


StreamApp = Callable[[Endpoints, Path, str, Limits, StoreKind], BatchApp]

STREAM_APPS: Mapping[str, StreamApp] = {
    "order-state": order_state_app,
    PLACING: placing_app,
    **{app: partial(folds_app, app) for app in DERIVATIONS},
    "cases": cases_app,
}
"""Applications that are Faust workers; at most one for each process, because Faust owns its event loop."""


def run_stream(app: BatchApp) -> None:
    """Run a stream application until SIGTERM or SIGINT; raises SystemExit with the exit status, 0 after a drain."""
    import faust

    worker = faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it writes to the terminal even when it is quiet
    worker.execute_from_commandline()


def _relay(endpoints: Endpoints, _: Settings) -> Hosted:
    registry = Registry(endpoints.registry_url)
    relay = Relay(endpoints.database_url, endpoints.kafka_config(), registry, identities=endpoints.identities())
    return Hosted(relay.run, WatchedRelay(relay))


def _sink(consumer: SinkConsumer) -> Hosted:
    return Hosted(consumer.run, WatchedSink(consumer))


def _sink_postgres(endpoints: Endpoints, _: Settings) -> Hosted:
    registry = Registry(endpoints.registry_url)
    return _sink(postgres_consumer(endpoints.kafka_config(), registry, endpoints.database_url))


def _sink_clickhouse(endpoints: Endpoints, _: Settings) -> Hosted:
    registry = Registry(endpoints.registry_url)
    return _sink(clickhouse_consumer(endpoints.kafka_config(), registry, endpoints.clickhouse_dsn))


def _alerts(endpoints: Endpoints, settings: Settings) -> Hosted:
    service = AlertService(
        endpoints.kafka_config(),
        Registry(endpoints.registry_url).schema_for_id,
        endpoints.database_url,
        channels_of(settings.alerts),
        patience_of(settings.alerts),
    )
    return Hosted(service.run, WatchedAlerts(service))


def _broker_observer(endpoints: Endpoints, _: Settings) -> Hosted:
    if not endpoints.denials:
        message = "Nobody notes what this broker refuses."
        mend = "Start a secure stack (`ordertruth up --secure`), or set ORDERTRUTH_KAFKA_AUTHORIZER_LOG."
        raise ConfigurationError(message, remediation=mend)
    watch = RefusalWatch(Path(endpoints.denials), endpoints.database_url)
    return Hosted(watch.run, WatchedRefusals(watch, BROKER_OBSERVER))


SERVICES: Mapping[str, Callable[[Endpoints, Settings], Hosted]] = {
    "relay": _relay,
    "sink-postgres": _sink_postgres,
    "sink-clickhouse": _sink_clickhouse,
    "alerts": _alerts,
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
