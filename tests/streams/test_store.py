"""The store against a dict: whatever is put, undone, released, committed and loaded, both hold the same."""

from __future__ import annotations

import copy

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streams.engine.store import MemoryStore

KEYS = st.sampled_from([b"a", b"b", b"c", b"d", b"e"])
VALUES = st.none() | st.binary(max_size=3)


class Undoing(RuleBasedStateMachine):
    """Three dicts: what was committed, what the transaction holds, what the batch holds."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.committed: dict[bytes, bytes] = {}
        self.transaction: dict[bytes, bytes] = {}
        self.batch: dict[bytes, bytes] = {}
        self.touched: set[bytes] = set()
        self.touched_by_batch: set[bytes] = set()

    @rule(key=KEYS, value=VALUES)
    def put(self, key: bytes, value: bytes | None) -> None:
        self.store.put(key, value)
        self.touched_by_batch.add(key)
        if value is None:
            self.batch.pop(key, None)
        else:
            self.batch[key] = value

    @rule()
    def release(self) -> None:
        self.store.release()
        self.transaction = copy.copy(self.batch)
        self.touched |= self.touched_by_batch
        self.touched_by_batch.clear()

    @rule()
    def undo_batch(self) -> None:
        self.store.undo_batch()
        self.batch = copy.copy(self.transaction)
        self.touched_by_batch.clear()

    @rule()
    def undo_transaction(self) -> None:
        self.store.undo_transaction()
        self.batch = copy.copy(self.committed)
        self.transaction = copy.copy(self.committed)
        self.touched.clear()
        self.touched_by_batch.clear()

    @rule()
    def commit(self) -> None:
        """Between batches, as the engine does it."""
        self.release()
        self.store.committed()
        self.committed = copy.copy(self.transaction)
        self.touched.clear()

    @invariant()
    def every_key_is_as_in_the_dict(self) -> None:
        assert {k: v for k in (b"a", b"b", b"c", b"d", b"e") if (v := self.store.get(k)) is not None} == (self.batch)
        assert len(self.store) == len(self.batch)

    @invariant()
    def the_changelog_is_told_each_released_key_once_with_its_value_now(self) -> None:
        changes = list(self.store.changes())
        assert sorted(key for key, _ in changes) == sorted(self.touched)
        assert all(value == self.batch.get(key) for key, value in changes)

    @invariant()
    def replaying_the_changes_over_what_was_committed_gives_the_transaction(self) -> None:
        if self.touched_by_batch:
            return
        rebuilt = MemoryStore()
        for key, value in (*self.committed.items(), *self.store.changes()):
            rebuilt.load(key, value)
        assert len(rebuilt) == len(self.transaction)
        assert all(rebuilt.get(key) == value for key, value in self.transaction.items())


Undoing.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestUndoing = pytest.mark.filterwarnings("error")(Undoing.TestCase)


def test_what_is_loaded_cannot_be_undone_and_is_not_told_again() -> None:
    store = MemoryStore()
    store.load(b"k", b"1")
    store.load(b"gone", b"1")
    store.load(b"gone", None)
    store.undo_transaction()

    assert store.get(b"k") == b"1"
    assert store.get(b"gone") is None
    assert list(store.changes()) == []


def test_a_key_that_ends_where_it_began_is_told_all_the_same() -> None:
    """The log of an aborted attempt may hold another value; saying it once more is the safe side."""
    store = MemoryStore()
    store.load(b"k", b"1")
    store.put(b"k", b"2")
    store.put(b"k", b"1")
    store.release()

    assert list(store.changes()) == [(b"k", b"1")]
