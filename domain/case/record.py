"""The record published on `derived.reconciliation-cases.v1`: one case, whole (R239-R242, R261, R265-R267)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from domain.case.states import AgingBucket, CaseStatus, Severity
from domain.case_decision.states import ResolutionKind
from domain.derivation import Derivation, InputRef
from domain.drift.finding import Difference, Kind
from domain.fold.canonical import canonical_row
from domain.model import Classification, Doc, Model
from domain.money import Money

OWNER = "ordertruth"
AGGREGATE = "ReconciliationCase"

_SAID = Classification.CONFIDENTIAL


class CaseProposal(Model):
    """How somebody says that the mismatch was done away with."""

    kind: Annotated[ResolutionKind, Doc("How.")]
    proposed_by: Annotated[str, Doc("Who says so; may not approve it (R510).", _SAID)]
    proposed_at: Annotated[datetime, Doc("When.")]
    justification: Annotated[str, Doc("How and why, in words.", _SAID)]
    evidence_ref: Annotated[str | None, Doc("What supports it.")] = None
    approved_by: Annotated[str | None, Doc("Who agreed; null while nobody has.", _SAID)] = None


class CaseWaiver(Model):
    """What somebody asks to put up with, and until when."""

    requested_by: Annotated[str, Doc("Who asks; may not approve it (R510).", _SAID)]
    requested_at: Annotated[datetime, Doc("When.")]
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    justification: Annotated[str, Doc("Why, in words.", _SAID)]
    valid_until: Annotated[datetime, Doc("Until when; then the case is open again.")]
    evidence_ref: Annotated[str | None, Doc("What supports it.")] = None
    approved_by: Annotated[str | None, Doc("Who allowed it; null while nobody has.", _SAID)] = None
    awaits_owner: Annotated[bool, Doc("Whether it takes effect only with billing's approved non-billing reason.")] = (
        False
    )


class HistoryEntry(Model):
    """One thing that was seen to happen to the case; the hashes chain the entries."""

    number: Annotated[int, Doc("Its number in the history, from 1.")]
    what: Annotated[str, Doc("What happened: a word of the platform, or the name of a decision.")]
    at: Annotated[datetime, Doc("When it happened.")]
    seen_at: Annotated[datetime, Doc("Platform time when it was seen.")]
    actor_id: Annotated[str | None, Doc("Who decided; null when nobody did.", _SAID)] = None
    actor_role: Annotated[str | None, Doc("In which role.")] = None
    event_id: Annotated[str | None, Doc("`ce_id` of the decision or the finding it rests on.")] = None
    code: Annotated[str | None, Doc("Code of the refusal, or the reason of the decision.")] = None
    text: Annotated[str, Doc("In one plain sentence.", _SAID)]
    prior_hash: Annotated[str, Doc("Hash of the entry before; zeros before the first.")]
    hash: Annotated[str, Doc("SHA-256 of the prior hash and this entry.")]


class ReconciliationCase(Model):
    """One mismatch and everything decided about it."""

    case_id: Annotated[str, Doc("Identity: tenant, rule and entity; the same as the finding's.")]
    rule_id: Annotated[str, Doc("Rule that found it.")]
    rule_version: Annotated[str, Doc("Version of that rule.")]
    kind: Annotated[Kind, Doc("Kind of reconciliation.")]
    verdict: Annotated[str | None, Doc("Verdict of the billing row, for `billing.handoff`.")] = None
    entity_type: Annotated[str, Doc("Kind of thing it is about.")]
    entity_id: Annotated[str, Doc("Identity of that thing.")]
    order_id: Annotated[str | None, Doc("Order concerned.")] = None
    item_id: Annotated[str | None, Doc("Item concerned.")] = None
    quote_id: Annotated[str | None, Doc("Quote concerned.")] = None
    account_id: Annotated[str | None, Doc("Account concerned.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product concerned.")] = None
    component_id: Annotated[str | None, Doc("Price component concerned.")] = None
    status: Annotated[CaseStatus, Doc("Where it stands.")]
    standing: Annotated[bool, Doc("Whether the mismatch stands; false in a case that is kept open or closed by it.")]
    severity: Annotated[Severity, Doc("How urgent it is: by money, age and regulation.")]
    regulatory: Annotated[bool, Doc("Whether somebody outside may ask about it.")]
    leakage: Annotated[Money | None, Doc("Agreed and not charged so far.", _SAID)] = None
    overbilling: Annotated[Money | None, Doc("Charged and not agreed so far.", _SAID)] = None
    money_at_risk: Annotated[Money | None, Doc("Both together; null without money or in two currencies.", _SAID)] = None
    owner: Annotated[str, Doc("System whose correction closes it.")]
    team: Annotated[str, Doc("Who sees to it.")]
    assignee_id: Annotated[str | None, Doc("Who took it on; null when nobody has.", _SAID)] = None
    escalated_to: Annotated[str | None, Doc("Role it was brought to; null when it was not.")] = None
    proposal: Annotated[CaseProposal | None, Doc("The resolution that was proposed last.")] = None
    waiver: Annotated[CaseWaiver | None, Doc("The waiver that was asked for last.")] = None
    since: Annotated[datetime, Doc("Since when the mismatch stands, by the time of the facts.")]
    opened_at: Annotated[datetime, Doc("When it was due to be over, and the case opened.")]
    sla_due: Annotated[datetime, Doc("When it has to be closed: fixed by the severity at its opening.")]
    sla_missed: Annotated[bool, Doc("Whether it was not.")]
    aging: Annotated[AgingBucket, Doc("How long it has been open, or was until it closed.")]
    ceased_at: Annotated[datetime | None, Doc("When the mismatch was seen to be gone; null while it stands.")] = None
    closed_at: Annotated[datetime | None, Doc("When it was closed; null while it is open.")] = None
    openings: Annotated[int, Doc("How often it was opened.")]
    flaps: Annotated[int, Doc("How often the mismatch came back, whether the case was closed meanwhile or not.")]
    summary: Annotated[str, Doc("What is wrong, in one plain sentence.", _SAID)]
    next_action: Annotated[str, Doc("What must be done, and by whom, in one plain sentence.")]
    cause: Annotated[str, Doc("Probable cause in common with other cases.")]
    differences: Annotated[tuple[Difference, ...], Doc("Both sides, field by field.", _SAID)]
    also_found: Annotated[tuple[str, ...], Doc("Further mismatches of the same entity.")] = ()
    evidence: Annotated[tuple[InputRef, ...], Doc("The owners' events the mismatch shows in.")] = ()
    decision_version: Annotated[int, Doc("Version of the newest decision about it; 0 before the first.")]
    history: Annotated[tuple[HistoryEntry, ...], Doc("The newest entries, oldest first.")]
    history_count: Annotated[int, Doc("How many entries there are in all; older ones are in older versions.")]
    refused_count: Annotated[int, Doc("How many of them tell of a refused decision.")]
    version: Annotated[int, Doc("Rises with every change of the record.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]


_SEEN = frozenset({"openings", "flaps", "history", "historyCount", "refusedCount"})


def canonical_case(record: Mapping[str, Any]) -> dict[str, Any]:
    """What of a case, by wire names, any interleaving of findings and decisions agrees on.

    History and flap counters tell what was seen when, and are no part of it.
    """
    return {name: value for name, value in canonical_row(record).items() if name not in _SEEN}
