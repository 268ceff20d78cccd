"""State of one partition in memory, with what is needed to undo a batch or a transaction."""

from __future__ import annotations

from collections.abc import Iterator

from domain.errors import RecordError

RESERVED = b"\0"
"""Keys that begin so are the engine's own records in the changelog."""


def require_free(key: bytes) -> None:
    """Raise `RecordError` for a key the engine keeps for itself."""
    if key.startswith(RESERVED):
        message = f"The key {key[:40]!r} begins with a zero byte."
        raise RecordError("RESERVED_KEY", message, stage="apply", remediation="Give the aggregate another id.")


class MemoryStore:
    """Keyed bytes with two levels of undo.

    A savepoint covers one batch, the transaction all batches since the last commit. Both keep the value each key had
    before its first change, so undoing costs no more than was changed, and the keys of the transaction's
    pre-images are exactly what the changelog has to be told.
    """

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._before_batch: dict[bytes, bytes | None] = {}
        self._before_transaction: dict[bytes, bytes | None] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        return self._values.get(key)

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set the value; None removes it. Raises `RecordError` for a key the engine keeps for itself."""
        require_free(key)
        self.put_own(key, value)

    def put_own(self, key: bytes, value: bytes | None) -> None:
        """Set a value of the engine's own; None removes it."""
        self._before_batch.setdefault(key, self._values.get(key))
        self._set(key, value)

    def starting_with(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The keys with this prefix and their values, in no order; goes through all of them."""
        return ((key, value) for key, value in self._values.items() if key.startswith(prefix))

    def load(self, key: bytes, value: bytes | None) -> None:
        """Set a value while restoring: nothing to undo, nothing to tell the changelog."""
        self._set(key, value)

    def release(self) -> None:
        """Keep the batch's changes, as part of the transaction."""
        for key, value in self._before_batch.items():
            self._before_transaction.setdefault(key, value)
        self._before_batch.clear()

    def undo_batch(self) -> None:
        """Forget the batch's changes."""
        self._restore(self._before_batch)

    def undo_transaction(self) -> None:
        """Forget everything since the last commit."""
        self._restore(self._before_batch)
        self._restore(self._before_transaction)

    def changes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Each key changed since the last commit with its value now; None where it was removed."""
        for key in self._before_transaction:
            yield key, self._values.get(key)

    def committed(self) -> None:
        """Keep the transaction's changes for good."""
        self._before_transaction.clear()

    def _set(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value

    def _restore(self, before: dict[bytes, bytes | None]) -> None:
        for key, value in before.items():
            self._set(key, value)
        before.clear()
