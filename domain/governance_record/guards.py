"""The conditions a GovernanceRecord's transitions name (R154, R503, R510)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from domain.command import Command
from domain.errors import ContractError, Refusal
from domain.governance_record import commands as c
from domain.governance_record.policies import POLICY_CHECKS
from domain.governance_record.record import Correction, GovernanceRecord
from domain.ownership.corrections import CORRECTION_RULES, CorrectionKind
from domain.ownership.questions import ownership

BREAK_GLASS_MAX = timedelta(hours=8)
"""Longest emergency access that is granted at once (R509)."""


def has_reason(command: Command) -> None:
    """Every governed decision has a reason in a stable code (R503)."""
    if not command.reason_code:
        message = f"{command.name} of {command.aggregate_id} gives no reason."
        raise Refusal("STRUCTURAL_REASON_MISSING", message, remediation="Send a reasonCode.")


def subject_is_correctable(command: c.RequestCorrection) -> None:
    """What is to be corrected has an owner, and can be wrong in that way (R324, R334)."""
    try:
        found = ownership(command.subject_aggregate)
    except ContractError as error:
        raise Refusal("REFERENCE_AGGREGATE_UNKNOWN", error.message, remediation=error.remediation) from error
    if command.kind not in found.corrections:
        message = f"{command.subject_aggregate} knows no {command.kind} correction."
        possible = ", ".join(found.corrections) or "none: it is a mere fact"
        raise Refusal("POLICY_CORRECTION_KIND", message, remediation=f"Possible are {possible}.")


def evidence_where_needed(command: c.RequestCorrection) -> None:
    """Corrections that touch a commitment name their evidence (R499-R502)."""
    if CORRECTION_RULES[command.kind].evidence and not command.evidence_refs:
        message = f"The {command.kind} correction {command.aggregate_id} names no evidence."
        raise Refusal("STRUCTURAL_EVIDENCE_MISSING", message, remediation="Name what proves that it is wrong.")


def authorised_by_another(command: c.RecordManualOverride) -> None:
    """Nobody overrides by their own authority (R301, R510)."""
    if command.authorised_by == command.actor.actor_id:
        message = f"{command.actor.actor_id} authorised the override {command.aggregate_id} that they made."
        raise Refusal("AUTHORIZATION_FOUR_EYES", message, remediation="Let somebody else authorise it.")


def access_ends_soon(command: c.RecordBreakGlassAccess) -> None:
    """Emergency access ends by itself, and another looks at what was done (R509)."""
    length = command.granted_until - command.granted_from
    if not timedelta() < length <= BREAK_GLASS_MAX:
        message = f"The access {command.aggregate_id} would last {length}; at most {BREAK_GLASS_MAX} are granted."
        raise Refusal("POLICY_BREAK_GLASS_EXPIRY", message, remediation="Grant less, and grant again if need be.")
    if command.reviewer_id == command.actor.actor_id:
        message = f"{command.actor.actor_id} would review the access {command.aggregate_id} of their own."
        raise Refusal("AUTHORIZATION_FOUR_EYES", message, remediation="Let somebody else review it.")


def approved_by_another_than_its_author(command: c.ChangePolicy) -> None:
    """Whoever wrote a policy does not put it into force (R510)."""
    if command.author_id == command.actor.actor_id:
        message = f"{command.author_id} wrote version {command.to_version} of {command.policy_id} themselves."
        raise Refusal("AUTHORIZATION_FOUR_EYES", message, remediation="Let somebody else approve it.")


def checks_are_done(command: c.ChangePolicy) -> None:
    """Every check of the kind of change was made (R495, R496, R506, R507)."""
    missing = sorted(POLICY_CHECKS[command.kind] - set(command.checks))
    if missing:
        message = f"Version {command.to_version} of {command.policy_id} lacks the checks {missing}."
        raise Refusal("POLICY_CHECKS_MISSING", message, remediation="Make them, then change the policy.")


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "has-reason": has_reason,
    "subject-is-correctable": subject_is_correctable,
    "evidence-where-needed": evidence_where_needed,
    "authorised-by-another": authorised_by_another,
    "access-ends-soon": access_ends_soon,
    "approved-by-another-than-its-author": approved_by_another_than_its_author,
    "checks-are-done": checks_are_done,
}


def correction_of(record: GovernanceRecord) -> Correction:
    """What a record corrects; only corrections reach the states this is asked in."""
    assert record.correction is not None
    return record.correction


def approver_is_another(record: GovernanceRecord, command: Command) -> None:
    """Whoever asked may not approve (R510)."""
    if correction_of(record).requested_by == command.actor.actor_id:
        message = f"{command.actor.actor_id} asked for the correction {record.record_id} and may not approve it."
        raise Refusal("AUTHORIZATION_FOUR_EYES", message, remediation="Let somebody else approve it.")


def approver_has_the_role(record: GovernanceRecord, command: Command) -> None:
    """Each kind of correction has its own approvers (R497-R502)."""
    rule = CORRECTION_RULES[(kind := correction_of(record).kind)]
    if command.actor.role not in rule.approvers:
        message = f"{command.actor.actor_id} as {command.actor.role} may not approve a {kind} correction."
        raise Refusal(
            "AUTHORIZATION_ROLE", message, remediation=f"Roles that may: {', '.join(sorted(rule.approvers))}."
        )


def applied_by_the_owner(record: GovernanceRecord, command: Command) -> None:
    """The owner alone corrects what it owns, and not by whom it was approved (R324, R331, R510)."""
    correction = correction_of(record)
    if command.actor.system != correction.corrected_owner:
        message = f"{command.actor.system} does not own what {record.record_id} corrects."
        raise Refusal("AUTHORIZATION_NOT_OWNER", message, remediation=f"{correction.corrected_owner} corrects it.")
    if command.actor.actor_id == correction.approved_by:
        message = f"{command.actor.actor_id} approved the correction {record.record_id} and may not apply it."
        raise Refusal("AUTHORIZATION_FOUR_EYES", message, remediation="Let somebody else apply it.")


def something_is_corrected(record: GovernanceRecord, command: c.ApplyCorrection) -> None:
    """A correction leaves another state than it found, and both are kept (R124, R261)."""
    if command.corrected_state_hash == correction_of(record).original_state_hash:
        message = f"The state that {record.record_id} corrects is the same as before."
        raise Refusal("CONFLICT_NOTHING_CORRECTED", message, remediation="Name the state after the correction.")


def financial_by_adjustment(record: GovernanceRecord, command: c.ApplyCorrection) -> None:
    """Money is corrected by a further document (R500)."""
    if correction_of(record).kind is CorrectionKind.FINANCIAL and command.adjustment_ref is None:
        message = f"The financial correction {record.record_id} names no adjustment."
        raise Refusal("POLICY_NO_ADJUSTMENT", message, remediation="Issue the invoice or credit note, and name it.")


GUARDS: Mapping[str, Callable[[GovernanceRecord, Any], None]] = {
    "has-reason": lambda _, command: has_reason(command),
    "approver-is-another": approver_is_another,
    "approver-has-the-role": approver_has_the_role,
    "applied-by-the-owner": applied_by_the_owner,
    "something-is-corrected": something_is_corrected,
    "financial-by-adjustment": financial_by_adjustment,
}
