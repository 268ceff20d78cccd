"""The history of a case: bounded, and chained by hashes so that an entry cannot be changed unseen (R261)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from domain.audit import GENESIS
from domain.case.inputs import moment
from domain.case.lifecycle import Step
from domain.case.record import HistoryEntry
from domain.case.states import Happening
from domain.fingerprints import sha256_of

ENTRIES_MAX = 50
"""Entries a record holds; older ones are in its older versions, and the chain says that there were some."""
TEXT_CHARS_MAX = 400


@dataclass(frozen=True, slots=True)
class History:
    """The newest entries, how many there were in all, and how many of them are refusals."""

    entries: tuple[HistoryEntry, ...] = ()
    count: int = 0
    refused: int = 0

    def with_step(self, step: Step, seen_us: int) -> History:
        """With one more entry."""
        decision = step.decided.decision if step.decided else None
        content = {
            "number": self.count + 1,
            "what": step.what,
            "at": moment(step.at_us),
            "seen_at": moment(max(seen_us, step.at_us)),
            "actor_id": decision.actor_id if decision else None,
            "actor_role": decision.actor_role if decision else None,
            "event_id": step.decided.ref.event_id if step.decided else None,
            "code": step.code,
            "text": step.text[:TEXT_CHARS_MAX],
            "prior_hash": self.entries[-1].hash if self.entries else GENESIS,
        }
        entry = HistoryEntry.model_validate({**content, "hash": sha256_of(content)})
        refused = self.refused + (step.what == Happening.DECISION_REFUSED)
        return replace(self, entries=(*self.entries, entry)[-ENTRIES_MAX:], count=self.count + 1, refused=refused)


def broken_at(entries: tuple[HistoryEntry, ...]) -> int | None:
    """The number of the first entry that was changed, or does not follow the one before; None when all is well."""
    prior = entries[0].prior_hash if entries else GENESIS
    for entry in entries:
        content = {name: getattr(entry, name) for name in HistoryEntry.model_fields if name != "hash"}
        if entry.prior_hash != prior or entry.hash != sha256_of(content):
            return entry.number
        prior = entry.hash
    return None
