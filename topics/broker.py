"""Reading topics from a broker and bringing a plan about. Creates and sets, never deletes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the library re-exports without saying so
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewTopic,
    ResourceType,
)

from domain.errors import ConfigurationError, ContractError, OrdertruthError, UnavailableError
from topics.admin import admin_client
from topics.plan import ActualTopic, ConfigValue, Plan, make_plan

if TYPE_CHECKING:
    from topics.topic import Topic

T = TypeVar("T")

REQUEST_TIMEOUT_S = 10.0
VISIBLE_TIMEOUT_S = 20.0
VISIBLE_POLL_S = 0.05
BROKER_DEFAULT_REPLICATION = -1

_AWAY = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's own codes have no other name
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._RESOLVE,  # noqa: SLF001
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NOT_CONTROLLER,
        KafkaError.BROKER_NOT_AVAILABLE,
    }
)
_DENIED = frozenset(
    {
        KafkaError._AUTHENTICATION,  # noqa: SLF001
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)

log = structlog.get_logger(__name__)


class Broker:
    """The topics of one Kafka cluster.

    `config` holds librdkafka settings with at least `bootstrap.servers`; `timeout_s` bounds each request.
    """

    def __init__(self, config: Mapping[str, str], *, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        self._servers = config["bootstrap.servers"]
        self._timeout_s = timeout_s
        self._admin = admin_client(config)

    def topics(self) -> dict[str, ActualTopic]:
        """Every topic of the cluster with its settings. Raises `UnavailableError` when no broker answers."""
        metadata = self._attempt("list topics", lambda: self._admin.list_topics(timeout=self._timeout_s))
        found = {name: len(topic.partitions) for name, topic in metadata.topics.items()}
        mine = [name for name in found if not name.startswith("__")]
        configs = self._configs(mine)
        return {name: ActualTopic(name, found[name], configs[name]) for name in mine}

    def plan(self, catalogue: Iterable[Topic], partitions: int) -> Plan:
        """What differs between the catalogue and this cluster. Raises `UnavailableError`."""
        return make_plan(catalogue, self.topics(), partitions)

    def apply(self, plan: Plan, *, replication: int = BROKER_DEFAULT_REPLICATION) -> None:
        """Bring a plan about: create what is missing, then set what differs.

        Raises `ContractError` before anything is done when the plan would change a partition count, and for what
        the broker refuses; `UnavailableError` when it is away. Doing it again is harmless.
        """
        plan.require_applicable()
        if plan.create:
            self._create(plan, replication)
        if plan.alter:
            self._alter(plan.alter)

    def _create(self, plan: Plan, replication: int) -> None:
        new = [
            NewTopic(
                t.name, num_partitions=t.partitions(plan.partitions), replication_factor=replication, config=t.config()
            )
            for t in plan.create
        ]
        futures = self._attempt(
            "create topics", lambda: self._admin.create_topics(new, request_timeout=self._timeout_s)
        )
        for name, future in futures.items():
            self._result(f"create {name}", future, tolerate=KafkaError.TOPIC_ALREADY_EXISTS)
        self._await_visible({t.name for t in plan.create})
        log.info("topics_created", topics=len(new))

    def _alter(self, alter: Mapping[str, Mapping[str, str]]) -> None:
        resources = [
            ConfigResource(
                ResourceType.TOPIC,
                name,
                incremental_configs=[
                    ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)
                    for setting, value in settings.items()
                ],
            )
            for name, settings in alter.items()
        ]
        futures = self._attempt(
            "set topic settings",
            lambda: self._admin.incremental_alter_configs(resources, request_timeout=self._timeout_s),
        )
        for resource, future in futures.items():
            self._result(f"set {resource.name}", future)
        log.info("topics_altered", topics=len(resources))

    def _configs(self, names: list[str]) -> dict[str, dict[str, ConfigValue]]:
        if not names:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        futures = self._attempt(
            "read topic settings", lambda: self._admin.describe_configs(resources, request_timeout=self._timeout_s)
        )
        found = {}
        for resource, future in futures.items():
            entries = self._result(f"read the settings of {resource.name}", future)
            found[resource.name] = {
                name: ConfigValue(str(entry.value), explicit=entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value)
                for name, entry in (entries or {}).items()
            }
        return found

    def _await_visible(self, names: set[str]) -> None:
        # The controller answers before every broker has heard of the topic; producing then fails for a moment.
        deadline = time.monotonic() + VISIBLE_TIMEOUT_S
        while True:
            known = self._attempt("list topics", lambda: self._admin.list_topics(timeout=self._timeout_s)).topics
            missing = [n for n in names if n not in known or not known[n].partitions]
            if not missing:
                return
            if time.monotonic() > deadline:
                message = f"{self._servers} did not show {len(missing)} created topics, such as {missing[0]}, in time."
                raise UnavailableError(message, remediation="Run `ordertruth topics apply` again.")
            time.sleep(VISIBLE_POLL_S)

    def _result(self, action: str, future: Future[T], tolerate: int | None = None) -> T | None:
        try:
            return future.result(timeout=self._timeout_s + 5)
        except KafkaException as error:
            if tolerate is not None and error.args[0].code() == tolerate:
                return None
            raise self._explain(action, error) from error
        except TimeoutError as error:
            message = f"Kafka at {self._servers} did not {action} within {self._timeout_s} s."
            raise UnavailableError(message, remediation=_START) from error

    def _attempt(self, action: str, request: Callable[[], T]) -> T:
        try:
            return request()
        except KafkaException as error:
            raise self._explain(action, error) from error

    def _explain(self, action: str, error: KafkaException) -> OrdertruthError:
        cause = error.args[0]
        if cause.code() in _AWAY:
            message = f"Kafka at {self._servers} did not {action}: {cause.str()}."
            return UnavailableError(message, remediation=_START)
        if cause.code() in _DENIED:
            message = f"Kafka at {self._servers} does not permit this user to {action}: {cause.str()}."
            return ConfigurationError(message, remediation="Check KAFKA_SASL_USERNAME, its password and its rights.")
        message = f"Kafka at {self._servers} refused to {action}: {cause.str()}."
        return ContractError(message, remediation="Mend the topic's entry in the catalogue or the broker's limits.")


_START = "Start it (`ordertruth up`), or point KAFKA_BOOTSTRAP_SERVERS at one that runs."
