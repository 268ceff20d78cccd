"""Faults: each one can be made, its truth names what exists, and nothing on the topics betrays it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import orjson
import pytest

from avro.codec import decode_body, writer_schema
from avro.contract import contract
from avro.headers import parse_time
from compose.simulate import direct
from compose.simulate.catalog import CONSUMERS
from compose.simulate.enterprise import Enterprise
from compose.simulate.faults.catalogue import BILLING, BY_NAME, FAULTS, PROFILES, Place
from compose.simulate.faults.deeds import DEEDS, SHOWN_BY
from compose.simulate.faults.document import rows
from compose.simulate.faults.truth import Faults, write
from compose.simulate.faults.wire import Wire
from domain.catalogue import RECORDS
from domain.drift.rulebook import RULES
from domain.envelope import kebab
from domain.errors import ConfigurationError
from tests.simulate.conftest import ORDERS, SEED, Clean, Faulty
from topics.catalogue import CASE_DECISIONS, GOVERNANCE_RECORDS, OWNER_TOPICS

VERDICTS = {
    "ORPHAN_CHARGE",
    "DUPLICATE_CHARGE",
    "CHARGE_AFTER_TERMINATION",
    "UNDUE_CHARGE",
    "EARLY_START",
    "MISSING_CHARGE",
    "BASIS_MISMATCH",
    "LATE_START",
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "simulation.md"


NOT_INJECTED = {
    *("event.contradicts-itself", "event.breaks-course", "asset.state-differs", "state.reservation-held"),
    *("referential.handoff-unknown", "referential.calculation-unknown", "referential.conversion-unknown"),
    "state.payment-unknown",
}
"""Rules about single events that were altered, lost or made up: they are shown on a clean log, in test_mutations.py."""


def test_every_fault_is_made_and_every_verdict_of_billing_is_caused(faulty: Faulty) -> None:
    made = Counter(truth.fault for truth in faulty.truths)
    assert set(made) == set(BY_NAME)
    assert {truth.verdict for truth in faulty.truths} - {None} == VERDICTS
    assert {truth.rule for truth in faulty.truths} == {*RULES, BILLING} - NOT_INJECTED


def test_a_publication_that_was_overlooked_was_taken_over_by_all_others(faulty: Faulty) -> None:
    overlooked = [truth.entity_id for truth in faulty.truths if truth.fault == "consumer-behind"]
    taken = Counter(m.key for m in faulty.arrived if m.name == "CatalogPublicationConsumed")
    assert set(Counter(taken.values())) == {len(CONSUMERS), len(CONSUMERS) - 1}
    assert sorted(overlooked) == sorted(key for key, times in taken.items() if times < len(CONSUMERS))


def test_what_was_invoiced_in_fallout_was_in_fallout_then(faulty: Faulty) -> None:
    """Between the order's fallout and its end lies the invoice."""
    made = [truth for truth in faulty.truths if truth.fault == "invoiced-in-fallout"]
    assert made
    arrived = {(m.key, m.name): number for number, m in enumerate(faulty.arrived)}
    for truth in made:
        order = str(truth.order_id)
        raised, resolved = (arrived[order, f"ProductOrderFallout{what}"] for what in ("Raised", "Resolved"))
        between = [m for m in faulty.arrived[raised:resolved] if (m.key, m.name) == (truth.entity_id, "InvoiceIssued")]
        assert len(between) == 1, truth


def test_every_event_of_the_vocabulary_arrives_beside_the_faults(faulty: Faulty) -> None:
    """Whoever follows `simulate --orders 1000 --seed 3 --faults mixed` meets each, decisions about cases aside."""
    arrived = {(message.topic, message.name) for message in faulty.arrived}
    told = {(topic.name, record) for topic in OWNER_TOPICS if topic != CASE_DECISIONS for record in topic.records}
    assert told - arrived == {(GOVERNANCE_RECORDS.name, "UnauthorizedMutationAttempted")}
    assert arrived <= told


def test_the_wire_knows_the_faults_that_are_made_on_it() -> None:
    assert set(DEEDS) == {fault.name for fault in FAULTS if fault.place is Place.WIRE}
    assert set(SHOWN_BY) <= set(DEEDS)
    assert all(rates.keys() <= BY_NAME.keys() for rates in PROFILES.values())
    assert len(BY_NAME) == len(FAULTS)


def test_truths_name_what_exists(faulty: Faulty) -> None:
    world = faulty.enterprise.world
    arrived = {message.key for message in faulty.arrived}
    for truth in faulty.truths:
        known = world.standing(truth.entity_type, truth.entity_id) is not None
        missing = truth.fault == "asset-missing"  # the very thing that is wrong with it
        assert known != missing, truth
        if truth.order_id is not None and not truth.order_id.endswith("-ghost"):
            assert world.standing("ProductOrder", truth.order_id) is not None, truth
        assert truth.tenant == f"sim-{SEED}"
        assert truth.rule == BY_NAME[truth.fault].rule
        assert missing or truth.entity_id in arrived, truth


def test_no_event_carries_a_marker(faulty: Faulty) -> None:
    events = {kebab(record.model.__name__) for record in RECORDS}
    marker = re.compile(b"|".join(name.encode() for name in BY_NAME if name not in events))
    for message in faulty.arrived:
        assert not marker.search(message.body), message.name
        assert not any(marker.search(value) for _, value in message.headers), message.name


def test_without_faults_everything_arrives_as_it_was_sent(clean: Clean) -> None:
    sent = list(direct.messages(clean.happened[:5_000]))
    assert list(Wire(Faults(SEED)).all(sent)) == sent


def test_what_was_altered_can_still_be_read(faulty: Faulty) -> None:
    for message in faulty.arrived[::7]:
        assert decode_body(message.body, writer_schema(contract(message.name).text))


def test_the_same_seed_makes_the_same_faults() -> None:
    def run() -> tuple[object, ...]:
        faults = Faults(5, "mixed")
        arrived = tuple(Wire(faults).all(direct.messages(Enterprise(60, 5, faults).run())))
        return arrived, faults.truths()

    assert run() == run()


def test_the_truth_is_written_as_a_line_for_each_fault(faulty: Faulty, tmp_path: Path) -> None:
    write(tmp_path / "truth.jsonl", faulty.truths)
    lines = [orjson.loads(line) for line in (tmp_path / "truth.jsonl").read_bytes().splitlines()]
    assert len(lines) == len(faulty.truths)
    for line in lines:
        assert {"fault", "tenant", "entity_type", "entity_id", "rule", "verdict", "at"} <= set(line)
        parse_time(line["at"])


def test_a_profile_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no fault profile"):
        Faults(1, "plenty")


def test_fewer_faults_are_made_when_they_are_to_be_rare() -> None:
    chosen = {name: sum(Faults(1, name).of(n) is not None for n in range(ORDERS)) for name in PROFILES}
    assert chosen["none"] == 0
    assert 0 < chosen["rare"] < chosen["mixed"] / 5


def test_the_document_lists_every_fault() -> None:
    text = DOCUMENT.read_text()
    for row in rows():
        assert row in text, row
