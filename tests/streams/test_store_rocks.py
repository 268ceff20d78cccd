"""The store on disk and its folder: killed, damaged, taken twice, of another format."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import orjson
import pytest

from domain.errors import ConfigurationError, UnavailableError
from streams.engine.opening import StoreKind, opener
from streams.engine.rocks import LOADED_BYTES_MAX, MARK_KEY, RocksStore
from streams.engine.store import Mark

if TYPE_CHECKING:
    from pathlib import Path

MARK = Mark("topic", 3, 7, b'{"offsets":{},"counts":{}}', 1.5, 6)


def value(number: int) -> bytes:
    """Random, so that a thousand of them fill many blocks of a table whatever compresses them."""
    return Random(number).randbytes(100)


def filled(folder: Path) -> RocksStore:
    store = RocksStore(folder)
    for number in range(1000):
        store.put(b"k%d" % number, value(number))
    store.release()
    store.committed(MARK)
    return store


def test_only_what_was_committed_is_found_again_with_its_mark(tmp_path: Path) -> None:
    store = filled(tmp_path / "0")
    store.put(b"k1", b"batch")
    store.release()
    store.put(b"k2", b"transaction")
    store.close()

    again = RocksStore(tmp_path / "0")
    assert again.mark == MARK
    assert (again.get(b"k1"), again.get(b"k2")) == (value(1), value(2))
    again.close()


def test_what_a_restore_wrote_counts_only_with_its_mark(tmp_path: Path) -> None:
    store = RocksStore(tmp_path / "0")
    store.load_many({b"big": b"x" * (LOADED_BYTES_MAX + 1)})
    store.close()
    again = RocksStore(tmp_path / "0")
    assert again.mark is None, "the next restore begins with an empty store"
    again.clear()
    assert again.get(b"big") is None
    again.close()


def test_a_folder_in_use_is_refused_and_not_touched(tmp_path: Path) -> None:
    store = filled(tmp_path / "0")
    with pytest.raises(UnavailableError, match="open in another process"):
        RocksStore(tmp_path / "0")
    assert store.get(b"k1") == value(1)
    store.close()


def test_damage_found_while_reading_stops_the_worker_and_the_next_start_finds_nothing(tmp_path: Path) -> None:
    """What cannot be read is nobody's bad record: it must not end among the dead letters."""
    filled(tmp_path / "0").close()
    RocksStore(tmp_path / "0").close()
    for table in (tmp_path / "0").glob("*.sst"):
        content = bytearray(table.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 100] = bytes(100)
        table.write_bytes(content)

    damaged = RocksStore(tmp_path / "0")
    with pytest.raises(UnavailableError, match="cannot be read"):
        _ = [damaged.get(b"k%d" % number) for number in range(1000)]
    damaged.close()
    again = RocksStore(tmp_path / "0")
    assert again.mark is None
    assert list(again.starting_with(b"")) == []
    again.close()


def test_a_mark_of_another_format_makes_the_store_worthless(tmp_path: Path) -> None:
    store = filled(tmp_path / "0")
    store._db[MARK_KEY] = orjson.dumps([99])
    store.close()
    again = RocksStore(tmp_path / "0")
    assert again.mark is None
    assert again.get(b"k1") is None
    again.close()


def test_half_a_database_left_by_a_removal_is_not_found_in_its_place(tmp_path: Path) -> None:
    filled(tmp_path / "0").close()
    (tmp_path / "0").rename(tmp_path / "0.gone")
    store = filled(tmp_path / "0")
    store.clear()
    assert store.mark is None
    assert not (tmp_path / "0.gone").exists()
    store.close()


def test_a_store_on_disk_needs_a_folder() -> None:
    with pytest.raises(ConfigurationError):
        opener(StoreKind.ROCKSDB, None)
