"""State of one partition in RocksDB, for states larger than memory."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
import structlog
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch, WriteOptions

from domain.errors import UnavailableError
from streams.engine.store import RESERVED, Mark, require_free

log = structlog.get_logger(__name__)

FORMAT = 2
MARK_KEY = RESERVED + b"mark"
CACHE_BYTES = 64 << 20
"""Blocks read from disk, for all partitions of a process together; memory tables come on top, for each partition."""
MEMTABLE_BYTES = 16 << 20
LOADED_BYTES_MAX = 8 << 20
"""How much is gathered while restoring before it is written: only the newest of a key's values in it is written."""
_FILTER_BITS = 10
"""About one look-up in a hundred for a key that is not there goes to disk."""

_cache = Cache(CACHE_BYTES)


def _options() -> Options:
    blocks = BlockBasedOptions()
    blocks.set_block_cache(_cache)
    blocks.set_bloom_filter(_FILTER_BITS, block_based=False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(blocks)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size(MEMTABLE_BYTES)
    # compaction waits for more files than by default: a restore writes each key several times, and rewrites it less
    options.set_level_zero_file_num_compaction_trigger(8)
    options.set_max_bytes_for_level_base(512 << 20)
    options.set_keep_log_file_num(2)
    return options


class RocksStore:
    """A store in one RocksDB database, whose folder nobody else uses.

    What is not committed stays in memory. `committed` writes it in one atomic batch together with the mark, and only
    after Kafka's commit, so that the database is never ahead of the changelog: a process killed in between finds the
    mark where it was, and the rest in the changelog. A database that cannot be read is thrown away, not mended.
    """

    durable = True

    def __init__(self, folder: Path) -> None:
        """Open the database, or make it. Raises `UnavailableError` when another process has it open."""
        self._folder = folder
        self._batch: dict[bytes, bytes | None] = {}
        self._transaction: dict[bytes, bytes | None] = {}
        self._loading: dict[bytes, bytes | None] = {}
        self._loading_bytes = 0
        self.mark: Mark | None = None
        self._unlogged = WriteOptions()
        self._unlogged.disable_wal = True  # type: ignore[method-assign, assignment]  # a property, whatever its stub says
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder.with_suffix(".lock"))
        try:
            self._db = Rdict(str(folder), _options())
        except Exception as error:  # the library has one class for everything
            self._throw_away(str(error))
            self._open_empty()
        try:
            self.mark = _mark_of(self._db.get(MARK_KEY))
        except Exception as error:
            self._throw_away(str(error))
            self.clear()

    def __len__(self) -> int:
        """How many keys there are, by the database's own estimate."""
        return int(self._db.property_int_value("rocksdb.estimate-num-keys") or 0)

    def get(self, key: bytes) -> bytes | None:
        """The value, or None. Raises `UnavailableError` when the database is damaged."""
        if key in self._batch:
            return self._batch[key]
        if key in self._transaction:
            return self._transaction[key]
        try:
            value: bytes | None = self._db.get(key)
        except Exception as error:
            raise self._damaged(error) from error
        return value

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set the value; None removes it. Raises `RecordError` for a key the engine keeps for itself."""
        require_free(key)
        self._batch[key] = value

    def put_own(self, key: bytes, value: bytes | None) -> None:
        """Set a value of the engine's own; None removes it."""
        self._batch[key] = value

    def starting_with(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The keys with this prefix and their values: those on disk that are as they were, then the changed ones."""
        changed = {**self._transaction, **self._batch}
        for key, value in self._stored(prefix):
            if key not in changed:
                yield key, value
        for key, new in changed.items():
            if new is not None and key.startswith(prefix):
                yield key, new

    def _stored(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        try:
            for key, value in self._db.items(from_key=prefix):
                if not key.startswith(prefix):  # type: ignore[union-attr, arg-type]  # raw mode: bytes in and out
                    return
                if key != MARK_KEY:
                    yield key, value  # type: ignore[misc]
        except Exception as error:
            raise self._damaged(error) from error

    def release(self) -> None:
        """Keep the batch's changes, as part of the transaction."""
        self._transaction.update(self._batch)
        self._batch.clear()

    def undo_batch(self) -> None:
        """Forget the batch's changes."""
        self._batch.clear()

    def undo_transaction(self) -> None:
        """Forget everything since the last commit."""
        self._batch.clear()
        self._transaction.clear()

    def changes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Each key changed since the last commit with its value now, None where it was removed; between batches."""
        return iter(self._transaction.items())

    def committed(self, mark: Mark | None = None) -> None:
        """Write the transaction and its mark at once. Raises `UnavailableError` when that fails."""
        mark = mark or self.mark
        if self._transaction or mark != self.mark:
            self._write(self._transaction, mark)
        self._transaction.clear()
        self.mark = mark

    def load_many(self, values: Mapping[bytes, bytes | None]) -> None:
        """Set values read from the changelog; they are on disk with the next `loaded`."""
        self._loading.update(values)
        self._loading_bytes += sum([len(value) for value in values.values() if value is not None])
        if self._loading_bytes > LOADED_BYTES_MAX:
            self._write_loaded()

    def loaded(self, mark: Mark) -> None:
        """Bring what was loaded to disk, and then the mark: a process killed before that reads it again."""
        self._write_loaded()
        if mark != self.mark:
            self._flush()
            self._write({}, mark)
            self.mark = mark

    def clear(self) -> None:
        """Throw the database away and begin an empty one."""
        self._db.close()
        self._move_aside()
        self._open_empty()

    def close(self) -> None:
        """Close the database; what is not committed is gone."""
        try:
            self._db.close()
        except Exception as error:  # what matters is on disk already, or will be read again
            log.warning("store not closed", folder=str(self._folder), reason=str(error))
        os.close(self._lock)

    def _open_empty(self) -> None:
        self.mark = None
        for part in (self._batch, self._transaction, self._loading):
            part.clear()
        try:
            self._db = Rdict(str(self._folder), _options())
        except Exception as error:
            message = f"No database can be made in {self._folder}: {error}."
            raise UnavailableError(message, remediation="Look at the disk's space and the folder's owner.") from error

    def _write_loaded(self) -> None:
        # not to the write-ahead log, which would double the work: the mark moves only after a flush
        self._write(self._loading, None, self._unlogged)
        self._loading.clear()
        self._loading_bytes = 0

    def _write(
        self, values: Mapping[bytes, bytes | None], mark: Mark | None, options: WriteOptions | None = None
    ) -> None:
        batch = WriteBatch(raw_mode=True)
        for key, value in values.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        if mark is not None:
            batch.put(MARK_KEY, _mark_record(mark))
        try:
            self._db.write(batch, options)
        except Exception as error:
            raise self._unwritable(error) from error

    def _flush(self) -> None:
        try:
            self._db.flush(wait=True)
        except Exception as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: Exception) -> UnavailableError:
        message = f"The database {self._folder} cannot be written: {error}."
        return UnavailableError(message, remediation="See to the disk; the worker goes on from the changelog.")

    def _damaged(self, error: Exception) -> UnavailableError:
        """Out of the way with it, so that the worker that is started next restores instead of failing again."""
        self._throw_away(str(error))
        message = f"The database {self._folder} cannot be read: {error}."
        return UnavailableError(message, remediation="It was thrown away; the next start restores from the changelog.")

    def _throw_away(self, reason: str) -> None:
        log.warning("store thrown away", folder=str(self._folder), reason=reason)
        self._move_aside()

    def _move_aside(self) -> None:
        """Rename before removing: half a database must never be found in its place."""
        aside = self._folder.with_suffix(".gone")
        shutil.rmtree(aside, ignore_errors=True)
        if self._folder.exists():
            self._folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def _locked(path: Path) -> int:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        message = f"The store at {path.with_suffix('')} is open in another process."
        raise UnavailableError(
            message, remediation="Stop the other worker of this instance, or name another."
        ) from error
    return lock


def _mark_record(mark: Mark) -> bytes:
    position = mark.position.decode()
    return orjson.dumps(
        [FORMAT, mark.topic_id, mark.partition, mark.offset, position, mark.seconds, mark.position_offset]
    )


def _mark_of(record: bytes | None) -> Mark | None:
    """The mark of an opened database; raises `ValueError` when it is of another format."""
    if record is None:
        return None
    version, *rest = orjson.loads(record)
    if version != FORMAT:
        message = f"its format is {version!r}, not {FORMAT}"
        raise ValueError(message)
    topic_id, partition, offset, position, seconds, position_offset = rest
    return Mark(topic_id, partition, offset, position.encode(), seconds, position_offset)
