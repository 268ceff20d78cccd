"""Folds on the engine end in the rows they come to in memory, whatever happens on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import pytest

from avro.codec import decode
from compose.simulate import direct
from compose.simulate.enterprise import Enterprise
from domain.errors import ConfigurationError
from domain.fold.canonical import canonical_row
from domain.fold.fold import Fold
from domain.fold.group import rows_of
from domain.fold.heard import Heard
from streams.engine.rekey import source_of
from streams.folding import Folding
from streams.grouped import CHUNK
from streams.hearing import Hearing
from streams.placing import Placing
from streams.testing import Harness, MemoryContracts, Record, assert_convergent, assert_poison_is_set_aside, batch
from tests.streams.folds import OfChangedAccount, Unfinished
from topics.catalogue import DRIFT_FINDINGS

FEED = "feed"
END = datetime(2027, 1, 1, tzinfo=UTC)
END_US = int(END.timestamp()) * 1_000_000
FOLDS: tuple[Fold, ...] = (Unfinished(), OfChangedAccount())


@cache
def contracts() -> MemoryContracts:
    return MemoryContracts()


@cache
def published(orders: int = 40, seed: int = 5) -> tuple[direct.Record, ...]:
    """Part of what an enterprise says: without the completions of some orders."""
    found = direct.messages(Enterprise(orders, seed).run())
    kept = (m for m in found if not (m.name == "ProductOrderCompleted" and m.key.endswith(("1", "5"))))
    return tuple(direct.records(kept, lambda topic, record: contracts().id_for(topic, record)))


@cache
def placed() -> tuple[Record, ...]:
    """What the re-keyer makes of it."""
    topics = sorted({record.topic for record in published()})
    harness = Harness(lambda: Placing(contracts(), {FEED: FOLDS}), inputs=topics)
    for record in published():
        harness.publish(Record(record.key, record.value, record.headers), topic=record.topic)
    copies = harness.run()
    assert not harness.dead_letters
    return tuple(Record(copy.key, copy.value, copy.headers) for copy in copies)


def heard() -> list[Heard]:

    hearing = Hearing(contracts(), frozenset().union(*(fold.kinds for fold in FOLDS)))
    return [event for _, event in hearing.of(batch(placed())) if event is not None]


def test_copies_name_their_originals() -> None:
    originals = {(r.topic, r.key, r.value) for r in published()}
    for copy in placed():
        source = source_of(copy.headers)
        assert (source.topic, source.key, copy.value) in originals
        assert (copy.key or b"").partition(b"/")[0] in (b"sim-5:order", b"sim-5:account")


def test_the_platform_says_what_the_folds_come_to() -> None:
    harness = Harness(lambda: Folding(contracts(), FOLDS))
    harness.run(*placed(), batch_size=50)
    harness.advance_watermark(END)
    harness.commit()
    found = {key.decode(): decode(v, contracts().schema_for_id).data for key, v in harness.newest().items()}
    wanted = {row.key: row.data for fold in FOLDS for row in rows_of(fold, heard(), END_US).values()}
    assert len(wanted) > 5
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        record = found[key]
        assert {name: record[name] for name in row} == row
        assert record["derivation"]["inputs"], "every record says what it rests on"
    assert {r["ruleId"] for r in found.values()} == {"test.unfinished", "test.of-changed-account"}
    assert harness.counts.applied == len(placed())


def canonical(value: bytes) -> object:
    return canonical_row(decode(value, contracts().schema_for_id).data)


def test_any_order_any_repetition_any_crash_ends_in_the_same_records() -> None:
    records = [r for r in placed() if r.key is not None and r.key.endswith((b"1", b"5", b"-000002", b"-000003"))]
    assert_convergent(
        lambda: Folding(contracts(), FOLDS), records, canonical, watermark=END, tries=12, inputs=("input",)
    )


def test_what_is_not_said_any_more_is_withdrawn() -> None:
    harness = Harness(lambda: Folding(contracts(), (Unfinished(),)))
    records = [r for r in placed() if r.key is not None and r.key.startswith(b"sim-5:order/")]
    late = next(r for r in records if dict(r.headers)["ce_type"].endswith(b"completed.v1"))
    harness.run(*(r for r in records if r.key == late.key and r is not late))
    harness.advance_watermark(END)
    harness.commit()
    assert [o.value is None for o in harness.outputs] == [False]
    again = harness.run(late)
    assert [(o.topic, o.value) for o in again] == [(DRIFT_FINDINGS.name, None)]
    assert again[0].key == harness.outputs[0].key
    assert harness.run(late) == [], "a repetition says nothing"


def test_every_member_hears_of_what_its_group_shares() -> None:
    """More members than one entry of the index holds, and the shared fact comes last."""
    account = [r for r in placed() if (r.key or b"").startswith(b"sim-5:account/")]
    change = next(r for r in account if dict(r.headers)["ce_type"].endswith(b"account-updated.v1"))
    order = next(r for r in account if dict(r.headers)["ce_type"].endswith(b"product-order-created.v1"))
    fold = OfChangedAccount()

    class Many(OfChangedAccount):
        def places(self, event: Heard):  # type: ignore[no-untyped-def]
            (place,) = fold.places(event)
            group = f"{event.tenant}:account/one"
            return [
                place._replace(group=group, member=f"{event.subject}/{n}" if place.member else "")
                for n in (range(2 * CHUNK + 3) if place.member else (0,))
            ]

    harness = Harness(lambda: Folding(contracts(), (Many(),)))
    group = b"sim-5:account/one"
    assert harness.run(order._replace(key=group)) == []
    said = harness.run(change._replace(key=group))
    assert len({o.key for o in said}) == 2 * CHUNK + 3


def test_bad_records_are_set_aside() -> None:
    records = [r for r in placed() if (r.key or b"").endswith(b"-000003")]
    assert_poison_is_set_aside(lambda: Folding(contracts(), FOLDS), records, canonical)


def test_two_folds_need_two_rules() -> None:
    with pytest.raises(ConfigurationError, match="share a rule"):
        Folding(contracts(), (Unfinished(), Unfinished()))
