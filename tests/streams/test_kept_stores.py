"""A restore under way never stands in the way of giving partitions up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from domain.errors import UnavailableError
from streams.engine.kept import Stores
from streams.engine.store import MemoryStore, Store

PATIENCE_S = 5.0


def test_what_is_given_up_ends_the_restore_and_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = threading.Event()
    ended: list[str] = []

    def endless(
        kafka_config: Mapping[str, str], changelog: str, stores: Mapping[int, Store], superseded: Callable[[], bool]
    ) -> Any:
        reading.set()
        while not superseded():
            pass
        message = "The restore is over."
        raise UnavailableError(message, remediation="A newer assignment goes on.")

    monkeypatch.setattr("streams.engine.kept.read_back", endless)
    stores = Stores(lambda _: MemoryStore())

    def restore() -> None:
        try:
            stores.restore({}, "changelog", [0])
        except UnavailableError as error:
            ended.append(error.message)

    thread = threading.Thread(target=restore)
    thread.start()
    assert reading.wait(PATIENCE_S)
    giving_up = threading.Thread(target=lambda: stores.take_back({}, lost=False, failed=False))
    giving_up.start()
    giving_up.join(PATIENCE_S)
    assert not giving_up.is_alive(), "nothing was lent, so nothing is waited for"
    assert thread.is_alive()
    stores.supersede()
    thread.join(PATIENCE_S)
    assert ended == ["The restore is over."]
