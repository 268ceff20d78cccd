"""State read back from a real changelog: all of it, or the tail a kept store lacks; never less than was committed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import OFFSET_BEGINNING, Producer, TopicPartition
from faust.types import TP
from structlog.testing import capture_logs

from domain.errors import UnavailableError
from streams.engine import kept
from streams.engine.copartition import partitions_of
from streams.engine.opening import StoreKind
from streams.engine.position import POSITION_KEY, Position
from streams.engine.processor import Counts
from streams.engine.restore import STORE_AGE_SECONDS_MAX, read_back, restore
from streams.engine.rocks import RocksStore
from streams.engine.store import MemoryStore
from streams.engine.transport import _at
from tests.conftest import REPOSITORY
from tests.streams.engines import AWAY, Event, Place, fold
from topics.admin import admin_client
from topics.catalogue import ORDER_STATE_CHANGELOG

if TYPE_CHECKING:
    from pathlib import Path

    from tests.streams.platform import Platform

pytestmark = pytest.mark.stack

EVENTS: list[Event] = [(number % 40, b"%d" % number) for number in range(200)]
LATER: list[Event] = [(3, b"later"), (500, b"new"), (4, None)]
POSITION = 1
"""Each transaction's position record is read as well."""


@pytest.fixture(params=list(StoreKind))
def place(request: pytest.FixtureRequest, platform: Platform, tmp_path: Path) -> Place:
    return Place.made(platform.endpoints, tmp_path, request.param)


@pytest.fixture
def on_disk(platform: Platform, tmp_path: Path) -> Place:
    return Place.made(platform.endpoints, tmp_path, StoreKind.ROCKSDB)


def at_home(partition: int, count: int) -> list[Event]:
    """The events whose keys belong to a partition of so many."""
    homes = partitions_of([b"k%d" % number for number, _ in EVENTS], count)
    return [event for event, home in zip(EVENTS, homes, strict=True) if home == partition]


def filled(place: Place) -> None:
    """A worker was here, read the first events, and left."""
    with place.worker() as worker:
        worker.assign()
        worker.read(*EVENTS)
        worker.commit()


def reasons(logs: list[dict[str, object]]) -> list[str]:
    return [str(entry["reason"]) for entry in logs if entry["event"] == "store thrown away"]


def test_a_partition_that_comes_back_is_read_from_where_its_store_ends(place: Place) -> None:
    with place.worker("0") as first, place.worker("1") as second:
        assert first.assign() == 0
        first.read(*EVENTS)
        first.commit()
        first.release()

        assert second.assign() == 40 + POSITION, "one record for each key, however often it changed"
        second.read(*LATER)
        second.commit()
        second.release()

        assert first.assign() == len(LATER) + POSITION
        assert first.content() == fold([*EVENTS, *LATER])
        assert first.counted() == Counts(read=203, applied=203)
        first.read((7, b"on it goes"))
        first.commit()
    with place.worker("2") as third:
        third.assign()
        assert third.content() == fold([*EVENTS, *LATER, (7, b"on it goes")])
        assert third.counted() == Counts(read=204, applied=204)


def test_nothing_is_read_again_when_nothing_came_in_between(place: Place) -> None:
    with place.worker() as worker:
        worker.assign()
        worker.read(*EVENTS)
        worker.commit()
        worker.release()
        assert worker.assign() == 0
        assert worker.content() == fold(EVENTS)
        assert worker.counted() == Counts(read=200, applied=200)


def test_what_was_not_committed_when_a_partition_was_lost_is_undone(place: Place) -> None:
    with place.worker("0") as first, place.worker("1") as second:
        first.assign()
        first.read(*EVENTS)
        first.commit()
        first.read((1, b"lost"), (2, None), (999, b"lost"))
        first.release(lost=True)

        second.assign()
        second.read(*LATER)
        second.commit()
        second.release()

        assert first.assign() == len(LATER) + POSITION
        assert first.content() == fold([*EVENTS, *LATER])
        assert first.counted() == Counts(read=203, applied=203)


def test_after_a_failure_memory_is_not_trusted_and_the_disk_as_far_as_its_mark(place: Place) -> None:
    with place.worker() as worker:
        worker.assign()
        worker.read(*EVENTS)
        worker.commit()
        worker.read((1, b"never"))
        with pytest.raises(UnavailableError):
            worker.read((2, AWAY))
        worker.release()
        assert worker.assign() == (0 if place.store is StoreKind.ROCKSDB else 40 + POSITION)
        assert worker.content() == fold(EVENTS)


def test_a_store_nobody_came_back_for_is_forgotten(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with place.worker() as worker:
        worker.assign()
        worker.read(*EVENTS)
        worker.release()
        worker.commit()
        assert worker.assign() == 0, "it was just given up"
        worker.release()
        monkeypatch.setattr(kept, "KEPT_SECONDS_MAX", 0.0)
        worker.commit()
        assert worker.assign() == (0 if place.store is StoreKind.ROCKSDB else 40 + POSITION)
        assert worker.content() == fold(EVENTS)


def test_all_partitions_are_read_at_once_each_into_its_own_store(platform: Platform, tmp_path: Path) -> None:
    place = Place.made(platform.endpoints, tmp_path, StoreKind.MEMORY, partitions=4)
    with place.worker("0") as first, place.worker("1") as second:
        first.assign(0, 1, 2, 3)
        told = {number: at_home(number, 4) for number in range(3)}
        for number, events in told.items():
            first.read(*events, partition=number)
            first.commit()
        first.release()
        assert second.assign(0, 1, 2, 3) == sum(len(fold(events)) + POSITION for events in told.values())
        for number, events in told.items():
            assert second.content(number) == fold(events)
            assert second.counted(number).read == len(events)
        assert second.content(3) == {}
        assert second.engine.next_offset(place.source, 3) is None


def test_a_restore_nobody_waits_for_any_more_ends_and_the_next_goes_on_from_there(
    on_disk: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(on_disk)
    monkeypatch.setattr("streams.engine.restore._BATCH", 10)
    for store in (MemoryStore(), RocksStore(on_disk.folder / "half" / "partition-0")):
        parts: list[object] = []
        load_many = store.load_many
        monkeypatch.setattr(store, "load_many", lambda values, load=load_many, seen=parts: seen.append(load(values)))
        with pytest.raises(UnavailableError, match="over"):
            read_back(on_disk.kafka, on_disk.changelog, {0: store}, superseded=lambda seen=parts: len(seen) > 2)
        assert store.mark is not None
        restored = read_back(on_disk.kafka, on_disk.changelog, {0: store})[0]
        whole = restore(on_disk.kafka, on_disk.changelog, 0)
        assert dict(store.starting_with(b"k")) == fold(EVENTS)
        assert restored.position == whole.position
        assert restored.records_read < whole.records_read
        store.close()


def test_a_worker_killed_between_kafkas_commit_and_its_stores_comes_back_complete(on_disk: Place) -> None:
    half = len(EVENTS) // 2
    parts = [EVENTS[:half], EVENTS[half:], LATER]
    told = [[(number, value and value.decode()) for number, value in part] for part in parts]
    arguments = json.dumps([on_disk.kafka, on_disk.tag, str(on_disk.folder), told])
    command = [sys.executable, "-m", "tests.streams.worker_that_dies", arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr

    left = RocksStore(on_disk.folder / "0" / "partition-0")
    behind = dict(left.starting_with(b"k"))
    left.close()
    assert behind == fold(EVENTS), "what Kafka committed last has not reached the disk"
    with on_disk.worker() as worker:
        assert worker.assign() == len(LATER) + POSITION
        assert worker.content() == fold([*EVENTS, *LATER])
        assert worker.counted() == Counts(read=203, applied=203)


def test_a_store_that_was_deleted_is_read_from_the_beginning(on_disk: Place) -> None:
    filled(on_disk)
    folder = on_disk.folder / "0" / "partition-0"
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    with on_disk.worker() as worker, capture_logs() as logs:
        assert worker.assign() == 40 + POSITION
        assert worker.content() == fold(EVENTS)
    assert [entry["from_beginning"] for entry in logs if entry["event"] == "partitions restored"] == [[0]]


@pytest.mark.parametrize("file", ["CURRENT", "MANIFEST-*", "*.sst"])
def test_a_damaged_store_is_thrown_away_and_read_from_the_beginning(on_disk: Place, file: str) -> None:
    filled(on_disk)
    damaged = list((on_disk.folder / "0" / "partition-0").glob(file))
    assert damaged
    for path in damaged:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with on_disk.worker() as worker, capture_logs() as logs:
        assert worker.assign() == 40 + POSITION
        assert worker.content() == fold(EVENTS)
    assert len(reasons(logs)) == 1


def test_a_store_of_another_partition_is_thrown_away(platform: Platform, tmp_path: Path) -> None:
    place = Place.made(platform.endpoints, tmp_path, StoreKind.ROCKSDB, partitions=2)
    filled(place)
    (place.folder / "0" / "partition-0").rename(place.folder / "0" / "partition-1")
    with place.worker() as worker, capture_logs() as logs:
        worker.assign(0, 1)
        assert worker.content(0) == fold(at_home(0, 2))
        assert worker.content(1) == {}
    assert [reason.startswith("it belongs to partition 0") for reason in reasons(logs)] == [True]


def test_a_changelog_made_anew_makes_the_store_worthless_and_everything_is_replayed(place: Place) -> None:
    """The group's offsets are still there; going on from them with an empty state would lose everything before."""
    with place.worker() as worker:
        worker.assign()
        worker.read(*EVENTS)
        worker.commit()
        worker.release()
        place.delete(place.changelog)
        place.create(place.changelog)
        with capture_logs() as logs:
            assert worker.assign() == 0
        committed = worker.group.committed([TopicPartition(place.source, 0)], timeout=10)[0].offset
        assert committed == len(EVENTS)
        assert worker.content() == {}
        assert worker.engine.next_offset(place.source, 0) is None, "from the earliest"
        assert _at(TP(place.source, 0), None).offset == OFFSET_BEGINNING
        assert [reason.startswith("it belongs to") for reason in reasons(logs)] == [True]
        worker.read(*EVENTS)
        worker.commit()
        assert worker.content() == fold(EVENTS)
        assert worker.counted() == Counts(read=200, applied=200), "counted anew, not twice"


def test_a_changelog_that_was_emptied_makes_the_store_worthless_and_everything_is_replayed(place: Place) -> None:
    with place.worker() as worker:
        worker.assign()
        worker.read(*EVENTS)
        worker.commit()
        worker.release()
        # a little more, so that what the store ends at is gone as well
        with place.worker("1") as other:
            other.assign()
            other.read(*LATER)
        end = restore_end(place)
        admin_client(place.kafka).delete_records([TopicPartition(place.changelog, 0, end)])[
            TopicPartition(place.changelog, 0)
        ].result(20)
        with capture_logs() as logs:
            assert worker.assign() == 0
        assert worker.content() == {}
        assert worker.engine.next_offset(place.source, 0) is None
        assert ["which begins at" in reason for reason in reasons(logs)] == [True]


def restore_end(place: Place) -> int:
    mark = restore(place.kafka, place.changelog, 0).store.mark
    assert mark is not None
    return mark.offset


@pytest.mark.parametrize("wrong", ["shorter", "old", "contradicting"])
def test_a_store_that_does_not_fit_its_changelog_is_thrown_away(on_disk: Place, wrong: str) -> None:
    filled(on_disk)
    store = MemoryStore()
    mark = read_back(on_disk.kafka, on_disk.changelog, {0: store})[0].store.mark
    assert mark is not None
    store.load_many({b"k-not-in-the-log": b"x"})
    ahead = Position({on_disk.source: 10_000}).to_bytes()
    marks = {
        "shorter": (replace(mark, offset=10_000), "which ends at"),
        "old": (replace(mark, seconds=mark.seconds - STORE_AGE_SECONDS_MAX - 60), "3.0 days old"),
        "contradicting": (replace(mark, offset=0, position_offset=0, position=ahead), "past those in the changelog"),
    }
    store.loaded(marks[wrong][0])
    with capture_logs() as logs:
        restored = read_back(on_disk.kafka, on_disk.changelog, {0: store})[0]
    assert [marks[wrong][1] in told for told in reasons(logs)] == [True]
    assert dict(store.starting_with(b"k")) == fold(EVENTS)
    assert restored.position.counts[on_disk.source] == Counts(read=200, applied=200)


def test_a_store_with_a_transaction_the_log_calls_aborted_is_thrown_away(on_disk: Place) -> None:
    """Whatever the broker answered its worker."""
    filled(on_disk)
    store = MemoryStore()
    mark = read_back(on_disk.kafka, on_disk.changelog, {0: store})[0].store.mark
    assert mark is not None
    ahead, lies_at = Position({on_disk.source: 10_000}).to_bytes(), []
    producer = Producer({**on_disk.kafka, "transactional.id": f"{on_disk.changelog}-unlucky"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for key, value in ((b"k1", b"never"), (POSITION_KEY, ahead)):
        producer.produce(
            on_disk.changelog, value, key, partition=0, on_delivery=lambda _, sent: lies_at.append(sent.offset())
        )
    assert producer.flush(30) == 0
    producer.abort_transaction(30)
    store.load_many({b"k1": b"never"})
    store.loaded(replace(mark, offset=lies_at[-1] + 1, position=ahead, position_offset=lies_at[-1]))
    with capture_logs() as logs:
        restored = read_back(on_disk.kafka, on_disk.changelog, {0: store})[0]
    assert ["past those in the changelog" in told for told in reasons(logs)] == [True]
    assert dict(store.starting_with(b"k")) == fold(EVENTS)
    assert restored.position.offsets == {on_disk.source: 200}


def test_a_store_is_too_old_long_before_removals_vanish_from_the_changelog() -> None:
    assert int(ORDER_STATE_CHANGELOG.config()["delete.retention.ms"]) > STORE_AGE_SECONDS_MAX * 1000 * 2


def test_a_mark_says_when_it_was_true(place: Place) -> None:
    """A store that was complete in the middle of a restore only counts from when that began."""
    before = time.time()
    filled(place)
    store = MemoryStore()
    read_back(place.kafka, place.changelog, {0: store})
    assert store.mark is not None
    assert before < store.mark.seconds <= time.time()
