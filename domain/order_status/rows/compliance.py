"""The auditors' row: who decided what, and what of that is not as it must be (R193, R300, R510)."""

from __future__ import annotations

from typing import Any

from domain.fold.facts import Entry
from domain.order_status.decision_registers import Decision
from domain.order_status.known import Known
from domain.order_status.messages import COMPLIANCE, texts
from domain.order_status.moments import moment, moment_or_none
from domain.order_status.rows.pieces import identity
from domain.order_status.situation import Situation
from domain.order_status.vocabulary import RecordQuality
from domain.segregation import Duty, MaterialDecision, breaches


def compliance_row(situation: Situation) -> dict[str, Any]:
    """Decisions, evidence, and where either falls short."""
    known = situation.known
    decided = _decisions(known)
    missing = _missing(known)
    missing_evidence = _texts(known, "quote-missing")
    quote_breaches = _texts(known, "quote-breaches")
    breached = _breaches(known, decided)
    quality = RecordQuality.SOUND
    if missing or missing_evidence:
        quality = RecordQuality.INCOMPLETE
    if breached or quote_breaches:
        quality = RecordQuality.BREACHED
    return {
        **identity(known),
        "quoteId": known.newest.quote_id,
        "state": known.view.state.value,
        "quality": quality.value,
        "message": texts(COMPLIANCE, quality),
        "decisions": [_decision(decision) for _, decision in decided],
        "evidence": [
            {"kind": kind, "contentHash": content_hash, "at": moment_or_none(at_us)}
            for _, _, entry in known.registers.get("quote-evidence", ())
            for kind, content_hash, at_us in entry.value
        ],
        "missing": missing,
        "missingEvidence": missing_evidence,
        "breaches": breached,
        "quoteBreaches": quote_breaches,
    }


def _texts(known: Known, family: str) -> list[str]:
    return [text for _, _, entry in known.registers.get(family, ()) for text in entry.value]


def _decisions(known: Known) -> list[tuple[Entry, Decision]]:
    """Every decision with the event it was read from, oldest first."""
    found = [(entry, Decision(*entry.value)) for _, _, entry in known.registers.get("decision", ())]
    for _, _, entry in known.registers.get("quote-decisions", ()):
        found += [(entry, Decision(*value)) for value in entry.value]
    found.sort(key=_age)
    return found


def _age(decided: tuple[Entry, Decision]) -> tuple[int, int, str, str, str]:
    entry, decision = decided
    return decision.at_us, entry.version, entry.event_id, decision.what, decision.actor_id


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "what": decision.what,
        "actorId": decision.actor_id,
        "actorRole": decision.actor_role,
        "at": moment(decision.at_us),
        "authorityLimit": decision.authority_limit,
        "reasonCode": decision.reason_code,
        "policyVersion": decision.policy_version,
        "approvedBy": decision.approved_by,
        "evidenceRef": decision.evidence_ref,
    }


def _missing(known: Known) -> list[dict[str, Any]]:
    found = [entry for _, _, entry in known.registers.get("lacks", ())]
    found.sort(key=lambda entry: (entry.time_us, entry.event_id))
    return [{"eventId": e.event_id, "event": e.kind, "attributes": e.value} for e in found]


def _breaches(known: Known, decided: list[tuple[Entry, Decision]]) -> list[dict[str, Any]]:
    """Everything in an order is one deal."""
    ids = frozenset({known.order_id})
    tenant = known.order_id.partition(":")[0]
    done = [
        MaterialDecision(actor, Duty(duty), tenant, ids, moment(decision.at_us), decision.what)
        for _, decision in decided
        for actor, duty in decision.duties
    ]
    return [
        {
            "actorId": breach.actor_id,
            "firstDuty": breach.first.duty.value,
            "firstEvent": breach.first.event_id,
            "secondDuty": breach.second.duty.value,
            "secondEvent": breach.second.event_id,
        }
        for breach in breaches(done)
    ]
