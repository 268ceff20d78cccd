"""A real worker with its state in RocksDB: killed under load, started again, restarted on its own disk."""

from __future__ import annotations

import shutil
import time
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.streams.platform import eventually, kill, told_on_failure

if TYPE_CHECKING:
    from tests.streams.platform import Platform

pytestmark = pytest.mark.stack


def test_a_worker_on_disk_is_killed_loses_its_disk_and_ends_where_the_fold_ends(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(306)
    monkeypatch.setenv("ORDERTRUTH_STORE", "rocksdb")  # as a user would say it
    stores = platform.settings.state_path / "faust" / "order-state" / "0" / "stores"
    load = platform.events(120, seed=306)
    before = platform.caught_up()
    sent = before.read
    thirds = load[0::3], load[1::3], load[2::3]
    with platform.worker() as worker, told_on_failure(worker.log_path):
        for number, part in enumerate(thirds):
            platform.publish(part)
            # something of this part is committed, and a transaction is likely to be open
            platform.await_read(sent + 1)
            sent += len(part)
            if part is not thirds[-1]:
                time.sleep(random.uniform(0, 0.1))
                killed = kill(worker)
                if number:
                    shutil.rmtree(stores)
                eventually(lambda gone=killed: worker.pid != gone, "the worker is started again")
        platform.await_read(sent)
        report = platform.verified()
    assert len([folder for folder in stores.iterdir() if folder.is_dir()]) == platform.settings.partition_count
    total = report.accounting["total"]
    assert total["read"] - before.read == len(load)
    assert total["duplicate"] == before.duplicate
    assert total["dead_lettered"] == before.dead_lettered
