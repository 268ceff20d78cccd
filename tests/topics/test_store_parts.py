"""The parts of the store that need no database."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from domain.command import CommandOutcome, CommandResult
from domain.errors import IntegrityError, Refusal, Severity
from domain.order_capture.attempt import attempt_id, attempted, reused_attempt_id
from domain.order_capture.events import Outcome
from tests.topics.order_commands import START, create, note, submit
from topics.outbox import OutboxMessage, Published
from topics.relay.delivery import Framed, waves
from topics.relay.relay import safe_to_mark
from topics.store.aggregates import FoldCache, Folded
from topics.store.chain import GENESIS, ChainedRow, canonical, check, link
from topics.store.results import from_memory, from_plain, to_plain
from topics.store.storable import storable

REFUSAL = Refusal("POLICY_X", "No.", remediation="Do not.", stage="POLICY", correlation_id="c")


def chain_of(length: int) -> list[ChainedRow]:
    rows, prior = [], GENESIS
    for version in range(1, length + 1):
        envelope, payload = {"aggregateVersion": version}, {"é": version, "a": None}
        hash_ = link(prior, canonical(envelope), canonical(payload))
        rows.append(ChainedRow(version, {"aggregateVersion": version}, envelope, payload, prior, hash_))
        prior = hash_
    return rows


def test_an_untouched_chain_is_sound() -> None:
    check("t:o1", chain_of(4), answered=4)
    check("t:o1", [], answered=0)


def test_a_chain_forged_up_to_the_payload_still_breaks() -> None:
    rows = chain_of(4)
    payload = {"forged": True}
    forged = link(rows[1].prior_hash, canonical(rows[1].envelope), canonical(payload))
    rows[1] = replace(rows[1], payload=payload, hash=forged)

    with pytest.raises(IntegrityError, match="Event 3 of t:o1 was altered"):
        check("t:o1", rows, answered=4)


def test_a_cut_off_end_shows_by_what_commands_were_told() -> None:
    with pytest.raises(IntegrityError, match="Event 4 of t:o1 is missing"):
        check("t:o1", chain_of(3), answered=4)


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical({"b": 1, "a": {"d": 2, "c": "é"}}) == canonical({"a": {"c": "é", "d": 2}, "b": 1})


@pytest.mark.parametrize(
    "result",
    [
        CommandResult(CommandOutcome.ACCEPTED, "t:o1", 3, ("e1", "e2")),
        CommandResult(CommandOutcome.REFUSED, "t:o1", 0, refusal=REFUSAL),
    ],
)
def test_a_result_survives_being_stored(result: CommandResult) -> None:
    back = from_plain(orjson.loads(orjson.dumps(to_plain(result))))

    assert replace(back, refusal=None) == replace(result, refusal=None)
    if result.refusal:
        assert back.refusal
        for name in ("code", "message", "remediation", "stage", "severity", "correlation_id"):
            assert getattr(back.refusal, name) == getattr(result.refusal, name)
        assert back.refusal.severity is Severity.BLOCKING


def test_a_remembered_refusal_stays_a_refusal() -> None:
    accepted = CommandResult(CommandOutcome.ACCEPTED, "t:o1", 1, ("e",))
    refused = CommandResult(CommandOutcome.REFUSED, "t:o1", 1, refusal=REFUSAL)

    assert from_memory(accepted).outcome is CommandOutcome.REPLAYED
    assert from_memory(refused) is refused


@pytest.mark.parametrize("text", ["plain", "\\u0000", "\\\\u0000", "é\\"])
def test_text_that_only_looks_like_a_nul_is_left_alone(text: str) -> None:
    command = note("t:o1", "c1", text)

    assert storable(command) == (command, None)


@pytest.mark.parametrize("text", ["\x00", "\\\x00", "a\x00\x00b\\u0000"])
def test_a_nul_is_replaced_and_refused(text: str) -> None:
    cleaned, refusal = storable(note("t:o1", "c1", text))

    assert refusal
    assert cleaned.note == text.replace("\x00", "\N{REPLACEMENT CHARACTER}")  # type: ignore[attr-defined]


def test_the_cache_never_goes_back() -> None:
    cache = FoldCache(2)
    cache.keep({("A", "1"): Folded("new", 5), ("A", "2"): Folded("x", 1)})
    cache.keep({("A", "1"): Folded("old", 4), ("A", "3"): Folded()})

    assert cache.get(("A", "1")).state == "new"
    assert cache.get(("A", "3")) == Folded()


def test_the_cache_forgets_what_was_used_longest_ago() -> None:
    cache = FoldCache(2)
    for name in ("1", "2"):
        cache.keep({("A", name): Folded(name, 1)})
    cache.get(("A", "1"))
    cache.keep({("A", "3"): Folded("3", 1)})

    assert [cache.get(("A", name)).version for name in ("1", "2", "3")] == [1, 0, 1]


def test_an_attempt_says_what_was_asked_and_why_it_was_refused() -> None:
    fact = attempted(create("t:o1", "c1", key="k", quote="t:q1"), CommandOutcome.REFUSED, REFUSAL, START)

    assert (fact.attempt_id, fact.command, fact.order_id) == ("t:c1", "CreateProductOrder", "t:o1")
    assert (fact.account_id, fact.quote_id, fact.quote_version) == ("acc-1", "t:q1", 1)
    assert (fact.outcome, fact.code, fact.stage, fact.message) == (Outcome.REFUSED, "POLICY_X", "POLICY", "No.")
    assert fact.idempotency_key_hash
    assert fact.idempotency_key_hash != "k"
    assert fact.occurred_at == START


def test_an_attempt_names_no_more_than_its_request() -> None:
    fact = attempted(submit("t:o1", "c2"), CommandOutcome.ACCEPTED, None, START)

    assert (fact.account_id, fact.quote_id, fact.code, fact.idempotency_key_hash) == (None, None, None, None)


def test_attempts_under_a_reused_id_are_told_apart_by_what_they_ask() -> None:
    ids = {reused_attempt_id(note("t:o1", "c1", text)) for text in ("a", "b", "a")}

    assert len(ids) == 2
    assert attempt_id(note("t:o1", "c1")) not in ids


def message(seq: int, key: str, topic: str = "orders") -> OutboxMessage:
    return OutboxMessage(seq, topic, key, f"e{seq}", "R", "s", (), b"")


def test_nothing_behind_an_undelivered_row_of_its_aggregate_is_marked() -> None:
    messages = [message(1, "a"), message(2, "b"), message(3, "a"), message(4, "a", "other"), message(5, "b")]
    delivered = {seq: Published(seq, 0, seq) for seq in (2, 3, 4, 5)}

    assert [p.seq for p in safe_to_mark(messages, delivered)] == [2, 4, 5]


def test_a_wave_holds_one_record_of_each_aggregate() -> None:
    batch = [Framed(message(seq, key), b"") for seq, key in enumerate("aabacb")]

    assert [[f.message.seq for f in wave] for wave in waves(batch)] == [[0, 2, 4], [1, 5], [3]]
    assert waves([]) == []
