"""`ordertruth clock`: let time pass for a simulated tenant."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(clock)


def clock(
    tenant: Annotated[str, typer.Argument(help="A simulated tenant, such as sim-7.")],
    moment: Annotated[str, typer.Argument(help="What time it is for it, such as 2026-01-31T12:00:00Z.")],
) -> None:
    """Say what time it is for a simulated tenant, so that its deadlines pass; publish its events first."""
    from avro.headers import parse_time
    from compose.cli.session import open_session
    from compose.platform import endpoints_in_use
    from domain.errors import ConfigurationError
    from streams.engine.ticks import publish_tick
    from topics.catalogue import CLOCK

    settings = open_session()
    try:
        now = parse_time(moment)
    except ValueError as error:
        raise ConfigurationError(f"{error}.", remediation="Write the time as 2026-01-31T12:00:00Z.") from None
    publish_tick(endpoints_in_use(settings).kafka_config(), CLOCK.name, tenant, now)
    typer.echo(f"{tenant}: {moment}")
