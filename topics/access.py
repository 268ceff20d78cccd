"""Users and grants of a broker that is the platform's own, brought to what the catalogue says."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the library re-exports without saying so
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from domain.errors import UnavailableError
from topics.admin import admin_client
from topics.contracts.acls import Grant, Operation, Resource

REQUEST_TIMEOUT_S = 20.0
PAUSE_S = 0.05
SCRAM_ITERATIONS = 4096
"""The least the protocol allows; the passwords are random and long, so that guessing is hopeless anyway."""

_RESOURCES = {
    Resource.TOPIC: ResourceType.TOPIC,
    Resource.GROUP: ResourceType.GROUP,
    Resource.TRANSACTIONAL_ID: ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS = {
    Operation.READ: AclOperation.READ,
    Operation.WRITE: AclOperation.WRITE,
    Operation.DESCRIBE: AclOperation.DESCRIBE,
}
_ANY: Any = None  # the library's stubs know names only
_ANYTHING = AclBindingFilter(
    ResourceType.ANY, _ANY, ResourcePatternType.ANY, _ANY, _ANY, AclOperation.ANY, AclPermissionType.ANY
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """How many grants were given and how many taken back."""

    given: int
    taken: int


def make_users(config: Mapping[str, str], passwords: Mapping[str, str]) -> None:
    """See that these users exist with these passwords; `config` is the administrator's.

    Raises `UnavailableError` when the broker does not answer or refuses.
    """
    made = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, SCRAM_ITERATIONS)
    wanted: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(name, made, password.encode()) for name, password in passwords.items()
    ]
    answers = admin_client(config).alter_user_scram_credentials(wanted, request_timeout=REQUEST_TIMEOUT_S)
    _require(answers, "keep its users")


def bring_about(config: Mapping[str, str], grants: Iterable[Grant]) -> Change:
    """Give what is granted and missing, take back what nobody granted; harmless to repeat.

    Only for a broker nobody else uses: the grants of others would be taken back, too. `config` is the
    administrator's. Raises `UnavailableError` when the broker does not answer or refuses.
    """
    admin = admin_client(config)
    wanted = {_binding(grant) for grant in grants}
    found = _listed(admin)
    missing, strange = wanted - found, found - wanted
    if missing:
        _require(admin.create_acls(list(missing), request_timeout=REQUEST_TIMEOUT_S), "grant")
    if strange:
        exactly = [_filter(binding) for binding in strange]
        _require(admin.delete_acls(exactly, request_timeout=REQUEST_TIMEOUT_S), "take back grants")
    if missing or strange:
        _await(admin, wanted)
        log.info("grants_changed", given=len(missing), taken=len(strange))
    return Change(len(missing), len(strange))


def _listed(admin: AdminClient) -> set[AclBinding]:
    described = admin.describe_acls(_ANYTHING, request_timeout=REQUEST_TIMEOUT_S)
    return set(_require({_ANYTHING: described}, "list its grants")[0])


def _await(admin: AdminClient, wanted: set[AclBinding]) -> None:
    """Wait until the broker's authoriser knows: the controller answers before it does, and refuses meanwhile."""
    deadline = time.monotonic() + REQUEST_TIMEOUT_S
    while _listed(admin) != wanted:
        if time.monotonic() > deadline:
            message = "Kafka has taken the grants and does not go by them."
            raise UnavailableError(message, remediation="Look into the broker's log, and start it again.")
        time.sleep(PAUSE_S)


def _binding(grant: Grant) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if grant.prefixed else ResourcePatternType.LITERAL
    return AclBinding(
        _RESOURCES[grant.resource],
        grant.name,
        pattern,
        f"User:{grant.principal}",
        "*",
        _OPERATIONS[grant.operation],
        AclPermissionType.ALLOW,
    )


def _filter(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _require(answers: Mapping[Any, Future[Any]], action: str) -> list[Any]:
    try:
        return [answer.result(REQUEST_TIMEOUT_S + 5) for answer in answers.values()]
    except (KafkaException, TimeoutError) as error:
        cause = error.args[0].str() if isinstance(error, KafkaException) else "no answer in time"
        message = f"Kafka did not {action}: {cause}."
        raise UnavailableError(message, remediation="See the broker's log, and run `ordertruth up` again.") from error
