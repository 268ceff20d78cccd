"""Dead letters as they are read: what they say, and which are still to be sent back."""

from __future__ import annotations

from collections.abc import Mapping

from compose.deadletters.letters import Letter, Place, opened, unsent
from compose.verify.raw import Raw
from topics.catalogue import PRODUCT_ORDERS, dead_letters_of

TOPIC = dead_letters_of(PRODUCT_ORDERS.name).name
REASON = {"dlq_topic": b"oms.product-orders.v1", "dlq_partition": b"2", "dlq_offset": b"17", "dlq_error_code": b"X"}


def letter(offset: int, **further: bytes) -> Letter:
    headers: Mapping[str, bytes] = {"ce_id": b"event-1", **REASON, **further}
    return opened(Raw(TOPIC, 1, offset, b"key", b"\xff", list(headers.items())))


def test_the_reason_is_taken_out_of_the_headers() -> None:
    found = letter(5)
    assert (found.place, found.topic, found.partition, found.offset) == (Place(TOPIC, 1, 5), PRODUCT_ORDERS.name, 2, 17)
    assert found.headers == (("ce_id", b"event-1"),)
    assert (found.to_plain()["key"], found.to_plain()["value"]) == ("key", "0xff")
    assert Place.parse(str(found.place)) == found.place


def test_one_of_somebody_else_is_shown_as_far_as_it_goes() -> None:
    foreign = letter(5, dlq_partition=b"two", dlq_offset=b"\xff", dlq_error_code=b"\xfe")
    assert (foreign.partition, foreign.offset) == (0, None)
    assert foreign.code == "\N{REPLACEMENT CHARACTER}"


def test_a_newer_letter_stands_for_the_one_it_came_of() -> None:
    first, other = letter(1), letter(2)
    again = letter(3, dlq_replay_of=str(first.place).encode())
    timer = letter(4, dlq_offset=b"", dlq_timer=b"sla")
    assert unsent([first, other, again, timer]) == [other, again]
