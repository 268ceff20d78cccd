"""A small application with timers: a question is answered in time, late, or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from domain.errors import RecordError
from streams.engine.batch import RecordBatch
from streams.engine.processor import Counts, Output, TimedState, Timer
from tests.streams.wire import Raw

ANSWER = "answer"
SECOND_US = 1_000_000


def asked(key: bytes, version: int, at_us: int, within_us: int) -> Raw:
    """The fact that something was asked and is to be answered in time."""
    return _fact(key, kind="asked", version=version, at=at_us, deadline=at_us + within_us)


def answered(key: bytes, version: int, at_us: int) -> Raw:
    """The fact that it was."""
    return _fact(key, kind="answered", version=version, at=at_us)


def _fact(key: bytes, **content: object) -> Raw:
    headers = [
        ("ce_id", f"{key.decode()}-{content['version']}".encode()),
        ("ce_subject", key),
        ("ce_aggregateversion", str(content["version"]).encode()),
        ("ce_time", b"2026-01-01T00:00:00Z"),
        ("ce_recordedtime", b"2026-01-01T00:00:00Z"),
    ]
    return Raw(key, orjson.dumps(content), headers)


class Expecting:
    """WAITING, ANSWERED, MISSING or LATE for each key; MISSING and LATE name the deadline that passed."""

    def __init__(self, topic: str, grace_us: int = 0) -> None:
        self._topic = topic
        self.grace_us = grace_us

    def process(self, batch: RecordBatch, now: datetime, state: TimedState, out: list[Output]) -> Counts:
        counts = Counts(read=len(batch))
        for key, value in zip(batch.keys, batch.values, strict=True):
            try:
                fact = orjson.loads(value or b"")
            except orjson.JSONDecodeError as error:
                raise RecordError("UNDECODABLE", f"{value!r}: {error}.", stage="decode") from error
            assert key is not None
            facts = orjson.loads(state.get(key) or b"{}")
            known = facts.get(fact["kind"])
            if known is not None and known["version"] >= fact["version"]:
                counts.duplicate += known == fact
                counts.stale += known != fact
                continue
            counts.applied += 1
            facts[fact["kind"]] = fact
            self._keep(key, facts, state, out)
        return counts

    def on_timer(self, timer: Timer, state: TimedState, out: list[Output]) -> None:
        facts = orjson.loads(state.get(timer.key) or b"{}")
        if facts["asked"].get("poison"):
            raise RecordError("POISON", "It cannot be timed.", stage="apply")
        facts["missed"] = timer.deadline_us
        self._keep(timer.key, facts, state, out)

    def _keep(self, key: bytes, facts: dict[str, Any], state: TimedState, out: list[Output]) -> None:
        state.put(key, orjson.dumps(facts))
        if "asked" not in facts:
            return
        deadline = facts["asked"]["deadline"]
        in_time = "answered" in facts and facts["answered"]["at"] <= deadline
        missed = facts.get("missed") == deadline and not in_time
        if in_time or missed:
            state.cancel_timer(key, ANSWER)
        else:
            state.set_timer(key, ANSWER, deadline)
        status = "ANSWERED" if in_time else "WAITING"
        if missed:
            status = "LATE" if "answered" in facts else "MISSING"
        record = {"status": status, "deadline": deadline, "missedAt": deadline if missed else None}
        out.append(Output(self._topic, key, orjson.dumps(record), []))
