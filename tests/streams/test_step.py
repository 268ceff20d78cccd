"""One batch through a processor: whatever is wrong with single records, the others are applied once and in order."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro.headers import format_time
from domain.errors import (
    ConfigurationError,
    ContractError,
    IntegrityError,
    OrdertruthError,
    RecordError,
    UnavailableError,
)
from streams.engine import step
from streams.engine.batch import RecordBatch
from streams.engine.processor import Counts, Output, State
from streams.engine.store import MemoryStore
from streams.testing import Record, batch
from tests.streams.wire import NOW, TOPIC

DLQ = f"dlq.{TOPIC}"
OUT = "out"


class Tally:
    """Counts records for each key; told by the value what to do.

    Like a real processor it writes state and outputs as it goes, so that a failure leaves half of a batch to undo.
    """

    def __init__(self, failures: dict[bytes, Exception] | None = None) -> None:
        self.failures = failures or {}
        self.calls: list[int] = []

    def process(self, given: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        self.calls.append(len(given))
        counts = Counts(read=len(given))
        for key, value in zip(given.keys, given.values, strict=True):
            name = key or b"(none)"
            number = int(state.get(name) or b"0") + 1
            state.put(name, b"%d" % number)
            out.append(Output(OUT, name, b"%d" % number, []))
            if value in self.failures:
                raise self.failures[value]
            if value == b"duplicate":
                counts.duplicate += 1
            elif value == b"stale":
                counts.stale += 1
            else:
                counts.applied += 1
        return counts


POISON: dict[bytes, Exception] = {
    b"undecodable": RecordError("UNDECODABLE", "It cannot be read.", stage="decode", remediation="Mend it."),
    b"conflict": RecordError("WRONG_RECORD", "It is no event.", stage="apply"),
    b"defect": KeyError("orderId"),
}
GOOD = (b"applied", b"duplicate", b"stale")


def run(processor: Tally, records: list[Record], store: MemoryStore, offset: int = 50) -> step.Step:
    return step.run(
        processor,
        batch(records, topic=TOPIC, offset=offset, partition=2),
        NOW,
        store,
        consumer="tally",
        dead_letter_topic=DLQ,
    )


def content(store: MemoryStore) -> dict[bytes, bytes | None]:
    return {key: store.get(key) for key in (b"a", b"b", b"(none)")}


RECORDS = st.lists(
    st.builds(
        Record,
        st.sampled_from([b"a", b"b", None]),
        st.sampled_from([*GOOD, *POISON]) | st.none(),
        st.lists(st.tuples(st.sampled_from(["ce_id", "odd"]), st.binary(max_size=4)), max_size=2),
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(RECORDS, RECORDS)
def test_poison_anywhere_is_set_aside_and_its_neighbours_are_applied_as_if_it_had_never_been(
    earlier: list[Record], records: list[Record]
) -> None:
    store, oracle = MemoryStore(), MemoryStore()
    healthy = [r for r in records if r.value not in POISON]
    for filled in (store, oracle):
        run(Tally(), [r for r in earlier if r.value not in POISON], filled)

    result = run(Tally(POISON), records, store)
    expected = run(Tally(), healthy, oracle)

    assert content(store) == content(oracle)
    assert dict(store.changes()) == dict(oracle.changes())
    assert result.outputs == expected.outputs
    bad = [(50 + i, r) for i, r in enumerate(records) if r.value in POISON]
    assert [(d.topic, d.key, d.value) for d in result.dead_letters] == [(DLQ, r.key, r.value) for _, r in bad]
    for letter, (offset, record) in zip(result.dead_letters, bad, strict=True):
        assert letter.headers[: len(record.headers)] == record.headers, "the original headers come first, untouched"
        told = dict(letter.headers[len(record.headers) :])
        assert told["dlq_offset"] == b"%d" % offset
    assert result.counts.balanced
    assert result.counts.read == len(records)
    assert result.counts.dead_lettered == len(bad)
    store.undo_transaction()
    assert content(store) == dict.fromkeys((b"a", b"b", b"(none)")), "all of it belongs to the open transaction"


def test_a_batch_without_poison_is_one_call() -> None:
    processor = Tally()
    run(processor, [Record(b"a", b"applied", [])] * 5, MemoryStore())
    assert processor.calls == [5]


def test_an_empty_batch_is_nothing() -> None:
    assert run(Tally(), [], MemoryStore()) == step.Step([], [], Counts())


@pytest.mark.parametrize(
    ("value", "code", "stage", "message"),
    [
        (b"undecodable", b"UNDECODABLE", b"decode", b"It cannot be read. Mend it."),
        (b"conflict", b"WRONG_RECORD", b"apply", b"It is no event."),
        (b"defect", b"UNEXPECTED_KeyError", b"apply", b"'orderId'"),
    ],
)
def test_a_dead_letter_says_where_it_was_who_could_not_read_it_and_why(
    value: bytes, code: bytes, stage: bytes, message: bytes
) -> None:
    headers = [("ce_id", b"1"), ("dlq_offset", b"an earlier journey")]
    result = run(Tally(POISON), [Record(b"a", b"applied", []), Record(b"\xff", value, headers)], MemoryStore())

    (letter,) = result.dead_letters
    assert (letter.topic, letter.key, letter.value) == (DLQ, b"\xff", value)
    assert letter.headers[:2] == headers
    assert letter.headers[2:] == [
        ("dlq_topic", TOPIC.encode()),
        ("dlq_partition", b"2"),
        ("dlq_offset", b"51"),
        ("dlq_consumer", b"tally"),
        ("dlq_stage", stage),
        ("dlq_error_code", code),
        ("dlq_error_message", message),
        ("dlq_attempts", b"1"),
        ("dlq_time", format_time(NOW).encode()),
    ]


OUTAGES: list[OrdertruthError] = [
    UnavailableError("The registry is away."),
    IntegrityError("The store contradicts itself."),
    ContractError("The registry does not know the schema of the output."),
    ConfigurationError("The registry denies access."),
]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("poisoned", [False, True], ids=["healthy", "beside poison"])
def test_a_bad_minute_is_no_bad_record_and_leaves_nothing_behind(outage: OrdertruthError, *, poisoned: bool) -> None:
    """No record is to blame: the batch is undone, no dead letter is written, and the worker has to stop."""
    store = MemoryStore()
    run(Tally(), [Record(b"a", b"applied", [])], store)
    before, told = content(store), dict(store.changes())
    records = [Record(b"a", b"applied", []), Record(b"b", b"away", [])]
    if poisoned:
        records[1:1] = [Record(b"b", b"undecodable", []), Record(b"b", b"applied", [])]

    with pytest.raises(type(outage)) as caught:
        run(Tally({**POISON, b"away": outage}), records, store)

    assert caught.value is outage
    assert content(store) == before
    assert dict(store.changes()) == told
    store.release()
    assert dict(store.changes()) == told, "nothing is left that a later commit would write"
