"""`ordertruth worker APP…`: run applications until they are told to stop."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from compose.observe.watched import Watched
    from compose.settings import Settings
    from compose.stack.endpoints import Endpoints
    from compose.workers import ServiceThreads
    from streams.engine.app import BatchApp


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(worker)


def worker(
    apps: Annotated[
        list[str],
        typer.Argument(
            metavar="APP...",
            help="order-state, placing, order-status, reconciliation, cases, relay, sink-postgres, sink-clickhouse, "
            "alerts, broker-observer",
        ),
    ],
    instance: Annotated[str, typer.Option(help="Tells workers of one application apart; keep it over restarts.")] = "0",
    health_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Where /livez, /readyz and /metrics answer on loopback; 0: a free port."),
    ] = None,
) -> None:
    """Run applications in this process; SIGTERM and Ctrl-C drain and stop them."""
    from compose.cli.session import open_session
    from compose.platform import endpoints_in_use
    from compose.workers import check_names
    from domain.errors import OrdertruthError

    settings = open_session(service=True, app="+".join(apps), instance=instance)
    try:
        check_names(apps, instance)
        port = settings.worker.health_port if health_port is None else health_port
        _run(settings, endpoints_in_use(settings), apps, instance, port)
    except OrdertruthError as error:
        if sys.stderr.isatty():
            raise  # a person reads it
        import structlog

        structlog.get_logger(__name__).critical("worker failed", error=error.message, what_to_do=error.remediation)
        raise typer.Exit(error.exit_code) from None


def _run(settings: Settings, endpoints: Endpoints, apps: list[str], instance: str, port: int) -> None:
    from compose.observe.endpoint import observed
    from compose.observe.watched import WatchedStream
    from compose.workers import SERVICES, STREAM_APPS, ServiceThreads, limits_of
    from streams.engine.opening import StoreKind

    hosted = {name: SERVICES[name](endpoints, settings) for name in apps if name in SERVICES}
    watched: list[Watched] = [service.watched for service in hosted.values()]
    stream: BatchApp | None = None
    for name in apps:
        if name in STREAM_APPS:
            data_dir = settings.state_path / "faust"
            store = StoreKind(settings.store)
            stream = STREAM_APPS[name](endpoints, data_dir, instance, limits_of(settings.worker), store)
            watched.insert(0, WatchedStream(stream.engine))
    services = ServiceThreads({name: service.run for name, service in hosted.items()})
    with observed(settings, watched, apps=apps, instance=instance, port=port):
        _host(services, stream)


def _host(services: ServiceThreads, stream: BatchApp | None) -> None:
    """Run to the end; returns when it is a good one, and raises what ended it otherwise."""
    from compose.workers import run_stream

    services.start()
    try:
        if stream is None:
            services.ended.wait()
        else:
            run_stream(stream)
    except SystemExit as stopped:
        # told to stop, services alone end with the signal's status, and a stream application with 0
        if stream is not None and stopped.code and services.failure is None:
            raise
    finally:
        services.stop()
    if services.failure is not None:
        raise services.failure
