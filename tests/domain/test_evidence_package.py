"""EvidencePackage: only ever added to, complete before it is closed, and a change shows (R111-R129, R373)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from domain.command import Actor, Command
from domain.errors import Refusal
from domain.evidence_package import commands
from domain.evidence_package import commands as c
from domain.evidence_package import events as e
from domain.evidence_package.aggregate import EVIDENCE_PACKAGE, MACHINE, decide
from domain.evidence_package.events import EvidenceState
from domain.evidence_package.kinds import ALWAYS_REQUIRED, DETAILS, EvidenceKind
from domain.evidence_package.package import GENESIS, EvidencePackage, broken_link, evolve
from tests.domain.machine_walk import (
    NOW,
    Choose,
    Subject,
    check_beginning,
    check_emissions,
    check_matrix,
    check_roles,
    check_table,
    envelope,
    walk,
)

PACKAGE_ID = "acme:evidence-1"
K = EvidenceKind


def piece(kind: EvidenceKind, **fields: Any) -> dict[str, Any]:
    base = {
        "evidence_id": f"piece-{kind}",
        "kind": kind,
        "content_hash": "ab" * 32,
        "storage_ref": f"vault/{kind}",
        "details": dict.fromkeys(DETAILS[kind], "told"),
    }
    return {**base, **fields}


def sample(package: EvidencePackage | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    found: dict[str, Any] = {}
    if kind in (c.OpenEvidencePackage, c.AttachEvidence):
        missing = package.missing if package else ()
        found = piece(choose((*tuple(K), *missing, *missing, *missing)), order_id=choose((None, "acme:order-1")))
    if kind is c.OpenEvidencePackage:
        found |= {"quote_id": "acme:quote-1", "quote_version": 2, "also_required": choose(((), (K.APPROVAL_RECORD,)))}
    if kind is c.FailEvidencePackage:
        found = {"failure_code": "STORE_AWAY"}
    return kind(**{**found, **envelope(MACHINE, kind, PACKAGE_ID, command_id, choose)})


SUBJECT = Subject(MACHINE, e.EVENTS, EvidenceState, sample, steps=30)
TestWalk = walk(SUBJECT, examples=30, steps=20)


class Desk:
    def __init__(self, first: EvidenceKind = K.PROPOSAL_DOCUMENT, **fields: Any) -> None:
        self.package: EvidencePackage | None = None
        self.events: list[Any] = []
        self.send(c.OpenEvidencePackage, **{**piece(first), "quote_id": "acme:quote-1", "quote_version": 2, **fields})

    def command(self, kind: type[Command], /, **fields: Any) -> Command:
        base = {
            "aggregate_id": PACKAGE_ID,
            "command_id": f"command-{len(self.events)}",
            "actor": Actor(actor_id="evidence-1", role="evidence", system="evidence"),
            "correlation_id": "corr-1",
        }
        return kind(**{**base, **fields})

    def send(self, kind: type[Command], /, **fields: Any) -> Any:
        (event,) = decide(self.package, self.command(kind, **fields), NOW)
        self.package = evolve(self.package, event)
        self.events.append(event)
        return event

    def complete(self) -> Desk:
        assert self.package is not None
        for kind in self.package.missing:
            self.send(c.AttachEvidence, **piece(kind))
        return self


def test_the_table_and_the_matrix() -> None:
    check_table(SUBJECT, commands)
    check_emissions(SUBJECT)
    check_matrix(SUBJECT)
    check_roles(SUBJECT)
    check_beginning(SUBJECT)


def test_there_is_a_kind_for_everything_that_must_be_kept() -> None:
    """R111-R119: each says of itself what a dispute would ask for."""
    assert len(K) == 9
    assert set(DETAILS) == set(K)
    assert all(DETAILS.values())
    assert DETAILS[K.APPROVAL_RECORD] == ("actorId", "decidedAt", "reasonCode", "inputHash")  # R128
    assert DETAILS[K.API_AUDIT_RECORD] == ("requestHash", "responseHash")  # R118, R126


@pytest.mark.parametrize("kind", K)
def test_a_piece_says_what_its_kind_must_say(kind: EvidenceKind) -> None:
    """R128."""
    desk = Desk(K.PROPOSAL_DOCUMENT)
    bare = piece(kind, evidence_id="x", details={})
    with pytest.raises(Refusal) as caught:
        desk.send(c.AttachEvidence, **bare)
    assert caught.value.code == "STRUCTURAL_EVIDENCE_DETAILS"
    assert all(name in caught.value.remediation for name in DETAILS[kind])


def test_a_package_is_complete_only_with_every_required_kind() -> None:
    """R373: a failed one names what is missing, and is assembled once that is there."""
    desk = Desk(also_required=(K.E_SIGNATURE,))
    failed = desk.send(c.AssembleEvidencePackage)
    assert isinstance(failed, e.EvidencePackageFailed)
    assert failed.failure_code == "EVIDENCE_MISSING"
    assert set(failed.missing_kinds) == (ALWAYS_REQUIRED | {K.E_SIGNATURE}) - {K.PROPOSAL_DOCUMENT}
    desk.complete()
    assembled = desk.send(c.AssembleEvidencePackage)
    assert isinstance(assembled, e.EvidencePackageAssembled)
    assert (assembled.evidence_count, assembled.quote_id, assembled.quote_version) == (6, "acme:quote-1", 2)
    assert assembled.package_hash == desk.events[-2].entry_hash
    assert set(assembled.kinds) == ALWAYS_REQUIRED | {K.E_SIGNATURE}


def test_nothing_is_replaced_and_what_comes_later_opens_the_package_again() -> None:
    """R119, R122, R127."""
    desk = Desk().complete()
    desk.send(c.AssembleEvidencePackage)
    with pytest.raises(Refusal) as caught:
        desk.send(c.AttachEvidence, **piece(K.PROPOSAL_DOCUMENT, content_hash="cd" * 32))
    assert caught.value.code == "CONFLICT_EVIDENCE_EXISTS"
    event = desk.send(c.AttachEvidence, **piece(K.CALLBACK_PAYLOAD, order_id="acme:order-1"))
    assert (event.from_state, event.to_state) == (EvidenceState.ASSEMBLED, EvidenceState.COLLECTING)
    assert desk.send(c.AssembleEvidencePackage).order_id == "acme:order-1"
    with pytest.raises(Refusal) as caught:
        desk.send(c.AttachEvidence, **piece(K.CALLBACK_PAYLOAD, evidence_id="y", order_id="acme:order-2"))
    assert caught.value.code == "CONFLICT_EVIDENCE_ORDER"


def test_a_change_shows() -> None:
    """R125: whatever is changed, left out, put in or moved, the chain breaks there."""
    desk = Desk().complete()
    desk.send(c.AssembleEvidencePackage)
    events = desk.events
    assert events[0].previous_hash == GENESIS
    assert broken_link(events) is None
    changed = events[2].model_copy(update={"content_hash": "cd" * 32})
    assert broken_link([*events[:2], changed, *events[3:]]) == 3
    for field, value in (("details", {"x": "y"}), ("kind", K.E_SIGNATURE), ("storage_ref", "elsewhere")):
        assert broken_link([events[0].model_copy(update={field: value}), *events[1:]]) == 1
    assert broken_link([events[0].model_copy(update={"retain_until": NOW}), *events[1:]]) == 1
    assert broken_link([*events[:1], *events[2:]]) == 2
    assert broken_link([events[1], events[0], *events[2:]]) == 1
    assert broken_link([*events[:4], events[5]]) == 4
    forged = events[4].model_copy(update={"entry_hash": "ef" * 32})
    assert broken_link([*events[:4], forged, events[5]]) == 5


def test_the_chain_holds_however_a_time_was_written() -> None:
    """Stored times come back in UTC."""
    until = datetime(2036, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    desk = Desk(retain_until=until)
    read = desk.events[0].model_copy(update={"retain_until": until.astimezone(UTC)})
    assert broken_link([read]) is None


def test_what_is_no_event_of_a_package_is_refused_by_the_fold() -> None:
    desk = Desk()
    with pytest.raises(ValueError, match="first event"):
        evolve(None, desk.send(c.AssembleEvidencePackage))
    with pytest.raises(TypeError, match="no event"):
        evolve(None, Actor(actor_id="a", role="b", system="c"))
    assert set(EVIDENCE_PACKAGE.events) == {event.__name__ for event in e.EVENTS}
