"""Bringing the schema `aggregates` of a database up to date."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Any

import structlog
from psycopg import Connection, sql

from domain.errors import IntegrityError

LOCK_KEY = 0x0DE7_0001
"""Advisory lock that lets one process migrate at a time."""

_BOOKKEEPING = """
CREATE SCHEMA IF NOT EXISTS aggregates;
CREATE TABLE IF NOT EXISTS aggregates.migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step; `checksum` is the SHA-256 of its text, so that an edited step shows."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the SQL as hex digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """The steps that come with this release, by number."""
    files = [f for f in resources.files("topics.store.migrations").iterdir() if f.name.endswith(".sql")]
    steps = [Migration(int(f.name.partition("_")[0]), f.name, f.read_text(encoding="utf-8")) for f in files]
    return tuple(sorted(steps, key=lambda step: step.number))


def migrate(connection: Connection[Any]) -> int:
    """Apply the steps a database lacks, all of them or none; how many there were.

    1. take the advisory lock, held until the transaction ends: a second process waits, then finds nothing to do;
    2. compare what was applied with what this release brings;
    3. run the missing steps and note each in `aggregates.migrations`.

    Raises `IntegrityError` when an applied step was edited since, or the database is of a later release.
    """
    steps = migrations()
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK_KEY,))
        connection.execute(_BOOKKEEPING)
        rows = connection.execute("SELECT number, name, checksum FROM aggregates.migrations ORDER BY number").fetchall()
        applied = {int(number): (name, checksum) for number, name, checksum in rows}
        _compare(applied, steps)
        missing = [step for step in steps if step.number not in applied]
        for step in missing:
            # The text is a file of this release, not input.
            connection.execute(sql.SQL(step.text))
            connection.execute(
                "INSERT INTO aggregates.migrations (number, name, checksum) VALUES (%s, %s, %s)",
                (step.number, step.name, step.checksum),
            )
            log.info("migration_applied", schema="aggregates", number=step.number, name=step.name)
    return len(missing)


def _compare(applied: dict[int, tuple[str, str]], steps: tuple[Migration, ...]) -> None:
    known = {step.number: step for step in steps}
    for number, (name, checksum) in applied.items():
        step = known.get(number)
        if step is None:
            message = f"The database has migration {name}, which this release does not know."
            raise IntegrityError(message, remediation="Run the release that made it, or a later one.")
        if step.checksum != checksum:
            message = f"Migration {name} was changed after it was applied to this database."
            raise IntegrityError(message, remediation="Restore the file, and put the change into a new migration.")
