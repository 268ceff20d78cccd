"""The way out: what is sent to the store, what the wire makes of the relay's batches, and the pace."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from functools import cache

import pytest

from avro.contract import contract
from compose.simulate import direct
from compose.simulate.ahead import Batch, Sent, batches, in_own_process
from compose.simulate.direct import Message
from compose.simulate.enterprise import Enterprise
from compose.simulate.faults.carrier import NOWHERE, FaultyCarrier
from compose.simulate.faults.truth import Faults
from compose.simulate.faults.wire import Wire
from compose.simulate.publish import Pace, send
from domain.command import Command, CommandOutcome, CommandResult
from domain.errors import IntegrityError, Refusal
from topics.outbox import OutboxMessage, Published
from topics.relay.delivery import Framed, Report

ORDERS, SEED = 28, 12


class Memory:
    """A store that answers every command alike."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.refusal = refusal
        self.sent: list[tuple[Command, datetime]] = []

    def handle_many(self, sent: Sequence[tuple[Command, datetime]]) -> list[CommandResult]:
        self.sent += sent
        outcome = CommandOutcome.REFUSED if self.refusal else CommandOutcome.ACCEPTED
        return [CommandResult(outcome, command.aggregate_id, 1, refusal=self.refusal) for command, _ in sent]


class Honest:
    """A carrier that delivers every second batch only, as a broker that comes and goes does."""

    def __init__(self) -> None:
        self.tries = 0
        self.arrived: list[Framed] = []

    def deliver(self, batch: Sequence[Framed], stop: threading.Event) -> Report:
        assert not stop.is_set()
        self.tries += 1
        report = Report()
        if self.tries % 2:
            report.error = "away"
            return report
        self.arrived += batch
        for framed in batch:
            report.delivered.setdefault(framed.message.seq, Published(framed.message.seq, 0, framed.message.seq))
        return report

    def close(self) -> None:
        self.tries = 0


@cache
def _sent() -> list[Message]:
    """What the owners of a run with faults publish, before the wire has it."""
    return list(direct.messages(Enterprise(ORDERS, SEED, Faults(SEED, "mixed")).run()))


def _rows(messages: Sequence[Message]) -> list[Framed]:
    rows = []
    for seq, m in enumerate(messages, start=1):
        row = OutboxMessage(seq, m.topic, m.key, m.event_id, contract(m.name).full_name, "", tuple(m.headers), m.body)
        rows.append(Framed(row, b"\0\0\0\0\7" + m.body))
    return rows


@pytest.mark.parametrize("rows_each", [3, 100, 10_000])
def test_the_relay_hands_over_what_the_wire_lets_arrive_whatever_has_to_be_sent_again(rows_each: int) -> None:
    """Wherever a batch ends, and however often it has to be sent."""
    straight, faults = Faults(SEED, "mixed"), Faults(SEED, "mixed")
    wanted = list(direct.records(Wire(straight).all(_sent()), lambda _, __: 7))
    rows = _rows(_sent())
    honest = Honest()
    carrier = FaultyCarrier(honest, Wire(faults), lambda _, __: 7)
    stop = threading.Event()
    stop.set()  # a batch that was begun is finished all the same
    lost = 0
    for first in range(0, len(rows), rows_each):
        batch = rows[first : first + rows_each]
        carrier.deliver(batch, stop)
        report = carrier.deliver(batch, stop)
        assert set(report.delivered) == {framed.message.seq for framed in batch}
        lost += sum(where.partition == NOWHERE for where in report.delivered.values())
    arrived = [(f.message.topic, f.message.key.encode(), f.value, list(f.message.headers)) for f in honest.arrived]
    assert arrived == [(r.topic, r.key, r.value, list(r.headers)) for r in wanted]
    assert carrier.sent.total() == len(wanted)
    assert lost > 0
    assert faults.truths() == straight.truths()
    carrier.close()
    assert honest.tries == 0


def test_what_belongs_to_others_passes_as_it_is() -> None:
    faults = Faults(SEED, "mixed")
    others = [
        message._replace(key=message.key.replace(f"sim-{SEED}:", "t:"))
        for message in direct.messages(Enterprise(4, SEED).run())
    ]
    honest = Honest()
    carrier = FaultyCarrier(honest, Wire(faults), lambda _, __: 7)
    rows = _rows(others)
    for _ in range(2):
        carrier.deliver(rows, threading.Event())
    assert honest.arrived == rows
    assert carrier.sent == {}
    assert faults.truths() == ()


def test_commands_are_sent_with_their_times_and_must_come_to_the_same() -> None:
    batch = next(batches(Enterprise(4, SEED)))
    store = Memory()
    send(store, batch.sent)
    assert store.sent == [(sent.command, sent.at) for sent in batch.sent]
    refusing = Memory(Refusal("CONFLICT_VERSION", "Somebody else was there.", remediation="Look."))
    with pytest.raises(IntegrityError, match="came to CONFLICT_VERSION"):
        send(refusing, batch.sent)


def test_a_process_of_its_own_sends_the_same() -> None:
    *found, truths = in_own_process(8, SEED, "mixed")
    faults = Faults(SEED, "mixed")
    here = list(batches(Enterprise(8, SEED, faults)))
    assert found == here
    assert truths == faults.truths()
    assert all(isinstance(batch, Batch) and all(isinstance(sent, Sent) for sent in batch.sent) for batch in here)


def test_the_pace_is_kept() -> None:
    began = time.monotonic()
    Pace(0).wait(10_000)
    assert time.monotonic() - began < 0.1
    pace = Pace(1_000)
    pace.wait(150)
    assert time.monotonic() - began >= 0.15
