"""A real order-state worker on a real stack: bad records, kills, drains, a second worker."""

from __future__ import annotations

import signal
import time
from random import Random
from typing import TYPE_CHECKING

import pytest

from avro.codec import frame, unframe
from compose.verify.run import verify
from domain.errors import UnavailableError
from streams.testing import Record
from tests.streams.platform import Letter, eventually, kill, told_on_failure
from topics.catalogue import PRODUCT_ORDERS

if TYPE_CHECKING:
    from tests.streams.platform import Platform

pytestmark = pytest.mark.stack

LARGEST = PRODUCT_ORDERS.max_bytes - 200
"""The largest value the owner topic takes: with its reason it must still fit among the dead letters."""


def test_bad_records_end_in_the_dead_letters_once_and_byte_for_byte_and_neighbours_go_on(platform: Platform) -> None:
    good = platform.events(10, seed=301)
    key = good[0].key
    body = bytes(unframe(good[0].value or b"").body)
    strange = [("ce_id", b"\xff\x00"), ("odd", b""), ("odd", b"again")]
    bad = {
        "BAD_MAGIC": Record(key, b"\x05garbage \x00\xff", strange),
        "BAD_HEADERS": Record(key, good[0].value, strange),
        "UNDECODABLE": Record(key, frame(unframe(good[0].value or b"").schema_id, b"\xff" * LARGEST), []),
        "UNKNOWN_SCHEMA_ID": Record(key, frame(2_000_000_000, body), good[0].headers),
        "SHORT_VALUE": Record(key, b"\x00", []),
        "NO_KEY": Record(None, good[0].value, good[0].headers),
        "TOMBSTONE": Record(key, None, good[0].headers),
        "TRAILING_BYTES": Record(key, (good[0].value or b"") + b"\x00", good[0].headers),
        "KEY_MISMATCH": Record(b"sim-301:nobody", good[0].value, good[0].headers),
    }
    mixed = [*good]
    for index, record in enumerate(bad.values()):
        mixed.insert(3 + 5 * index, record)
    before, letters_before = platform.caught_up(), len(platform.dead_letters())

    with platform.worker() as worker, told_on_failure(worker.log_path):
        platform.publish(mixed)
        platform.await_read(before.read + len(mixed))
        report = platform.verified()

    letters = platform.dead_letters()[letters_before:]
    found = {letter.reason["dlq_error_code"].decode(): letter for letter in letters}
    assert len(letters) == len(bad) == len(found), "each of them once"
    lying = {(r.partition, r.offset): r for r in platform.published()}
    for code, record in bad.items():
        letter = found[code]
        assert Letter(*record, letter.reason) == letter
        source = lying[int(letter.reason["dlq_partition"]), int(letter.reason["dlq_offset"])]
        assert (source.key, source.value, source.headers) == record
        assert letter.reason["dlq_consumer"] == b"order-state"
        assert letter.reason["dlq_error_message"]
    after = report.accounting["total"]
    assert after["dead_lettered"] - before.dead_lettered == len(bad)
    assert after["applied"] - before.applied == len(good)
    assert worker.restarts == 0, "a bad record stops nobody"


def test_a_worker_killed_in_the_middle_of_the_load_loses_and_counts_nothing_twice(platform: Platform) -> None:
    random = Random(302)
    load = platform.events(250, seed=302)
    duplicates = random.sample(load, len(load) // 10)
    arriving = [*load, *duplicates]
    before = platform.caught_up()
    sent = before.read

    with platform.worker() as worker, told_on_failure(worker.log_path):
        for kills in (1, 2):
            part = arriving[kills - 1 :: 2]
            platform.publish(part)
            # something of this part is committed, and a transaction is likely to be open
            platform.await_read(sent + 1)
            sent += len(part)
            time.sleep(random.uniform(0, 0.1))
            killed = kill(worker)
            eventually(lambda gone=killed: worker.pid != gone, "the worker is started again")
            assert worker.restarts == kills
        platform.await_read(sent)
        report = platform.verified()

    total = report.accounting["total"]
    assert total["read"] - before.read == len(arriving)
    assert total["duplicate"] - before.duplicate == len(duplicates)
    assert total["dead_lettered"] == before.dead_lettered


def test_a_worker_that_is_told_to_stop_drains_and_the_next_one_goes_on_where_it_stopped(platform: Platform) -> None:
    load = platform.events(60, seed=303)
    before = platform.caught_up()
    platform.publish(load[: len(load) // 2])
    with pytest.raises(UnavailableError, match=f"order-state: {len(load) // 2}") as waiting:
        verify(platform.endpoints, settle_seconds=0, apps=())
    assert "Start the workers that are behind" in waiting.value.remediation, "what waits is told, not compared"

    single = platform.single_worker()
    with told_on_failure(single.log_path):
        with single:
            platform.await_read(before.read + 1)
            platform.publish(load[len(load) // 2 :])
            single.send_signal(signal.SIGTERM)
            assert single.wait(20) == 0
        drained = platform.read()
        assert drained.balanced
        assert drained.read > before.read
        log = single.log_path.read_text()
        assert "Traceback" not in log
        with platform.worker() as worker, told_on_failure(worker.log_path):
            platform.await_read(before.read + len(load))
            report = platform.verified()
    assert report.accounting["total"]["duplicate"] == before.duplicate, "nothing was read twice"


def test_a_second_worker_joins_and_leaves_under_load(platform: Platform) -> None:
    load = platform.events(240, seed=305)
    quarter = len(load) // 4
    before = platform.caught_up()

    with platform.worker() as first, told_on_failure(first.log_path):
        platform.publish(load[:quarter])
        platform.await_read(before.read + 1)
        with platform.worker("1") as second, told_on_failure(second.log_path):
            platform.publish(load[quarter : 2 * quarter])
            eventually(lambda: "adopted" in second.log_path.read_text(), "the second worker has partitions")
            platform.publish(load[2 * quarter : 3 * quarter])
            platform.await_read(before.read + 3 * quarter)
        platform.publish(load[3 * quarter :])
        platform.await_read(before.read + len(load))
        report = platform.verified()
        assert first.restarts == second.restarts == 0

    assert report.accounting["total"]["duplicate"] == before.duplicate
    assert report.accounting["total"]["applied"] + report.accounting["total"]["stale"] - (
        before.applied + before.stale
    ) == len(load)
