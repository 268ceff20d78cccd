"""Where a case stands: a pure function of its opening, the decisions about it, and how far time is known.

Decisions are taken in the order of their versions and at their own times, deadlines in between when theirs has come;
so neither the order in which both were heard nor a deadline that was believed late makes a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from domain.case.inputs import Decided, micros, span
from domain.case.policy import BILLING, CasePolicy
from domain.case.states import AT_WORK, OPEN, UNANSWERED, CaseStatus, Happening, Severity
from domain.case_decision import events as e
from domain.case_decision.guards import four_eyes
from domain.case_decision.roles import ALL_ROLES, APPROVING_ROLES
from domain.errors import Refusal

S = CaseStatus

ALLOWED: Mapping[type[e.CaseDecisionEvent], frozenset[CaseStatus]] = {
    e.CaseAssigned: OPEN,
    e.CaseResolutionProposed: AT_WORK,
    e.CaseResolved: frozenset({S.PENDING_RESOLUTION}),
    e.CaseWaiverRequested: AT_WORK,
    e.CaseWaived: frozenset({S.WAIVER_REQUESTED}),
    e.CaseReopened: frozenset({S.RESOLVED, S.WAIVED}) | UNANSWERED,
    e.CaseEscalated: OPEN - {S.ESCALATED},
}
"""In which statuses each decision counts."""

APPROVALS = (e.CaseResolved, e.CaseWaived)
"""The decisions of those with authority, about what somebody else proposed or asked for."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A case was opened: for the how-maniest time, about a mismatch since when, at which severity."""

    number: int
    since_us: int
    opened_us: int
    severity: Severity


class Step(NamedTuple):
    """Something that changed the case, or tried to: `key` tells it from every other, `code` is a refusal's."""

    key: str
    at_us: int
    what: str
    text: str
    decided: Decided | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """How a case has gone until now; `proposed`, `requested` and so on are the newest decisions of their kind."""

    status: CaseStatus = S.OPEN
    assigned: e.CaseAssigned | None = None
    proposed: e.CaseResolutionProposed | None = None
    resolved: e.CaseResolved | None = None
    requested: e.CaseWaiverRequested | None = None
    waived: e.CaseWaived | None = None
    escalated_to: str | None = None
    closed_us: int | None = None
    sla_missed: bool = False
    steps: tuple[Step, ...] = ()
    next_us: int | None = None


@dataclass(slots=True)
class Walk:
    """One way through a case's life; `go` is its only method to call."""

    rule_id: str
    opening: Opening
    ceased_us: int | None
    policy: CasePolicy
    course: Course = field(default_factory=Course)
    now_us: int = 0
    since_us: int = 0

    def go(self, decisions: Iterable[Decided], known_us: int) -> Course:
        """Take decisions, in order of version, and the deadlines up to `known_us`."""
        self.now_us = self.opening.opened_us
        for decided in decisions:
            if max(decided.at_us, micros(decided.decision.mismatch_since)) < self.opening.since_us:
                self._note(decided, "it was about the mismatch before", "STALENESS_EARLIER_MISMATCH")
                continue
            self._pass_time(max(self.now_us, decided.at_us))
            self._decide(decided)
        self._pass_time(max(self.now_us, known_us))
        upcoming = self._deadline()
        return replace(self.course, next_us=None if upcoming is None else upcoming[0])

    def _stands(self, at_us: int) -> bool:
        return self.ceased_us is None or at_us < self.ceased_us

    def _pass_time(self, until_us: int) -> None:
        while (found := self._deadline()) is not None and found[0] <= until_us:
            self.now_us = max(self.now_us, found[0])
            self._meet(found[1])
        self.now_us = until_us

    def _deadline(self) -> tuple[int, Happening] | None:
        """The next moment at which something changes although nobody decides."""
        course, found = self.course, list[tuple[int, Happening]]()
        if course.status is S.RESOLVED:
            grace = self.policy.grace(self.rule_id)
            if grace is not None and course.closed_us is not None:
                found.append((course.closed_us + span(grace), Happening.STILL_STANDS))
        if course.requested is not None and course.status in (S.WAIVED, S.WAIVER_REQUESTED):
            ended = Happening.WAIVER_ENDED if course.status is S.WAIVED else Happening.WAIVER_LAPSED
            found.append((micros(course.requested.valid_until), ended))
        if course.status in (S.OPEN, S.ASSIGNED) and not course.sla_missed:
            found.append((self.sla_due_us, Happening.SLA_MISSED))
        # while the mismatch is gone nothing can be missed, reopened or ended
        found = [(at, what) for at, what in found if self._stands(max(at, self.now_us))]
        if self.ceased_us is not None and course.status not in (S.RESOLVED, S.CONVERGED):
            found.append((self.ceased_us + span(self.policy.keep_open), Happening.CONVERGED))
        return min(found, default=None)

    @property
    def sla_due_us(self) -> int:
        """When the case has to be closed."""
        return self.opening.opened_us + span(self.policy.sla(self.opening.severity))

    def _meet(self, what: Happening) -> None:
        course = self.course
        match what:
            case Happening.CONVERGED:
                self.course = replace(course, status=S.CONVERGED, closed_us=self.now_us)
            case Happening.SLA_MISSED:
                to = self.policy.escalates_to
                self.course = replace(course, status=S.ESCALATED, escalated_to=to, sla_missed=True)
            case _:
                self._back_in_the_queue()
        self._tell(what, _TEXTS[what])

    def _decide(self, decided: Decided) -> None:
        try:
            self._check(decided.decision)
        except Refusal as refusal:
            self._note(decided, refusal.message.rstrip("."), refusal.code)
            return
        self._take(decided.decision)
        self.course = replace(self.course, steps=(*self.course.steps, _decision_step(self.opening, decided)))

    def _check(self, decision: e.CaseDecisionEvent) -> None:
        """What the case refuses: a decision that does not fit, or that its actor may not make (R503, R510)."""
        status, name = self.course.status, type(decision).__name__
        check_role(decision.case_id, name, decision.actor_id, decision.actor_role, approving=_is_approval(decision))
        if status not in ALLOWED[type(decision)]:
            message = f"{name} does not fit: case {decision.case_id} is {status}."
            raise Refusal("STATE_ILLEGAL_TRANSITION", message, remediation="Look at the case again.")
        match decision:
            case e.CaseResolved() if self.course.proposed and self.course.proposed.actor_id == decision.actor_id:
                raise four_eyes(decision.case_id, decision.actor_id, "proposed the resolution")
            case e.CaseWaived() if self.course.requested and self.course.requested.actor_id == decision.actor_id:
                raise four_eyes(decision.case_id, decision.actor_id, "asked for the waiver")
            case e.CaseWaiverRequested() if micros(decision.valid_until) <= self.now_us:
                message = f"The waiver of case {decision.case_id} would be over already."
                raise Refusal("STRUCTURAL_TIME_PAST", message, remediation="Name a later time.")

    def _take(self, decision: e.CaseDecisionEvent) -> None:
        course = self.course
        match decision:
            case e.CaseAssigned():
                self.course = replace(course, status=S.ASSIGNED, assigned=decision)
            case e.CaseResolutionProposed():
                self.course = replace(course, status=S.PENDING_RESOLUTION, proposed=decision, resolved=None)
            case e.CaseResolved():
                self.course = replace(course, status=S.RESOLVED, resolved=decision, closed_us=self.now_us)
            case e.CaseWaiverRequested():
                self.course = replace(course, status=S.WAIVER_REQUESTED, requested=decision, waived=None)
            case e.CaseWaived() if self.rule_id == BILLING:
                self.course = replace(course, waived=decision)  # only billing's own approval excuses the row
            case e.CaseWaived():
                self.course = replace(course, status=S.WAIVED, waived=decision, closed_us=self.now_us)
            case e.CaseEscalated():
                self.course = replace(course, status=S.ESCALATED, escalated_to=decision.to_role)
            case _:
                self._back_in_the_queue()

    def _back_in_the_queue(self) -> None:
        self.course = replace(self.course, status=S.OPEN, assigned=None, escalated_to=None, closed_us=None)

    def _tell(self, what: Happening, text: str) -> None:
        key = f"{self.opening.number}/{what}/{self.now_us}"
        self.course = replace(self.course, steps=(*self.course.steps, Step(key, self.now_us, what.value, text)))

    def _note(self, decided: Decided, why: str, code: str) -> None:
        decision = decided.decision
        key = f"{self.opening.number}/{decision.version}/{code}"
        text = f"{type(decision).__name__} by {decision.actor_id} was refused: {why}."
        step = Step(key, decided.at_us, Happening.DECISION_REFUSED.value, text, decided, code)
        self.course = replace(self.course, steps=(*self.course.steps, step))


_TEXTS: Mapping[Happening, str] = {
    Happening.CONVERGED: "The mismatch was gone for long enough, and the case was closed.",
    Happening.SLA_MISSED: "The case was not closed in time, and was escalated.",
    Happening.STILL_STANDS: "The mismatch still stands, and the case is open again.",
    Happening.WAIVER_ENDED: "The waiver has ended, and the case is open again.",
    Happening.WAIVER_LAPSED: "Nobody allowed the waiver before its end, and the case is open again.",
}


def check_role(case_id: str, what: str, actor_id: str, role: str, *, approving: bool) -> None:
    """Raise `Refusal` AUTHORIZATION_ROLE unless a role may decide about cases, or approve where that is asked."""
    roles = APPROVING_ROLES if approving else ALL_ROLES
    if role not in roles:
        message = f"{actor_id} as {role} may not send {what} about case {case_id}."
        raise Refusal("AUTHORIZATION_ROLE", message, remediation=f"Roles that may: {', '.join(sorted(roles))}.")


def _is_approval(decision: e.CaseDecisionEvent) -> bool:
    return isinstance(decision, APPROVALS)


def _decision_step(opening: Opening, decided: Decided) -> Step:
    decision = decided.decision
    name = type(decision).__name__
    said = getattr(decision, "justification", None) or decision.note
    text = f"{name} by {decision.actor_id}." if not said else f"{name} by {decision.actor_id}: {said}"
    return Step(f"{opening.number}/{decision.version}/", decided.at_us, name, text, decided, decision.reason_code)
