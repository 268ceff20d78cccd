"""A worker that is killed between Kafka's commit and its store's; run as a program of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from streams.engine.opening import StoreKind
from streams.engine.rocks import RocksStore
from tests.streams.engines import Event, Place


def die(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def main() -> None:
    """Read and commit each part of the events in turn; the store does not live to see the last commit."""
    kafka, tag, folder, parts = json.loads(sys.argv[1])
    worker = Place(kafka, tag, Path(folder), StoreKind.ROCKSDB).worker()
    worker.assign()
    for part in parts[:-1]:
        worker.read(*_events(part))
        worker.commit()
    worker.read(*_events(parts[-1]))
    setattr(RocksStore, "committed", die)  # noqa: B010 - replaced on purpose
    worker.commit()


def _events(part: list[tuple[int, str | None]]) -> list[Event]:
    return [(number, None if value is None else value.encode()) for number, value in part]


if __name__ == "__main__":
    main()
