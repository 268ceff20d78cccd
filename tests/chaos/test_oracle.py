"""What the oracle makes of what it is shown."""

from __future__ import annotations

import pytest

from compose.chaos.faults.fault import Poison
from compose.chaos.membership import assigned
from compose.chaos.oracle import Judgement, _is_behind, _judge_counts, _judge_poison
from compose.verify.compare import Mismatch
from compose.verify.expected import Expected
from compose.verify.raw import Raw
from domain.order_state.facts import Outcome
from streams.engine.position import Position
from streams.engine.processor import Counts
from topics.catalogue import PRODUCT_ORDERS

TOPIC = PRODUCT_ORDERS.name


def folded(applied: int, stale: int, duplicate: int) -> Expected:
    expected = Expected()
    expected.read[0] = applied + stale + duplicate
    expected.outcomes[0].update(
        {Outcome.APPLIED: applied, Outcome.STALE: stale, Outcome.DUPLICATE: duplicate},
    )
    return expected


def counted(applied: int, stale: int, duplicate: int) -> dict[int, Position]:
    counts = Counts(applied + stale + duplicate, applied, duplicate, stale, 0)
    return {0: Position({TOPIC: counts.read}, {TOPIC: counts})}


@pytest.mark.parametrize(
    ("told", "exact", "lost", "doubled"),
    [
        ((10, 2, 3), True, 0, 0),
        ((11, 2, 2), False, 0, 1),
        ((10, 1, 4), False, 1, 0),
        ((11, 1, 3), False, 0, 0),  # the sum is right, and yet no order of reading gives it
    ],
)
def test_counts_are_held_against_the_only_possible_ones(
    told: tuple[int, int, int], exact: bool, lost: int, doubled: int
) -> None:
    judgement = Judgement()
    assert _judge_counts(judgement, folded(10, 2, 3), counted(*told)) is exact
    assert (judgement.lost, judgement.double_counted) == (lost, doubled)
    assert bool(judgement.findings) is not exact


def test_a_partition_nobody_has_counted_is_lost() -> None:
    judgement = Judgement()
    assert not _judge_counts(judgement, folded(10, 2, 3), {})
    assert judgement.lost == 12


@pytest.mark.parametrize(
    ("mismatch", "behind"),
    [
        (Mismatch("postgres", "o", "(record)", "a record", None), True),
        (Mismatch("postgres", "o", "(record)", None, "a record"), False),
        (Mismatch("postgres", "o", "version", 5, 4), True),
        (Mismatch("postgres", "o", "version", 4, 5), False),
        (Mismatch("postgres", "o", "state", "ACCEPTED", "COMPLETED"), False),
    ],
)
def test_what_is_missing_or_older_is_lost(mismatch: Mismatch, behind: bool) -> None:
    assert _is_behind(mismatch) is behind


def test_poison_must_be_kept_once_and_byte_for_byte() -> None:
    poison = Poison("random bytes", b"k", b"\x07xyz", [("a", b"1")], 0, 4)
    letter = Raw("dlq", 0, 0, b"k", b"\x07xyz", [("a", b"1"), ("dlq_offset", b"4")])

    def findings(*letters: Raw) -> list[str]:
        judgement = Judgement()
        _judge_poison(judgement, letters, [poison])
        return judgement.findings

    assert findings(letter) == []
    assert "0 times" in findings()[0]
    assert "2 times" in findings(letter, letter)[0]
    assert "0 times" in findings(letter._replace(value=b"\x07xyZ"))[0]
    assert "0 times" in findings(letter._replace(headers=[("dlq_offset", b"4")]))[0]


def test_an_assignment_is_read_as_the_members_wrote_it() -> None:
    name = TOPIC.encode()
    topic = len(name).to_bytes(2) + name + (2).to_bytes(4) + (3).to_bytes(4) + (1).to_bytes(4)
    other = (1).to_bytes(2) + b"x" + (1).to_bytes(4) + (9).to_bytes(4)
    assert assigned((1).to_bytes(2) + (2).to_bytes(4) + other + topic + (0).to_bytes(4)) == [1, 3]
    assert assigned(b"") == []
