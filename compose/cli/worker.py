"""`ordertruth worker APP…`: run applications until they are told to stop."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(worker)


def worker(
    apps: Annotated[
        list[str], typer.Argument(metavar="APP...", help="order-state, relay, sink-postgres, sink-clickhouse")
    ],
    instance: Annotated[str, typer.Option(help="Tells workers of one application apart; keep it over restarts.")] = "0",
) -> None:
    """Run applications in this process; SIGTERM and Ctrl-C drain and stop them."""
    from compose.cli.session import open_session
    from compose.platform import endpoints_in_use
    from compose.workers import SERVICES, STREAM_APPS, ServiceThreads, check_names

    check_names(apps)
    settings = open_session(service=True)
    endpoints = endpoints_in_use(settings)
    services = ServiceThreads({name: SERVICES[name](endpoints) for name in apps if name in SERVICES})
    services.start()
    try:
        stream = next((name for name in apps if name in STREAM_APPS), None)
        if stream is None:
            services.ended.wait()
        else:
            import faust

            from streams.engine.opening import StoreKind

            store = StoreKind(settings.store)
            application = STREAM_APPS[stream](endpoints, settings.state_path / "faust", instance, store)
            faust.Worker(application, loglevel="WARN", redirect_stdouts=False, quiet=True).execute_from_commandline()
    except SystemExit:
        if services.failure is None:
            raise
    finally:
        services.stop()
    if services.failure is not None:
        raise services.failure
