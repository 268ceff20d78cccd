"""Where the parts of a running platform are reached."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from pydantic import SecretStr

from domain.errors import IntegrityError
from topics.principals import PLATFORM

ADMIN = "admin"
"""The user of a secure embedded broker that may do everything: topics, users and grants are its work alone."""
MECHANISM = "SCRAM-SHA-256"
BROKER_OBSERVER = "broker-observer"
"""The application that records what a broker refuses."""
_PASSWORD = re.compile(r"(?<=://)([^:/@]*):[^@]*@")


@dataclass(frozen=True)
class Endpoints:
    """Addresses of the four parts, embedded or not.

    `kafka_bootstrap` is `host:port[,host:port]`; the others are URLs and may hold passwords, so they are left out of
    the representation and `masked` is what to show. `versions` maps `kafka`, `registry`, `postgres` and `clickhouse`
    to what each part said it is. `kafka_users` holds the passwords of a secure embedded broker's users by name, and
    `denials` is the file in which a broker's authoriser notes what it refuses, empty when none is known.
    """

    kafka_bootstrap: str
    registry_url: str
    database_url: str = field(repr=False)
    clickhouse_dsn: str = field(repr=False)
    versions: dict[str, str] = field(default_factory=dict)
    kafka_security: dict[str, str] = field(default_factory=dict, repr=False)
    kafka_users: dict[str, SecretStr] = field(default_factory=dict, repr=False)
    denials: str = ""
    embedded: frozenset[str] = frozenset()

    @property
    def is_secure(self) -> bool:
        """Whether the embedded broker knows the owners apart, and lets each write its own topics only."""
        return bool(self.kafka_users)

    def kafka_config(self, principal: str = PLATFORM) -> dict[str, str]:
        """The librdkafka settings a client starts from, with what proves that it is `principal`.

        A broker that does not know the owners apart has one user, or none: the settings are then the same for all.
        """
        config = {"bootstrap.servers": self.kafka_bootstrap, **self.kafka_security}
        if self.is_secure:
            config |= scram_config(principal, self.kafka_users[principal])
        return config

    def identities(self) -> dict[str, dict[str, str]]:
        """What each owner's producer adds to the settings; nothing when the broker does not know them apart."""
        return {name: scram_config(name, password) for name, password in self.kafka_users.items() if name != ADMIN}

    def to_json(self) -> dict[str, Any]:
        """As kept in the stack's own file; holds passwords, so the file must be private."""
        users = {name: password.get_secret_value() for name, password in self.kafka_users.items()}
        return {**asdict(self), "kafka_users": users, "embedded": sorted(self.embedded)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The inverse of `to_json`. Raises IntegrityError when something is missing."""
        try:
            users = {name: SecretStr(password) for name, password in value["kafka_users"].items()}
            return cls(**{**value, "kafka_users": users, "embedded": frozenset(value["embedded"])})
        except (TypeError, KeyError, AttributeError) as error:
            msg = f"The recorded endpoints are incomplete: {error}."
            raise IntegrityError(msg, remediation="Run `ordertruth down`, then `ordertruth up`.") from None


def scram_config(user: str, password: SecretStr) -> dict[str, str]:
    """The librdkafka settings by which a client of a secure embedded broker says who it is."""
    return {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": MECHANISM,
        "sasl.username": user,
        "sasl.password": password.get_secret_value(),
    }


def masked(url: str) -> str:
    """The URL with its password replaced, fit for a screen or a log."""
    return _PASSWORD.sub(r"\1:***@", url)
