"""The case lifecycle as a step: what is kept of a case and one input in, what is kept then and what is said out.

`step` is a pure function. Whoever runs it keeps the file by case id, publishes the case and the alert, and gives it
`Reached(wake_us)` once everything up to then is known; a later `wake_us` replaces an earlier one, None removes it.
Findings of one case must come in the order of their topic; decisions may come at any time among them, in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from domain.alert.of_case import alert_of
from domain.alert.record import Alert
from domain.case.build import age_of, build, severity_of, turns_us
from domain.case.file import DECISIONS_MAX, CaseFile
from domain.case.inputs import Ceased, Decided, Found, Input, Reached, micros, moment, span
from domain.case.lifecycle import Course, Opening, Walk
from domain.case.lifecycle import Step as Happened
from domain.case.policy import REFERENCE, CasePolicy
from domain.case.record import ReconciliationCase
from domain.case.states import CLOSED, Happening
from domain.fingerprints import sha256_of
from domain.fold.facts import Outcome


class Step(NamedTuple):
    """What came of an input; `case` and `alert` are None when they say nothing new."""

    file: CaseFile
    case: ReconciliationCase | None
    alert: Alert | None
    wake_us: int | None
    outcome: Outcome


def step(file: CaseFile, given: Input, policy: CasePolicy = REFERENCE) -> Step:
    """Take one input, in this order:

    1. what was heard before, or is older than what is known, changes nothing;
    2. the file takes the input, and a mismatch that is new, or came back, opens the case;
    3. how the case has gone is derived from the whole file;
    4. what of that nobody was told is written into the history;
    5. the record and the alert follow, when they differ from those before.

    The file is changed in place and returned. A decision about a case nobody knows yet is kept for it.
    """
    outcome = _Taking(file, policy).take(given)
    if outcome is not Outcome.APPLIED or file.finding is None:
        return Step(file, None, None, _wake(file, policy), outcome)
    course = _course(file, policy)
    _write_history(file, course, policy)
    wake_us = _wake(file, policy, course)
    case = build(file, course, policy, wake_us)
    said = _content(case)
    alert, file.alert = alert_of(case, file.alert, moment(file.reached_us))
    if said == file.said:
        return Step(file, None, alert, wake_us, outcome)
    file.said, file.revision = said, file.revision + 1
    case = case.model_copy(update={"version": file.revision})
    return Step(file, case, alert, wake_us, outcome)


@dataclass(slots=True)
class _Taking:
    """Puts an input into a file."""

    file: CaseFile
    policy: CasePolicy

    def take(self, given: Input) -> Outcome:
        match given:
            case Found():
                outcome = self._found(given)
            case Ceased():
                outcome = self._ceased(given)
            case Decided():
                outcome = self._decided(given)
            case Reached():
                outcome = Outcome.APPLIED if given.at_us > self.file.reached_us else Outcome.STALE
        if outcome is Outcome.APPLIED:
            self.file.reached_us = max(self.file.reached_us, given.at_us)
        return outcome

    def _newer(self, version: int, at_us: int, event_id: str) -> Outcome:
        """By version, then by time, then by the order of the topic: rows are derived anew at one version, too."""
        file = self.file
        if event_id == file.newest_id:
            return Outcome.DUPLICATE
        if (version, at_us) < (file.version, file.newest_us):
            return Outcome.STALE
        file.version, file.newest_us, file.newest_id = version, at_us, event_id
        return Outcome.APPLIED

    def _found(self, given: Found) -> Outcome:
        file, finding = self.file, given.finding
        outcome = self._newer(finding.version, given.at_us, given.ref.event_id)
        if outcome is not Outcome.APPLIED:
            return outcome
        if file.opening is None:
            self._open(given, 1)
        elif file.ceased_us is not None:
            file.flaps += 1
            if given.at_us >= file.ceased_us + span(self.policy.keep_open):
                self._conclude(given.at_us)
                self._open(given, file.opening.number + 1)
            else:
                self._tell(Happening.CAME_BACK, given.at_us, "The mismatch is back before its case was closed.")
        file.finding, file.finding_ref, file.ceased_us = finding, given.ref, None
        return outcome

    def _ceased(self, given: Ceased) -> Outcome:
        file = self.file
        outcome = self._newer(given.version, given.at_us, given.ref.event_id)
        if outcome is not Outcome.APPLIED:
            return outcome
        if file.finding is None or file.ceased_us is not None:
            return Outcome.STALE  # there is nothing to end
        file.ceased_us = given.at_us
        self._tell(Happening.CEASED, given.at_us, "The systems agree; the case closes if that lasts.")
        return outcome

    def _decided(self, given: Decided) -> Outcome:
        file, version = self.file, given.decision.version
        held = file.decisions.get(version)
        if held is not None:
            if held.ref.event_id == given.ref.event_id:
                return Outcome.DUPLICATE
            if held.ref.event_id < given.ref.event_id:
                return Outcome.STALE  # two that claim one version: the smaller id counts, whichever came first
        if len(file.decisions) >= DECISIONS_MAX and held is None and version < min(file.decisions):
            return Outcome.STALE
        file.decisions[version] = given
        while len(file.decisions) > DECISIONS_MAX:
            del file.decisions[min(file.decisions)]
        return Outcome.APPLIED

    def _conclude(self, at_us: int) -> None:
        """What the former opening came to by this time is told before the next begins."""
        file = self.file
        file.reached_us = max(file.reached_us, at_us)
        _write_history(file, _course(file, self.policy), self.policy)

    def _open(self, given: Found, number: int) -> None:
        file, finding = self.file, given.finding
        # a finding that waited for nothing, because the wait was cut short, is older than its deadline
        opened_us = min(micros(finding.settle_deadline), given.at_us)
        if file.ceased_us is not None:
            opened_us = max(opened_us, file.ceased_us)
        severity = severity_of(finding, timedelta(0), self.policy)
        file.opening = Opening(number, micros(finding.since), opened_us, severity)
        file.told_steps.clear()
        file.severity, file.verdict = severity, finding.verdict
        what = Happening.OPENED if number == 1 else Happening.REOPENED
        self._tell(what, given.at_us, finding.summary)

    def _tell(self, what: Happening, at_us: int, text: str) -> None:
        self.file.history = self.file.history.with_step(Happened("", at_us, what.value, text), at_us)


def _course(file: CaseFile, policy: CasePolicy) -> Course:
    assert file.finding is not None
    assert file.opening is not None
    walk = Walk(file.finding.rule_id, file.opening, file.ceased_us, policy)
    return walk.go([file.decisions[version] for version in sorted(file.decisions)], file.reached_us)


def _write_history(file: CaseFile, course: Course, policy: CasePolicy) -> None:
    """Tell each step once; a decision again only if it comes to something else than was told."""
    for happened in course.steps:
        if happened.decided is None:
            if happened.key not in file.told_steps:
                file.told_steps.add(happened.key)
                file.history = file.history.with_step(happened, file.reached_us)
            continue
        version = happened.decided.decision.version
        refusal = happened.code if happened.what == Happening.DECISION_REFUSED else ""
        told = file.told_decisions.get(version)
        earlier = refusal == "STALENESS_EARLIER_MISMATCH" and told is not None
        if told != refusal and not earlier:
            file.told_decisions[version] = refusal or ""
            file.history = file.history.with_step(happened, file.reached_us)
    for version in [v for v in file.told_decisions if v not in file.decisions]:
        del file.told_decisions[version]
    _note_changes(file, course, policy)


def _note_changes(file: CaseFile, course: Course, policy: CasePolicy) -> None:
    finding, opening = file.finding, file.opening
    assert finding is not None
    assert opening is not None
    severity = severity_of(finding, age_of(opening, course, file.reached_us), policy)
    if severity is not file.severity:
        text = f"The severity is {severity}, it was {file.severity}."
        happened = Happened("", file.reached_us, Happening.SEVERITY_CHANGED.value, text)
        file.history, file.severity = file.history.with_step(happened, file.reached_us), severity
    if finding.verdict != file.verdict:
        text = f"The verdict is {finding.verdict}, it was {file.verdict}."
        happened = Happened("", file.reached_us, Happening.VERDICT_CHANGED.value, text)
        file.history, file.verdict = file.history.with_step(happened, file.reached_us), finding.verdict


def _wake(file: CaseFile, policy: CasePolicy, course: Course | None = None) -> int | None:
    """The next moment at which something else would follow."""
    if file.finding is None or file.opening is None:
        return None
    course = course or _course(file, policy)
    found = [] if course.next_us is None else [course.next_us]
    if course.status not in CLOSED:
        found += [*turns_us(file.opening, policy), file.opening.opened_us + span(policy.sla(file.opening.severity))]
    return min((at for at in found if at > file.reached_us), default=None)


def _content(case: ReconciliationCase) -> str:
    """Hash of what makes it another record: everything but its version and when it was derived."""
    inputs = [ref.event_id for ref in case.derivation.inputs]
    return sha256_of([case.model_copy(update={"version": 0, "derivation": None}), inputs])
