"""The rough wire: what it repeats and permutes, and that it loses nothing."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from compose.chaos import wire as wire_module
from compose.chaos.wire import RoughWire
from topics.outbox import OutboxMessage


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module, "GATHER_SECONDS", 0.0)


def messages(number: int = 400, keys: int = 20) -> list[OutboxMessage]:
    return [OutboxMessage(n, "t", f"acme:{n % keys}", f"e{n}", "R", "s", (), b"") for n in range(number)]


def rough(seed: int) -> RoughWire:
    wire = RoughWire(seed, threading.Event())
    wire.duplicating = wire.reordering = True
    return wire


def test_it_is_smooth_until_it_is_told() -> None:
    assert RoughWire(1, threading.Event())(messages()) == messages()


def test_the_same_seed_does_the_same() -> None:
    assert rough(3)(messages()) == rough(3)(messages())
    assert rough(3)(messages()) != rough(4)(messages())


def test_everything_arrives_and_about_one_in_ten_twice() -> None:
    wire = rough(5)
    arrived = Counter(m.event_id for m in wire(messages()))

    assert arrived.keys() == {m.event_id for m in messages()}
    assert {event for event, times in arrived.items() if times == 2} == wire.repeated
    assert set(arrived.values()) == {1, 2}
    assert 20 < len(wire.repeated) < 60


def test_events_change_places_within_their_aggregate_alone_and_some_come_backwards() -> None:
    wire = rough(6)
    wire.duplicating = False
    sent = wire(messages())
    before = messages()

    assert [m.key for m in sent] == [m.key for m in before]
    assert wire.displaced > 200
    orders = {key: [m.seq for m in sent if m.key == key] for key in {m.key for m in before}}
    assert any(seqs == sorted(seqs, reverse=True) for seqs in orders.values())
    assert any(seqs not in (sorted(seqs), sorted(seqs, reverse=True)) for seqs in orders.values())
