"""What the verifier makes of a consumer's own count: each way to be wrong has its number."""

from __future__ import annotations

from collections import Counter

import pytest

from compose.verify import accounting
from compose.verify.expected import Expected
from domain.order_state.facts import Outcome
from streams.engine.position import Position
from streams.engine.processor import Counts

TOPIC = "source"
PLACE = (0, 9)


def there() -> Expected:
    """Ten records: six applied, two duplicates, one stale, one unreadable."""
    expected = Expected(read=Counter({0: 10}), unreadable={PLACE})
    expected.outcomes[0] = Counter({Outcome.APPLIED: 6, Outcome.DUPLICATE: 2, Outcome.STALE: 1})
    return expected


@pytest.mark.parametrize(
    ("told", "letters", "balance", "fields"),
    [
        (Counts(10, 6, 2, 1, 1), 1, (0, 0), set()),
        (Counts(7, 4, 1, 1, 1), 1, (3, 0), {"read", "applied", "duplicate"}),
        (Counts(0), 0, (11, 0), {"read", "applied", "duplicate", "stale", "deadLettered", "count"}),
        (Counts(13, 9, 2, 1, 1), 1, (0, 3), {"read", "applied"}),
        (Counts(10, 3, 5, 1, 1), 1, (0, 3), {"applied", "duplicate"}),
        (Counts(12, 6, 4, 1, 1), 1, (0, 2), {"read", "duplicate"}),
        (Counts(10, 6, 2, 1, 1), 0, (1, 0), {"count"}),
        (Counts(10, 6, 2, 1, 1), 3, (0, 2), {"count"}),
        (Counts(10, 5, 2, 1, 1), 1, (1, 0), {"sum", "applied"}),
    ],
    ids=[
        "as it is",
        "three were not read",
        "nothing was read",
        "three were applied twice",
        "three came again after they were applied",
        "two were read twice",
        "the unreadable one is nowhere",
        "the unreadable one is there three times",
        "one is not accounted for",
    ],
)
def test_what_is_lost_and_what_is_doubled(
    told: Counts, letters: int, balance: tuple[int, int], fields: set[str]
) -> None:
    found = {0: Position({TOPIC: 10}, {TOPIC: told})}
    dead = Counter({PLACE: letters} if letters else {})
    assert accounting.balance(TOPIC, found, dead, there()) == balance
    assert {m.field for m in accounting.check(TOPIC, found, dead, there())} == fields


def test_a_dead_letter_of_a_readable_record_is_one_too_many() -> None:
    found = {0: Position({TOPIC: 10}, {TOPIC: Counts(10, 6, 2, 1, 1)})}
    dead = Counter({PLACE: 1, (0, 3): 1})
    assert accounting.balance(TOPIC, found, dead, there()) == (0, 1)


def test_a_partition_nobody_knows_of_counts_too() -> None:
    assert accounting.balance(TOPIC, {}, Counter({PLACE: 1}), there()) == (10, 0)
