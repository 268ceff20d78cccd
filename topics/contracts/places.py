"""Where the platform is, as the documents name it, and where files lie beside them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Places:
    """The servers of one installation, each `host:port`; the registry is a URL.

    The defaults are those of a machine of one's own, so that what is committed does not depend on who exported it.
    `database` is the one in PostgreSQL, `partitions` the number every keyed topic has.
    """

    kafka: str = "localhost:9092"
    registry: str = "http://localhost:8081/apis/ccompat/v7"
    postgres: str = "localhost:5432"
    clickhouse: str = "localhost:8123"
    database: str = "ordertruth"
    partitions: int = 12


@dataclass(frozen=True, slots=True)
class Beside:
    """Folders of the schemas and the examples, relative to the folder of the documents."""

    schemas: str = "schemas"
    examples: str = "examples"

    def schema(self, owner: str, record: str) -> str:
        """The `.avsc` of a record."""
        return f"{self.schemas}/{owner}/{record}.avsc"

    def example(self, owner: str, record: str) -> str:
        """The example of a record."""
        return f"{self.examples}/{owner}/{record}.json"
