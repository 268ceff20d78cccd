"""What is kept of a case between two inputs, and how it is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.alert.told import NOTHING_TOLD, Told
from domain.case.history import History
from domain.case.inputs import Decided
from domain.case.lifecycle import Opening
from domain.case.record import HistoryEntry
from domain.case.states import Severity
from domain.case_decision.events import EVENTS
from domain.derivation import InputRef
from domain.drift.finding import DriftFinding

DECISIONS_MAX = 64
"""Decisions a case is derived from, the newest by version: older ones count no more, whatever they were."""

_EVENTS = {event.__name__: event for event in EVENTS}


@dataclass(slots=True)
class CaseFile:
    """Everything a case is derived from, and what was said of it.

    `finding` is the newest, also when it has `ceased_us`; `newest_us` orders findings and their ends of one version.
    `told_steps` and `told_decisions` say what the history has already; `said` is a hash of the record published last.
    """

    case_id: str
    finding: DriftFinding | None = None
    finding_ref: InputRef | None = None
    version: int = 0
    newest_us: int = 0
    newest_id: str = ""
    ceased_us: int | None = None
    opening: Opening | None = None
    flaps: int = 0
    decisions: dict[int, Decided] = field(default_factory=dict)
    reached_us: int = 0
    history: History = field(default_factory=History)
    told_steps: set[str] = field(default_factory=set)
    told_decisions: dict[int, str] = field(default_factory=dict)
    severity: Severity | None = None
    verdict: str | None = None
    alert: Told = NOTHING_TOLD
    said: str = ""
    revision: int = 0

    def to_plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        opening = self.opening
        return {
            "caseId": self.case_id,
            "finding": _json(self.finding),
            "findingRef": _json(self.finding_ref),
            "version": self.version,
            "newestUs": self.newest_us,
            "newestId": self.newest_id,
            "ceasedUs": self.ceased_us,
            "opening": opening and [opening.number, opening.since_us, opening.opened_us, opening.severity.value],
            "flaps": self.flaps,
            "decisions": [
                [type(d.decision).__name__, _json(d.decision), d.at_us, _json(d.ref)]
                for _, d in sorted(self.decisions.items())
            ],
            "reachedUs": self.reached_us,
            "history": [[_json(e) for e in self.history.entries], self.history.count, self.history.refused],
            "toldSteps": sorted(self.told_steps),
            "toldDecisions": sorted(self.told_decisions.items()),
            "severity": self.severity,
            "verdict": self.verdict,
            "alert": list(self.alert),
            "said": self.said,
            "revision": self.revision,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> CaseFile:
        """The inverse of `to_plain`. Raises `ValueError` or `LookupError` for what is none."""
        decisions = [
            Decided(_EVENTS[name].model_validate(said), at_us, InputRef.model_validate(ref))
            for name, said, at_us, ref in plain["decisions"]
        ]
        entries, count, refused = plain["history"]
        opening = plain["opening"]
        return cls(
            case_id=plain["caseId"],
            finding=plain["finding"] and DriftFinding.model_validate(plain["finding"]),
            finding_ref=plain["findingRef"] and InputRef.model_validate(plain["findingRef"]),
            version=plain["version"],
            newest_us=plain["newestUs"],
            newest_id=plain["newestId"],
            ceased_us=plain["ceasedUs"],
            opening=opening and _opening(*opening),
            flaps=plain["flaps"],
            decisions={d.decision.version: d for d in decisions},
            reached_us=plain["reachedUs"],
            history=History(tuple(HistoryEntry.model_validate(e) for e in entries), count, refused),
            told_steps=set(plain["toldSteps"]),
            told_decisions=dict(plain["toldDecisions"]),
            severity=plain["severity"] and Severity(plain["severity"]),
            verdict=plain["verdict"],
            alert=Told(*plain["alert"]),
            said=plain["said"],
            revision=plain["revision"],
        )


def _opening(number: int, since_us: int, opened_us: int, severity: str) -> Opening:
    return Opening(number, since_us, opened_us, Severity(severity))


def _json(model: Any) -> Any:
    return None if model is None else model.model_dump(mode="json", by_alias=True, exclude_none=True)
