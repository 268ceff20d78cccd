"""Keys lie where every other client of the platform puts them; what lies elsewhere is told and not applied."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from compose.verify.expected import fold
from compose.verify.raw import Raw as InTopic
from domain.order_state.policy import REFERENCE_V1
from streams.engine.admission import Admission
from streams.engine.batch import RecordBatch
from streams.engine.copartition import misplaced, partitions_of
from streams.engine.processor import Counts
from streams.engine.watermark import Feeds, to_value, watermark_key
from tests.streams.wire import NOW, TOPIC, DictContracts, Raw, batch, histories, raw

KEYS = [b"acme:%d" % i for i in range(40)]


@given(st.lists(st.binary(min_size=0, max_size=40), max_size=20), st.integers(1, 64))
def test_the_hash_is_that_of_the_java_client(keys: list[bytes], count: int) -> None:
    assert partitions_of(keys, count) == [(murmur2(key) & 0x7FFFFFFF) % count for key in keys]


def test_a_key_in_the_wrong_partition_is_found_and_records_without_one_pass() -> None:
    here = [key for key in KEYS if partitions_of([key], 4) == [2]]
    assert misplaced([*here, None, b""], 2, 4) == {}
    assert misplaced(here, 1, 4) == dict.fromkeys(here, 2)


def admitted(
    records: list[Raw], count: int | None, feeds: Feeds, fed: list[str]
) -> tuple[RecordBatch, list[str], Counts]:
    given_batch = batch(records, partition=2, offset=10)
    found = Admission("tests", count, fed).admit(given_batch, feeds, "dlq", NOW)
    codes = [dict(letter.headers)["dlq_error_code"].decode() for letter in found.dead_letters]
    return found.batch, codes, found.counts


def test_what_lies_in_the_wrong_partition_is_dead_lettered_and_its_neighbours_pass() -> None:
    records = [Raw(key, b"v", []) for key in KEYS]
    right = [i for i, key in enumerate(KEYS) if partitions_of([key], 4) == [2]]
    given_batch, codes, counts = admitted(records, 4, Feeds(), [])
    assert list(given_batch.offsets) == [10 + i for i in right]
    assert codes == ["WRONG_PARTITION"] * (40 - len(right))
    assert counts == Counts(read=len(codes), dead_lettered=len(codes))


@pytest.mark.parametrize("count", [None, 1])
def test_with_one_partition_or_nobody_asked_nothing_is_held_back(count: int | None) -> None:
    records = [Raw(key, b"v", []) for key in KEYS]
    given_batch, codes, _ = admitted(records, count, Feeds(), [])
    assert (len(given_batch), codes) == (40, [])


def test_watermarks_are_taken_out_of_an_internal_topic_and_are_no_records() -> None:
    topic = batch([]).topic
    fact = Raw(next(key for key in KEYS if partitions_of([key], 4) == [2]), b"v", [])
    said = Raw(watermark_key("feeder", 3), to_value({"": 5}), [])
    feeds = Feeds()
    given_batch, codes, counts = admitted([said, fact, said._replace(value=b"?")], 4, feeds, [topic])
    assert list(given_batch.offsets) == [11]
    assert codes == ["BAD_WATERMARK"]
    assert counts == Counts(read=1, dead_lettered=1)
    assert feeds.heard == {topic: {"feeder/3": {"": 5}}}


def test_a_watermark_on_a_topic_nobody_feeds_is_a_record_like_any_other() -> None:
    feeds = Feeds()
    given_batch, _, _ = admitted([Raw(watermark_key("feeder", 3), b"{}", [])], None, feeds, [])
    assert len(given_batch) == 1
    assert feeds.heard == {}


def test_the_verifier_expects_what_lies_in_the_wrong_partition_among_the_dead_letters() -> None:
    event = next(raw(event) for events in histories(1, 7) for event in events)
    (right,) = partitions_of([event.key or b""], 4)
    for partition in range(4):
        lying = InTopic(TOPIC, partition, 0, event.key, event.value, event.headers, 4)
        expected = fold([lying], DictContracts().schema_for_id, REFERENCE_V1)
        assert (expected.unreadable == {(partition, 0)}) is (partition != right)
        assert bool(expected.records) is (partition == right)
