"""The record of rebuilds: what was begun with which places, which parts are done, and when tables were exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from sinks.postgres.faults import translated
from sinks.postgres.shadow import BUILDING, make_schemas

_RUNS = sql.Identifier(BUILDING, "runs")
_PARTS = sql.Identifier(BUILDING, "parts")


@dataclass(frozen=True, slots=True)
class Run:
    """A rebuild: `plan` is what it works by, `switched_at` when its tables came into use, None while they have not."""

    run_id: str
    projection: str
    plan: Mapping[str, Any]
    actor: str
    reason: str
    began_at: datetime
    switched_at: datetime | None
    result: Mapping[str, Any] | None


def set_up(connection: Connection) -> None:
    """Make the tables that are missing; harmless to repeat."""
    with translated("keep a record of rebuilds"), connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (0x7265_6275_696C,))
        make_schemas(connection)
        connection.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (run_id text PRIMARY KEY, projection text NOT NULL, "
                "plan jsonb NOT NULL, actor text NOT NULL, reason text NOT NULL, "
                "began_at timestamptz NOT NULL DEFAULT now(), switched_at timestamptz, result jsonb)"
            ).format(_RUNS)
        )
        connection.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (run_id text REFERENCES {} ON DELETE CASCADE, part text, "
                "rows bigint NOT NULL, refused bigint NOT NULL, PRIMARY KEY (run_id, part))"
            ).format(_PARTS, _RUNS)
        )


def begin(
    connection: Connection, run_id: str, projection: str, plan: Mapping[str, Any], actor: str, reason: str
) -> None:
    """Note a new run; an unfinished one of the same projection is forgotten."""
    with translated("note the rebuild"), connection.transaction():
        connection.execute(
            sql.SQL("DELETE FROM {} WHERE projection = %s AND switched_at IS NULL").format(_RUNS), (projection,)
        )
        connection.execute(
            sql.SQL("INSERT INTO {} (run_id, projection, plan, actor, reason) VALUES (%s, %s, %s, %s, %s)").format(
                _RUNS
            ),
            (run_id, projection, Jsonb(plan), actor, reason),
        )


def unfinished(connection: Connection, projection: str) -> Run | None:
    """The run of a projection that has not come to its end."""
    runs = [run for run in history(connection) if run.projection == projection and run.switched_at is None]
    return runs[-1] if runs else None


def history(connection: Connection) -> list[Run]:
    """Every run, oldest first."""
    with translated("read the record of rebuilds"):
        rows = connection.execute(
            sql.SQL(
                "SELECT run_id, projection, plan, actor, reason, began_at, switched_at, result FROM {} "
                "ORDER BY began_at"
            ).format(_RUNS)
        ).fetchall()
    return [Run(*row) for row in rows]


class AlreadyDone(Exception):  # noqa: N818 - named for the state
    """A part was done before."""


def keep_part(connection: Connection, run_id: str, part: str, rows: int, refused: int) -> None:
    """Note that a part is done. Raises `AlreadyDone`, which must end its transaction."""
    inserted = connection.execute(
        sql.SQL("INSERT INTO {} (run_id, part, rows, refused) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING").format(
            _PARTS
        ),
        (run_id, part, rows, refused),
    )
    if inserted.rowcount == 0:
        raise AlreadyDone(part)


def parts_done(connection: Connection, run_id: str) -> dict[str, tuple[int, int]]:
    """Rows and refused records of each part that is done."""
    with translated("read the record of rebuilds"):
        rows = connection.execute(
            sql.SQL("SELECT part, rows, refused FROM {} WHERE run_id = %s").format(_PARTS), (run_id,)
        ).fetchall()
    return {part: (count, refused) for part, count, refused in rows}


def note_switch(connection: Connection, run_id: str, result: Mapping[str, Any]) -> None:
    """Note that the run's tables are in use from this transaction on."""
    connection.execute(
        sql.SQL("UPDATE {} SET switched_at = clock_timestamp(), result = %s WHERE run_id = %s").format(_RUNS),
        (Jsonb(result), run_id),
    )


def note_result(connection: Connection, run_id: str, result: Mapping[str, Any]) -> None:
    """Add what became known after the switch."""
    with translated("note the rebuild"):
        connection.execute(
            sql.SQL("UPDATE {} SET result = result || %s WHERE run_id = %s").format(_RUNS), (Jsonb(result), run_id)
        )
