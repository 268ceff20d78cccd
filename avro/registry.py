"""The schema registry: which id a schema has, and which schema an id means."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

import structlog
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError

# The client prefers one HTTP library and falls back to another; only it knows whose errors it lets through.
from confluent_kafka.schema_registry.common._httpx_compat import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from avro.codec import WriterSchema, writer_schema
from avro.contract import contract
from avro.names import subject
from domain.errors import ConfigurationError, ContractError, RecordError, UnavailableError

T = TypeVar("T")

COMPATIBILITY = "FULL_TRANSITIVE"
ATTEMPTS_MAX = 4
TIMEOUT_S = 5.0
UNKNOWN_ID_TTL_S = 30.0
UNKNOWN_IDS_MAX = 1024
SCHEMA_ID_MAX = (1 << 31) - 1

_CREDENTIALS = re.compile(r"://[^/@]*@")
_NOT_FOUND = {"subject": 40401, "version": 40402, "schema": 40403}
_INCOMPATIBLE = 409
_UNPROCESSABLE = 422
_DENIED = frozenset({401, 403})
_TOO_MANY = 429
_SERVER_ERRORS = 500

log = structlog.get_logger(__name__)


class Registry:
    """Client of a Confluent-compatible schema registry, safe to share between threads.

    Ids and schemas never change once given, so both are kept for the life of the client. An outage raises
    `UnavailableError` after `attempts` tries; it is never mistaken for an unknown id, which would send good
    records to the dead letters.
    """

    def __init__(self, url: str, *, attempts: int = ATTEMPTS_MAX, timeout_s: float = TIMEOUT_S) -> None:
        self.url = _CREDENTIALS.sub("://", url)
        self._attempts = attempts
        # The client's own retries are off: they are silent, and two loops would multiply.
        self._client = SchemaRegistryClient({"url": url, "timeout": timeout_s, "max.retries": 0})
        self._ids: dict[tuple[str, str], int] = {}
        self._schemas: dict[int, WriterSchema] = {}
        self._unknown: dict[int, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client is of no use afterwards."""
        self._client.close()

    def schema_for_id(self, schema_id: int) -> WriterSchema:
        """The schema behind an id.

        Raises `RecordError` UNKNOWN_SCHEMA_ID (stage `decode`) when the registry answers that it has none, and
        `UnavailableError` when it does not answer.
        """
        known = self._schemas.get(schema_id)
        if known is not None:
            return known
        # Registries count from 1 in signed 32 bits and answer anything else as if they were broken, which must not
        # be taken for an outage: damaged bytes hold such ids.
        if not 1 <= schema_id <= SCHEMA_ID_MAX or self._unknown.get(schema_id, 0.0) > time.monotonic():
            raise self._unknown_id(schema_id)
        try:
            found = self._call("fetch", lambda: self._client.get_schema(schema_id))
        except SchemaRegistryError as error:
            # A 404 without the registry's own code comes from something else at that address.
            if error.error_code == _NOT_FOUND["schema"]:
                self._remember_unknown(schema_id)
                raise self._unknown_id(schema_id) from None
            raise self._explain(f"schema id {schema_id}", error) from error
        if (found.schema_type or "AVRO") != "AVRO" or not found.schema_str:
            message = f"Schema id {schema_id} is a {found.schema_type} schema, not Avro."
            raise RecordError("UNKNOWN_SCHEMA_ID", message, stage="decode", remediation="Mend the producer.")
        parsed = self._parse(schema_id, found.schema_str)
        self._schemas[schema_id] = parsed
        return parsed

    def id_for(self, topic: str, record_name: str) -> int:
        """The id of a committed schema on a topic; asked once, then remembered.

        Raises `ContractError` when it is not registered there, `UnavailableError` when the registry is away.
        """
        agreed = contract(record_name)
        name = subject(topic, agreed.full_name)
        key = (name, agreed.text)
        known = self._ids.get(key)
        if known is None:
            known = self._lookup(name, agreed.text)
            self._ids[key] = known
        return known

    def register(self, topic: str, record_name: str) -> int:
        """Make a committed schema known on a topic and return its id; nothing happens when it is there already.

        The subject is set to FULL_TRANSITIVE first, so that the registry itself refuses what is incompatible.
        Raises `ContractError` with the registry's reason, `UnavailableError` when it is away.
        """
        agreed = contract(record_name)
        name = subject(topic, agreed.full_name)
        try:
            self._require_compatibility(name)
            found = self._call("register", lambda: self._client.register_schema(name, Schema(agreed.text, "AVRO")))
        except SchemaRegistryError as error:
            raise self._explain(f"subject {name}", error) from error
        self._ids[(name, agreed.text)] = found
        return found

    def incompatibility(self, topic: str, record_name: str) -> str | None:
        """Why the registry would refuse the committed schema on a topic; None when it would not.

        A subject it has never heard of is compatible with anything.
        """
        agreed = contract(record_name)
        name = subject(topic, agreed.full_name)
        schema = Schema(agreed.text, "AVRO")
        try:
            fits = self._call("check", lambda: self._client.test_compatibility_all_versions(name, schema))
        except SchemaRegistryError as error:
            if error.error_code in (_NOT_FOUND["subject"], _NOT_FOUND["version"]):
                return None
            if error.http_status_code in (_INCOMPATIBLE, _UNPROCESSABLE):
                return str(error.error_message)
            raise self._explain(f"subject {name}", error) from error
        return None if fits else f"{name} has a version this schema is not {COMPATIBILITY} with"

    def subjects(self) -> list[str]:
        """The subjects the registry holds. Raises `UnavailableError` when it is away."""
        try:
            return sorted(self._call("list", self._client.get_subjects))
        except SchemaRegistryError as error:
            raise self._explain("the list of subjects", error) from error

    def _lookup(self, name: str, text: str) -> int:
        try:
            found = self._call("look up", lambda: self._client.lookup_schema(name, Schema(text, "AVRO")))
        except SchemaRegistryError as error:
            if error.error_code in (_NOT_FOUND["subject"], _NOT_FOUND["schema"]):
                message = f"The registry at {self.url} does not know this version of {name}."
                raise ContractError(message, remediation="Run `ordertruth schemas register`.") from None
            raise self._explain(f"subject {name}", error) from error
        if found.schema_id is None:
            message = f"The registry at {self.url} gave no id for {name}."
            raise ContractError(message, remediation="Check that it is a Confluent-compatible registry.")
        return found.schema_id

    def _require_compatibility(self, name: str) -> None:
        try:
            level = self._call("read compatibility", lambda: self._client.get_config(name)).compatibility_level
        except SchemaRegistryError as error:
            if error.http_status_code != 404:  # no level of its own yet
                raise
            level = None
        if level != COMPATIBILITY:
            self._call("set compatibility", lambda: self._client.set_compatibility(name, COMPATIBILITY))

    def _parse(self, schema_id: int, text: str) -> WriterSchema:
        try:
            return writer_schema(text)
        except ContractError as error:
            message = f"Schema id {schema_id}: {error.message}"
            raise RecordError("UNDECODABLE", message, stage="decode", remediation=error.remediation) from error

    def _remember_unknown(self, schema_id: int) -> None:
        # Damaged bytes hold ids nobody ever gave; a flood of them must not become a flood of requests.
        if len(self._unknown) >= UNKNOWN_IDS_MAX:
            self._unknown.clear()
        self._unknown[schema_id] = time.monotonic() + UNKNOWN_ID_TTL_S

    def _unknown_id(self, schema_id: int) -> RecordError:
        message = f"The registry at {self.url} knows no schema with id {schema_id}."
        remediation = "Find the producer, register its schema, then replay the dead letter."
        return RecordError("UNKNOWN_SCHEMA_ID", message, stage="decode", remediation=remediation)

    def _call(self, action: str, request: Callable[[], T]) -> T:
        """Carry a request out, again after a pause while the registry is away."""

        def told(state: Any) -> None:
            log.warning("registry_retry", action=action, url=self.url, attempt=state.attempt_number)

        retrying = Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=wait_exponential_jitter(multiplier=0.1, max=2.0, jitter=0.1),
            retry=retry_if_exception(_is_outage),
            before_sleep=told,
            reraise=True,
        )
        try:
            return retrying(request)
        except Exception as error:
            if isinstance(error, SchemaRegistryError) and not _is_outage(error):
                raise
            if _is_outage(error) or isinstance(error, (ValueError, KeyError, TypeError, AttributeError)):
                # The second kind is an answer that is no registry's: another service listens there.
                raise self._away(action, error) from error
            raise

    def _away(self, action: str, error: Exception) -> UnavailableError:
        why = str(error) or type(error).__name__
        message = f"The schema registry at {self.url} did not {action} after {self._attempts} attempts: {why}."
        remediation = "Start it (`ordertruth up`), or point SCHEMA_REGISTRY_URL at one that runs. Nothing was lost."
        return UnavailableError(message, remediation=remediation)

    def _explain(self, thing: str, error: SchemaRegistryError) -> ContractError | ConfigurationError | UnavailableError:
        if error.http_status_code in _DENIED:
            message = f"The schema registry at {self.url} denies access to {thing}."
            return ConfigurationError(message, remediation="Check the user and password in SCHEMA_REGISTRY_URL.")
        if error.http_status_code in (_INCOMPATIBLE, _UNPROCESSABLE):
            message = f"The schema registry at {self.url} refuses {thing}: {error.error_message}."
            return ContractError(message, remediation="Make it compatible; `ordertruth schemas check` says how.")
        message = f"The schema registry at {self.url} answered strangely for {thing}: {error}."
        return UnavailableError(message, remediation="Check that SCHEMA_REGISTRY_URL is that of a registry.")


def _is_outage(error: BaseException) -> bool:
    if isinstance(error, SchemaRegistryError):
        return error.http_status_code >= _SERVER_ERRORS or error.http_status_code == _TOO_MANY
    return isinstance(error, (httpx.TransportError, OSError))
