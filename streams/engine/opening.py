"""Which kind of store an application works with."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from domain.errors import ConfigurationError
from streams.engine.store import MemoryStore, Store


class StoreKind(StrEnum):
    """Where state is kept; the changelog holds it in either case."""

    MEMORY = "memory"
    """In the process: fastest, restored in full when a process starts."""
    ROCKSDB = "rocksdb"
    """In RocksDB on disk: for states larger than memory; only what came since is restored when a process starts."""


def opener(kind: StoreKind, folder: Path | None) -> Callable[[int], Store]:
    """What opens the store of a partition; `folder` holds one database for each.

    Raises `ConfigurationError` when a store on disk has no folder.
    """
    if kind is StoreKind.MEMORY:
        return lambda _: MemoryStore()
    if folder is None:
        raise ConfigurationError("Stores on disk need a folder.", remediation="Give the application's data folder.")
    return _on_disk(folder)


def _on_disk(folder: Path) -> Callable[[int], Store]:
    from streams.engine.rocks import RocksStore  # its library is loaded only by those who use it

    return lambda number: RocksStore(folder / f"partition-{number}")
