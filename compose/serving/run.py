"""The query API put together from a running platform, and served."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import psycopg
import structlog
import uvicorn

from avro.registry import Registry
from compose.access.book import TokenBook
from compose.access.schema import cursor_key
from compose.access.schema import set_up as set_up_access
from compose.observe.register import LOOPBACK
from compose.serving.decisions import case_decisions
from compose.serving.history import EventHistory
from compose.serving.looking import lookout
from compose.serving.stages import sources, stages
from compose.stack.endpoints import Endpoints
from console import Service, create_api
from console.measuring import Measurements
from console.paging import Cursors
from console.service import wall_clock
from domain.access import AUDIENCES
from domain.errors import ConfigurationError
from sinks.clickhouse.metrics import MetricReader
from sinks.postgres.faults import translated
from sinks.postgres.reading import CONNECT_TIMEOUT_S, ReadModel
from sinks.postgres.roles import OPERATIONS, role_of

DRAIN_S = 5
_STARTING_S = 0.01

log = structlog.get_logger(__name__)


@contextmanager
def service_of(endpoints: Endpoints) -> Iterator[Service]:
    """What the API answers from, while the block runs.

    Raises `UnavailableError` when PostgreSQL is away, `ConfigurationError` when a role of an audience is missing.
    """
    with (
        translated("serve the API"),
        psycopg.connect(endpoints.database_url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as connection,
    ):
        set_up_access(connection)
        _require_roles(connection)
        key = cursor_key(connection)
    with ExitStack() as parts:
        looking = parts.enter_context(lookout(endpoints.kafka_config(), endpoints.database_url, stages(), sources()))
        registry = parts.enter_context(Registry(endpoints.registry_url))
        history = parts.enter_context(closing(EventHistory(endpoints.kafka_config(), registry)))
        analytics = parts.enter_context(closing(MetricReader(endpoints.clickhouse_dsn)))
        decisions = parts.enter_context(case_decisions(endpoints.database_url, wall_clock))
        model, passes = ReadModel(endpoints.database_url, sorted(AUDIENCES)), TokenBook(endpoints.database_url)
        yield Service(
            model=model,
            passes=passes,
            freshness=looking,
            cursors=Cursors(key),
            measurements=Measurements(),
            decisions=decisions,
            history=history,
            metrics=analytics,
            opened=(model, passes),
        )


def serve(endpoints: Endpoints, port: int, told: Callable[[str], None]) -> None:
    """Answer on a port of the loopback interface, a free one when it is 0, until SIGTERM or Ctrl-C; `told` the address.

    Raises `ConfigurationError` when the port is taken.
    """
    with _bound(port) as listening, service_of(endpoints) as service:
        address = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(_serve(service, listening, lambda: told(address)))


async def _serve(service: Service, listening: socket.socket, ready: Callable[[], None]) -> None:
    config = uvicorn.Config(
        create_api(service),
        loop="none",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(_STARTING_S)
    if server.started:
        ready()
    await serving


def _bound(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except OSError as error:
        listening.close()
        message = f"Port {port} for the API cannot be used: {error.strerror}."
        raise ConfigurationError(message, remediation="Give --port another one, or none to have one chosen.") from error
    return listening


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


def _require_roles(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    wanted = [role_of(audience) for audience in (OPERATIONS, *sorted(AUDIENCES))]
    rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (wanted,)).fetchall()
    missing = sorted(set(wanted) - {str(name) for (name,) in rows})
    if missing:
        statements = " ".join(f"CREATE ROLE {name} NOLOGIN; GRANT {name} TO CURRENT_USER;" for name in missing)
        message = f"The database lacks the roles {', '.join(missing)}, in which audiences read."
        raise ConfigurationError(message, remediation=f"Let an administrator run: {statements}")
