"""Every setting of the platform, read once from the environment and `.env`.

Names start with `ORDERTRUTH_` and nest with `__` (`ORDERTRUTH_STACK__KAFKA_PORT`); the services everyone knows also
answer to their usual names (`KAFKA_BOOTSTRAP_SERVERS`, `DATABASE_URL`, ...). Naming a service switches the embedded
part of the same kind off.
"""

from __future__ import annotations

import difflib
import os
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

PREFIX = "ORDERTRUTH_"
NESTING = "__"
PARTITIONS_EMBEDDED = 4
PARTITIONS_EXTERNAL = 12

Port = Annotated[int, Field(ge=1024, le=65535)]


def _scheme(*allowed: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        scheme, separator, rest = value.get_secret_value().partition("://")
        if not separator or scheme not in allowed or not rest:
            # The value itself may hold a password, so the message must not repeat it.
            msg = f"it must be a URL that starts with {' or '.join(f'{name}://' for name in allowed)}"
            raise ValueError(msg)
        return value

    return AfterValidator(check)


def _http_url(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in {"http", "https"} or not rest:
        msg = "it must be a URL that starts with http:// or https://"
        raise ValueError(msg)
    return value.rstrip("/")


def _host_ports(value: str) -> str:
    for entry in value.split(","):
        host, _, port = entry.strip().rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            msg = "it must be host:port, several of them separated by commas"
            raise ValueError(msg)
    return value


class StackSettings(BaseModel):
    """The embedded stack: fixed ports (a free one is chosen where none is given), memory, patience.

    `jar_repository` is the URL of a mirror to fetch the Java parts from. `secure` makes Kafka's users and lets each
    owner write its own topics only; a state folder that began so stays so. Ports are TCP ports on the loopback
    interface; heaps are in MiB; the timeout is in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kafka_port: Port | None = None
    registry_port: Port | None = None
    postgres_port: Port | None = None
    clickhouse_port: Port | None = None
    secure: bool = False
    kafka_heap_mb: Annotated[int, Field(ge=256, le=65536)] = 512
    registry_heap_mb: Annotated[int, Field(ge=128, le=65536)] = 256
    jar_repository: Annotated[str, AfterValidator(_http_url)] | None = None
    start_timeout_s: Annotated[float, Field(ge=5, le=3600)] = 90.0


class WorkerSettings(BaseModel):
    """A worker: where it answers, when it counts as hung, how much memory it may take beside its state.

    `health_port` is a TCP port on the loopback interface, 0 for a free one; `live_timeout_s` in seconds. Sizes are in
    MiB: records fetched ahead, batches waiting to be applied, outputs on their way (see `streams.engine.limits`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    health_port: Annotated[int, Field(ge=0, le=65535)] = 0
    live_timeout_s: Annotated[float, Field(ge=1, le=3600)] = 30.0
    fetch_queue_mb: Annotated[int, Field(ge=1, le=2048)] = 32
    backlog_mb: Annotated[int, Field(ge=1, le=65536)] = 64
    send_queue_mb: Annotated[int, Field(ge=17, le=65536)] = 64


SeverityName = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        msg = "it must be a time zone such as Europe/Berlin"
        raise ValueError(msg) from None
    return value


class QuietSettings(BaseModel):
    """Hours of the day, such as `22:00` to `06:00`, in which a channel is told only what `breaks_through`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: time
    end: time
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    breaks_through: SeverityName = "CRITICAL"


class ChannelSettings(BaseModel):
    """One channel alerts are told through.

    `url` is where it is (a Slack-compatible incoming webhook, an Alertmanager, a webhook of your own; PagerDuty's is
    known), `secret` PagerDuty's routing key or what a webhook's bodies are signed with. `owners` and `tenants` narrow
    what it is told; tenants are patterns, and simulated ones are left out unless `not_tenants` says otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
    kind: Literal["slack", "pagerduty", "alertmanager", "webhook", "log"]
    url: Annotated[SecretStr, _scheme("http", "https")] | None = None
    secret: SecretStr | None = None
    min_severity: SeverityName = "LOW"
    owners: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    not_tenants: tuple[str, ...] = ("sim-*",)
    per_minute: Annotated[int, Field(ge=1, le=10_000)] = 60
    quiet: QuietSettings | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.url is None and self.kind in ("slack", "alertmanager", "webhook"):
            msg = f"a channel of kind {self.kind} needs its url"
            raise ValueError(msg)
        if self.secret is None and self.kind in ("pagerduty", "webhook"):
            msg = f"a channel of kind {self.kind} needs its secret"
            raise ValueError(msg)
        return self


class AlertSettings(BaseModel):
    """Alerts: the channels (a JSON list), how alerts of one cause are grouped, and how long receivers are waited for.

    `group_wait_s` and `group_interval_s` are the seconds the first and the next alerts of a group wait for others,
    `group_most` how many a message tells of; `retry_longest_s` is the longest time between two attempts, and after
    `give_up_hours` an alert is parked. `console_url` is where the console answers, for links.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: tuple[ChannelSettings, ...] = (ChannelSettings(name="log", kind="log", not_tenants=()),)
    group_wait_s: Annotated[float, Field(ge=0, le=3600)] = 10.0
    group_interval_s: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    group_most: Annotated[int, Field(ge=1, le=100)] = 20
    retry_longest_s: Annotated[float, Field(ge=1, le=3600)] = 300.0
    give_up_hours: Annotated[float, Field(ge=1, le=720)] = 72.0
    console_url: Annotated[str, AfterValidator(_http_url)] = "http://localhost:8080"

    @field_validator("channels")
    @classmethod
    def _told_apart(cls, channels: tuple[ChannelSettings, ...]) -> tuple[ChannelSettings, ...]:
        if len({channel.name for channel in channels}) != len(channels):
            msg = "channels need names of their own"
            raise ValueError(msg)
        return channels

    @property
    def group_wait(self) -> timedelta:
        """How long the first alert of a group waits for others."""
        return timedelta(seconds=self.group_wait_s)

    @property
    def group_interval(self) -> timedelta:
        """How long after the last message of a group the next one waits."""
        return timedelta(seconds=self.group_interval_s)


class ConsoleSettings(BaseModel):
    """The query API: `port` is a TCP port on the loopback interface, 0 for a free one.

    `token` is whose name decisions about cases are taken in on the command line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: Annotated[int, Field(ge=0, le=65535)] = 0
    token: SecretStr | None = None


class Settings(BaseSettings):
    """All settings; see the module's description for their names in the environment.

    `partitions` is the number of partitions of joined topics: 4 on the embedded broker and 12 on one of your own
    unless it is set. `store` is where stream applications keep their state: in memory, or in RocksDB below the state
    folder; the changelog in Kafka holds it in either case. `kafka_authorizer_log` is the file to which the authoriser
    of a broker of your own writes what it refuses.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NESTING,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
        validate_default=False,
    )

    state_dir: Path = Path(".ordertruth")
    cache_dir: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    partitions: Annotated[int, Field(ge=1, le=4096)] | None = None
    store: Literal["memory", "rocksdb"] = "memory"
    stack: StackSettings = StackSettings()
    worker: WorkerSettings = WorkerSettings()
    console: ConsoleSettings = ConsoleSettings()
    alerts: AlertSettings = AlertSettings()

    kafka_bootstrap_servers: Annotated[str, AfterValidator(_host_ports)] | None = Field(
        None, validation_alias=AliasChoices(f"{PREFIX}KAFKA_BOOTSTRAP_SERVERS", "KAFKA_BOOTSTRAP_SERVERS")
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", validation_alias=AliasChoices(f"{PREFIX}KAFKA_SECURITY_PROTOCOL", "KAFKA_SECURITY_PROTOCOL")
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, validation_alias=AliasChoices(f"{PREFIX}KAFKA_SASL_MECHANISM", "KAFKA_SASL_MECHANISM")
    )
    kafka_sasl_username: str | None = Field(
        None, validation_alias=AliasChoices(f"{PREFIX}KAFKA_SASL_USERNAME", "KAFKA_SASL_USERNAME")
    )
    kafka_sasl_password: SecretStr | None = Field(
        None, validation_alias=AliasChoices(f"{PREFIX}KAFKA_SASL_PASSWORD", "KAFKA_SASL_PASSWORD")
    )
    kafka_authorizer_log: Path | None = None
    schema_registry_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        None, validation_alias=AliasChoices(f"{PREFIX}SCHEMA_REGISTRY_URL", "SCHEMA_REGISTRY_URL")
    )
    database_url: Annotated[SecretStr, _scheme("postgresql", "postgres")] | None = Field(
        None, validation_alias=AliasChoices(f"{PREFIX}DATABASE_URL", "DATABASE_URL")
    )
    clickhouse_dsn: Annotated[SecretStr, _scheme("clickhouse", "clickhouses", "http", "https")] | None = Field(
        None, validation_alias=AliasChoices(f"{PREFIX}CLICKHOUSE_DSN", "CLICKHOUSE_DSN")
    )

    @property
    def state_path(self) -> Path:
        """The state folder, absolute."""
        return self.state_dir.expanduser().absolute()

    @property
    def cache_path(self) -> Path:
        """Where downloaded parts are kept, absolute: `cache_dir`, or `cache` in the state folder."""
        return (self.cache_dir or self.state_dir / "cache").expanduser().absolute()

    @property
    def partition_count(self) -> int:
        """The number of partitions of joined topics."""
        if self.partitions is not None:
            return self.partitions
        return PARTITIONS_EXTERNAL if self.kafka_bootstrap_servers else PARTITIONS_EMBEDDED

    def secured(self) -> Settings:
        """The same settings, for a stack whose broker knows the owners apart."""
        return self.model_copy(update={"stack": self.stack.model_copy(update={"secure": True})})

    def revealed(self) -> dict[str, Any]:
        """Every setting as plain JSON values, secrets included: only for handing them to a child process."""
        values = self.model_dump(mode="json")
        _reveal(self, values)
        return values

    def kafka_config(self) -> dict[str, str]:
        """The librdkafka settings of the external broker, security included; no address when Kafka is embedded."""
        config: dict[str, str] = {}
        if self.kafka_bootstrap_servers is None:
            return config
        config["bootstrap.servers"] = self.kafka_bootstrap_servers
        if self.kafka_security_protocol != "PLAINTEXT":
            config["security.protocol"] = self.kafka_security_protocol
        if self.kafka_sasl_mechanism is not None:
            config["sasl.mechanism"] = self.kafka_sasl_mechanism
        if self.kafka_sasl_username is not None:
            config["sasl.username"] = self.kafka_sasl_username
        if self.kafka_sasl_password is not None:
            config["sasl.password"] = self.kafka_sasl_password.get_secret_value()
        return config


def _reveal(model: BaseModel, values: dict[str, Any]) -> None:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, SecretStr):
            values[name] = value.get_secret_value()
        elif isinstance(value, BaseModel):
            _reveal(value, values[name])
        elif isinstance(value, tuple):
            for inner, plain in zip(value, values[name], strict=True):
                if isinstance(inner, BaseModel):
                    _reveal(inner, plain)


def load_settings(environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings from the environment and `env_file`.

    `environ` is only for looking for unknown names and defaults to the process's environment. Raises
    ConfigurationError naming the variable, what is wrong with it and how to mend it, never its value.
    """
    _refuse_unknown(os.environ if environ is None else environ, _names_in(env_file))
    try:
        settings = Settings(_env_file=env_file)
    except SettingsError as error:
        msg = f"Wrong settings: {error}."
        raise ConfigurationError(
            msg, remediation="Set the nested names one by one, such as ORDERTRUTH_STACK__KAFKA_PORT."
        ) from None
    except ValidationError as error:
        raise _explain(error.errors(include_input=False, include_url=False)) from None
    _refuse_half_credentials(settings)
    refuse_foreign_security(settings)
    return settings


def known_names() -> set[str]:
    """Every name the platform reads that starts with `ORDERTRUTH_`."""
    names: set[str] = set()
    for name, field in Settings.model_fields.items():
        names.add(f"{PREFIX}{name}".upper())
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names.update(f"{PREFIX}{name}{NESTING}{inner}".upper() for inner in field.annotation.model_fields)
    return names


def _names_in(env_file: Path | None) -> list[str]:
    if env_file is None or not env_file.is_file():
        return []
    from dotenv import dotenv_values

    try:
        return list(dotenv_values(env_file, encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"The settings file {env_file} cannot be read: {error}."
        raise ConfigurationError(msg, remediation="Make it a UTF-8 text file of NAME=value lines.") from None


def _refuse_unknown(environ: Iterable[str], file_names: Iterable[str]) -> None:
    known = known_names()
    unknown = sorted({n for n in (*environ, *file_names) if n.upper().startswith(PREFIX) and n.upper() not in known})
    if not unknown:
        return
    hints = []
    for name in unknown:
        near = difflib.get_close_matches(name.upper(), known, n=1)
        hints.append(f"{name} (did you mean {near[0]}?)" if near else name)
    plural = "settings" if len(unknown) > 1 else "setting"
    msg = f"Unknown {plural}: {', '.join(hints)}."
    raise ConfigurationError(msg, remediation="Correct the name or remove it from the environment or .env.")


def _explain(errors: list[ErrorDetails]) -> ConfigurationError:
    problems = []
    for error in errors:
        location = [str(part) for part in error["loc"]]
        name = NESTING.join(location).upper()
        if location[0].lower() in Settings.model_fields:
            name = f"{PREFIX}{name}"
        problems.append(f"{name}: {error['msg'].removeprefix('Value error, ')}")
    msg = f"Wrong settings: {'; '.join(problems)}."
    return ConfigurationError(msg, remediation="Correct the value in the environment or .env, or remove it.")


def _refuse_half_credentials(settings: Settings) -> None:
    sasl = settings.kafka_security_protocol.startswith("SASL_")
    needed = {
        "KAFKA_SASL_MECHANISM": settings.kafka_sasl_mechanism,
        "KAFKA_SASL_USERNAME": settings.kafka_sasl_username,
        "KAFKA_SASL_PASSWORD": settings.kafka_sasl_password,
    }
    missing = [name for name, value in needed.items() if value is None]
    if sasl and missing:
        msg = f"KAFKA_SECURITY_PROTOCOL={settings.kafka_security_protocol} needs {', '.join(missing)}."
        raise ConfigurationError(msg, remediation="Set them in the environment or .env.")
    secured = sasl or len(missing) < len(needed) or settings.kafka_security_protocol == "SSL"
    if secured and settings.kafka_bootstrap_servers is None:
        msg = "Kafka security is set, and KAFKA_BOOTSTRAP_SERVERS is not."
        raise ConfigurationError(msg, remediation="Set KAFKA_BOOTSTRAP_SERVERS, or remove the security settings.")


def refuse_foreign_security(settings: Settings) -> None:
    """Raise ConfigurationError when a broker of the user's own is to be made secure: its users are not ours to make."""
    if settings.stack.secure and settings.kafka_bootstrap_servers is not None:
        msg = "The stack is to be secure, and KAFKA_BOOTSTRAP_SERVERS names a broker of your own."
        mend = "Secure that broker itself: docs/contracts/acls.sh grants what the catalogue says."
        raise ConfigurationError(msg, remediation=mend)
