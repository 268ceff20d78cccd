"""Both stores against a dict: put, undone, released, committed, loaded, opened again, all three hold the same."""

from __future__ import annotations

import copy
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.errors import RecordError
from streams.engine.position import POSITION_KEY
from streams.engine.rocks import RocksStore
from streams.engine.store import Mark, MemoryStore, Store

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = (b"a", b"b", b"c", b"d", b"e", b"\0timer/a")
KEYS = st.sampled_from(ALL)
VALUES = st.none() | st.binary(max_size=3)


def mark(offset: int) -> Mark:
    return Mark("topic", 0, offset, b"{}", 1.5, 0)


def content(store: Store) -> dict[bytes, bytes]:
    return {key: value for key in ALL if (value := store.get(key)) is not None}


class Undoing(RuleBasedStateMachine):
    """Three dicts: what was committed, what the transaction holds, what the batch holds."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ordertruth-store-"))
        self.stores: list[Store] = [MemoryStore(), RocksStore(self.folder / "0")]
        self.committed: dict[bytes, bytes] = {}
        self.transaction: dict[bytes, bytes] = {}
        self.batch: dict[bytes, bytes] = {}
        self.touched: set[bytes] = set()
        self.touched_by_batch: set[bytes] = set()
        self.mark: Mark | None = None
        self.next_offset = 0

    def teardown(self) -> None:
        self.stores[1].close()
        shutil.rmtree(self.folder)

    def new_mark(self) -> Mark:
        self.next_offset += 1
        return mark(self.next_offset)

    @rule(key=KEYS, value=VALUES)
    def put(self, key: bytes, value: bytes | None) -> None:
        for store in self.stores:
            (store.put_own if key.startswith(b"\0") else store.put)(key, value)
        self.touched_by_batch.add(key)
        self.batch.pop(key, None)
        if value is not None:
            self.batch[key] = value

    @rule()
    def release(self) -> None:
        for store in self.stores:
            store.release()
        self.transaction = copy.copy(self.batch)
        self.touched |= self.touched_by_batch
        self.touched_by_batch.clear()

    @rule()
    def undo_batch(self) -> None:
        for store in self.stores:
            store.undo_batch()
        self.batch = copy.copy(self.transaction)
        self.touched_by_batch.clear()

    @rule()
    def undo_transaction(self) -> None:
        for store in self.stores:
            store.undo_transaction()
        self.forget()

    def forget(self) -> None:
        self.batch = copy.copy(self.committed)
        self.transaction = copy.copy(self.committed)
        self.touched.clear()
        self.touched_by_batch.clear()

    @rule(known=st.booleans())
    def commit(self, known: bool) -> None:
        """Between batches, as the engine does it; the offset it was written at may be unknown."""
        self.release()
        self.mark = self.new_mark() if known else self.mark
        for store in self.stores:
            store.committed(self.mark if known else None)
        self.committed = copy.copy(self.transaction)
        self.touched.clear()

    @precondition(lambda self: not self.touched and not self.touched_by_batch)
    @rule(parts=st.lists(st.dictionaries(KEYS, VALUES), max_size=3))
    def load(self, parts: list[dict[bytes, bytes | None]]) -> None:
        """More of the changelog, while nothing is under way."""
        self.mark = self.new_mark()
        for store in self.stores:
            for part in parts:
                store.load_many(part)
            store.loaded(self.mark)
        for part in parts:
            for key, value in part.items():
                self.committed.pop(key, None)
                if value is not None:
                    self.committed[key] = value
        self.forget()

    @rule()
    def clear(self) -> None:
        for store in self.stores:
            store.clear()
        self.committed.clear()
        self.forget()
        self.mark = None

    @rule()
    def reopen(self) -> None:
        """A process that ends and one that begins: the one on disk has what was committed, and undone the rest."""
        self.stores[1].close()
        self.stores[1] = RocksStore(self.folder / "0")
        self.stores[0].undo_transaction()
        self.forget()

    @invariant()
    def every_key_is_as_in_the_dict(self) -> None:
        for store in self.stores:
            assert content(store) == self.batch
            assert store.mark == self.mark

    @invariant()
    def what_starts_alike_is_found_together(self) -> None:
        for store in self.stores:
            for prefix in (b"", b"a", b"\0timer", b"zz"):
                found = list(store.starting_with(prefix))
                assert sorted(found) == sorted((k, v) for k, v in self.batch.items() if k.startswith(prefix))

    @invariant()
    def the_changelog_is_told_each_released_key_once_with_its_value_now(self) -> None:
        if self.touched_by_batch:
            return
        for store in self.stores:
            changes = list(store.changes())
            assert sorted(key for key, _ in changes) == sorted(self.touched)
            assert all(value == self.batch.get(key) for key, value in changes)

    @invariant()
    def loading_the_changes_over_what_was_committed_gives_the_transaction(self) -> None:
        if self.touched_by_batch:
            return
        for store in self.stores:
            rebuilt = MemoryStore()
            rebuilt.load_many(self.committed)
            rebuilt.load_many(dict(store.changes()))
            assert len(rebuilt) == len(self.transaction)
            assert content(rebuilt) == self.transaction


Undoing.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestUndoing = pytest.mark.filterwarnings("error")(Undoing.TestCase)


@pytest.fixture(params=["memory", "rocksdb"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    return MemoryStore if request.param == "memory" else lambda: RocksStore(tmp_path / "0")


def test_what_is_loaded_cannot_be_undone_and_is_not_told_again(new_store: Callable[[], Store]) -> None:
    store = new_store()
    store.load_many({b"k": b"1", b"gone": b"1"})
    store.load_many({b"gone": None, b"never": None})
    store.loaded(mark(7))
    store.undo_transaction()

    assert store.get(b"k") == b"1"
    assert store.get(b"gone") is None
    assert list(store.changes()) == []
    store.close()


def test_a_key_that_ends_where_it_began_is_told_all_the_same(new_store: Callable[[], Store]) -> None:
    """The log of an aborted attempt may hold another value; saying it once more is the safe side."""
    store = new_store()
    store.load_many({b"k": b"1"})
    store.loaded(mark(7))
    store.put(b"k", b"2")
    store.put(b"k", b"1")
    store.release()

    assert list(store.changes()) == [(b"k", b"1")]
    store.close()


def test_keys_of_the_engine_are_refused(new_store: Callable[[], Store]) -> None:
    store = new_store()
    with pytest.raises(RecordError) as caught:
        store.put(POSITION_KEY, b"facts")
    assert caught.value.code == "RESERVED_KEY"
    store.close()


def test_a_value_loaded_one_by_one_is_as_good() -> None:
    store = MemoryStore()
    store.load(b"k", b"1")
    store.load(b"gone", b"1")
    store.load(b"gone", None)
    assert len(store) == 1
    assert store.get(b"k") == b"1"
