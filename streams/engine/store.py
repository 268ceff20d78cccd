"""State of one partition: what every store does, and the one in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.errors import RecordError
from streams.engine.processor import State

RESERVED = b"\0"
"""Keys that begin so are the engine's own records in the changelog."""


def require_free(key: bytes) -> None:
    """Raise `RecordError` for a key the engine keeps for itself."""
    if key.startswith(RESERVED):
        message = f"The key {key[:40]!r} begins with a zero byte."
        raise RecordError("RESERVED_KEY", message, stage="apply", remediation="Give the aggregate another id.")


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to where a store holds the changelog.

    Everything committed below `offset` of this partition of the topic with this id is in the store; `position` is the
    newest position record among it, empty when there is none, and `position_offset` where that lies. `seconds` is when
    that was so (Unix time): the log must still hold every removal that is younger, or the rest cannot be read from
    there.
    """

    topic_id: str
    partition: int
    offset: int
    position: bytes
    seconds: float
    position_offset: int


class Store(State, Protocol):
    """Keyed bytes with two levels of undo, and a mark that says how much of the changelog they contain.

    A savepoint covers one batch, the transaction all batches since the last commit. Two things hold at any moment,
    a kill included: nothing of a transaction that is not committed outlives the process or an undo, and the store
    lacks nothing committed below its mark. It may hold what lies above: reading that again changes nothing.
    """

    @property
    def durable(self) -> bool:
        """Whether closing it keeps what is in it."""
        ...

    @property
    def mark(self) -> Mark | None:
        """Up to where the changelog is in it; None: unknown, it must be read from the beginning."""
        ...

    def __len__(self) -> int:
        """How many keys there are; an estimate where counting would take long."""
        ...

    def put_own(self, key: bytes, value: bytes | None) -> None:
        """Set a value of the engine's own; None removes it."""
        ...

    def starting_with(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The keys with this prefix and their values, in no order."""
        ...

    def release(self) -> None:
        """Keep the batch's changes, as part of the transaction."""
        ...

    def undo_batch(self) -> None:
        """Forget the batch's changes."""
        ...

    def undo_transaction(self) -> None:
        """Forget everything since the last commit."""
        ...

    def changes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Each key changed since the last commit with its value now, None where it was removed; between batches."""
        ...

    def committed(self, mark: Mark | None = None) -> None:
        """Keep the transaction's changes for good, after Kafka has committed them.

        Without a mark the old one stands, and more is read again after a restart.
        """
        ...

    def load_many(self, values: Mapping[bytes, bytes | None]) -> None:
        """Set values read from the changelog: nothing to undo, nothing to tell it."""
        ...

    def loaded(self, mark: Mark) -> None:
        """What was loaded reaches up to the mark."""
        ...

    def clear(self) -> None:
        """Throw everything away, the mark included."""
        ...

    def close(self) -> None:
        """Give up what it holds open; what is not committed is gone."""
        ...


class MemoryStore:
    """A store in a dict.

    Savepoint and transaction keep the value each key had before its first change, so undoing costs no more than was
    changed, and the keys of the transaction's pre-images are exactly what the changelog has to be told.
    """

    durable = False

    def __init__(self) -> None:
        self.mark: Mark | None = None
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
        """Set one value read from the changelog."""
        self._set(key, value)

    def load_many(self, values: Mapping[bytes, bytes | None]) -> None:
        """Set values read from the changelog."""
        removed = [key for key, value in values.items() if value is None]
        # one call for all of them, removals as None among them for a moment: this is most of the work of a restore
        self._values.update(values)  # type: ignore[arg-type]
        for key in removed:
            del self._values[key]

    def loaded(self, mark: Mark) -> None:
        """What was loaded reaches up to the mark."""
        self.mark = mark

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

    def committed(self, mark: Mark | None = None) -> None:
        """Keep the transaction's changes for good."""
        self._before_transaction.clear()
        self.mark = mark or self.mark

    def clear(self) -> None:
        """Throw everything away."""
        self.mark = None
        for part in (self._values, self._before_batch, self._before_transaction):
            part.clear()

    def close(self) -> None:
        """Leave everything to the garbage collector at once, whoever still holds the store."""
        self.clear()

    def _set(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value

    def _restore(self, before: dict[bytes, bytes | None]) -> None:
        for key, value in before.items():
            self._set(key, value)
        before.clear()
