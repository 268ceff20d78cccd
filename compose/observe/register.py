"""Workers that run, or should: one small file for each in the state folder."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from compose.stack.folder import read_json, write_json
from compose.stack.record import ProcessId
from domain.errors import IntegrityError

FOLDER = "workers"
LOOPBACK = "127.0.0.1"
"""Where workers answer, and nowhere else."""


@dataclass(frozen=True)
class WorkerRecord:
    """One worker: `port` is where it answers, `started` in seconds since 1970.

    `restarts` counts how often it came back after an end without a farewell. A worker that ends in good order takes
    its record along, so a record without a process means one that died and was not started again.
    """

    apps: tuple[str, ...]
    instance: str
    process: ProcessId
    port: int
    started: float
    restarts: int = 0

    @property
    def name(self) -> str:
        """What tells it apart."""
        return f"{'+'.join(self.apps)}-{self.instance}"

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self.process.process() is not None

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The record in a file; None when it is gone or no such thing."""
        try:
            value = read_json(path)
            return cls(
                tuple(value["apps"]),
                value["instance"],
                ProcessId(**value["process"]),
                value["port"],
                value["started"],
                value["restarts"],
            )
        except (IntegrityError, KeyError, TypeError):
            return None


def enrol(state_path: Path, apps: Sequence[str], instance: str, port: int) -> WorkerRecord:
    """Write down that this process is such a worker, and how often it was started again."""
    me = ProcessId.of(os.getpid())
    assert me is not None
    record = WorkerRecord(tuple(apps), instance, me, port, time.time())
    path = _file(state_path, record)
    path.parent.mkdir(parents=True, exist_ok=True)
    before = WorkerRecord.read(path)
    if before is not None and not before.is_alive:
        record = replace(record, restarts=before.restarts + 1)
    write_json(path, asdict(record))
    return record


def leave(state_path: Path, record: WorkerRecord) -> None:
    """Take the record away, unless a successor has written its own."""
    path = _file(state_path, record)
    if WorkerRecord.read(path) == record:
        path.unlink(missing_ok=True)


def enrolled(state_path: Path) -> list[WorkerRecord]:
    """Every worker on record, by name."""
    found = (WorkerRecord.read(path) for path in sorted((state_path / FOLDER).glob("*.json")))
    return [record for record in found if record is not None]


def forget_the_dead(state_path: Path) -> None:
    """Take away the records of workers whose process has ended."""
    for record in enrolled(state_path):
        if not record.is_alive:
            leave(state_path, record)


def log_of(state_path: Path, record: WorkerRecord) -> Path:
    """Where a supervised worker's log is."""
    return state_path / "logs" / f"worker-{'-'.join(record.apps)}-{record.instance}.log"


def _file(state_path: Path, record: WorkerRecord) -> Path:
    return state_path / FOLDER / f"{record.name}.json"
