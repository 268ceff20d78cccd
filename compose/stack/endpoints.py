"""Where the parts of a running platform are reached."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from domain.errors import IntegrityError

_PASSWORD = re.compile(r"(?<=://)([^:/@]*):[^@]*@")


@dataclass(frozen=True)
class Endpoints:
    """Addresses of the four parts, embedded or not.

    `kafka_bootstrap` is `host:port[,host:port]`; the others are URLs and may hold passwords, so they are left out of
    the representation and `masked` is what to show. `versions` maps `kafka`, `registry`, `postgres` and `clickhouse`
    to what each part said it is.
    """

    kafka_bootstrap: str
    registry_url: str
    database_url: str = field(repr=False)
    clickhouse_dsn: str = field(repr=False)
    versions: dict[str, str] = field(default_factory=dict)
    kafka_security: dict[str, str] = field(default_factory=dict, repr=False)
    embedded: frozenset[str] = frozenset()

    def kafka_config(self) -> dict[str, str]:
        """The librdkafka settings every client of the broker starts from, security included."""
        return {"bootstrap.servers": self.kafka_bootstrap, **self.kafka_security}

    def to_json(self) -> dict[str, Any]:
        """As kept in the stack's own file; holds passwords, so the file must be private."""
        return {**asdict(self), "embedded": sorted(self.embedded)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The inverse of `to_json`. Raises IntegrityError when something is missing."""
        try:
            return cls(**{**value, "embedded": frozenset(value["embedded"])})
        except (TypeError, KeyError) as error:
            msg = f"The recorded endpoints are incomplete: {error}."
            raise IntegrityError(msg, remediation="Run `ordertruth down`, then `ordertruth up`.") from None


def masked(url: str) -> str:
    """The URL with its password replaced, fit for a screen or a log."""
    return _PASSWORD.sub(r"\1:***@", url)
