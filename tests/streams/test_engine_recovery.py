"""A worker that sleeps while its partitions move: no process has to be started again."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from compose.chaos.membership import Members, members
from tests.streams.platform import eventually, told_on_failure

if TYPE_CHECKING:
    from tests.streams.platform import Platform

pytestmark = pytest.mark.stack


def group(platform: Platform, *instances: str) -> Members:
    """Who works on what, once these are the group and each has partitions."""
    found: Members = {}

    def formed() -> bool:
        found.clear()
        found.update(members(platform.endpoints.kafka_config()))
        return found.keys() == set(instances) and all(found.values())

    eventually(formed, f"the group is {instances}, and not {found}", 90.0)
    return dict(found)


def test_a_worker_that_slept_past_its_session_comes_back_and_goes_on(platform: Platform) -> None:
    before = platform.caught_up().read
    events = platform.events(120, 72)
    first, second = platform.worker("0"), platform.worker("1")
    with told_on_failure(first.log_path, second.log_path), first, second:
        group(platform, "0", "1")
        platform.publish(events[: len(events) // 2])
        platform.await_read(before + len(events) // 2)
        pid = first.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            platform.publish(events[len(events) // 2 :])
            assert group(platform, "1") == {"1": [0, 1, 2, 3]}
            platform.await_read(before + len(events))
        finally:
            os.kill(pid, signal.SIGCONT)
        group(platform, "0", "1")
        more = platform.events(60, 73)
        platform.publish(more)
        platform.await_read(before + len(events) + len(more))
        assert (first.restarts, second.restarts) == (0, 0)
    platform.verified()
