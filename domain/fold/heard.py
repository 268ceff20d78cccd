"""An owner's event as folds see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Heard:
    """One event with its lineage and the place it was read at.

    `kind` is the event's canonical name, `subject` its aggregate's id, `aggregate` the aggregate's type and `version`
    the aggregate's version after the event. `content` is a hash of id and body, for telling two events of one version
    apart. Times are microseconds since the epoch: `time_us` when it happened, `recorded_us` when it was published.
    `data` holds the fields by their wire names. Lineage an event does not carry is an empty text: that it is missing
    is a finding, no reason to refuse the event.
    """

    kind: str
    subject: str
    aggregate: str
    version: int
    event_id: str
    content: int
    time_us: int
    recorded_us: int
    data: Mapping[str, Any]
    topic: str
    partition: int = 0
    offset: int = 0
    event_type: str = ""
    source: str = ""
    correlation_id: str = ""
    causation_id: str = ""
    command_id: str = ""
    actor_id: str = ""
    actor_role: str = ""
    policy_version: str = ""
    reason_code: str = ""
    corrects: str = ""

    @property
    def tenant(self) -> str:
        """The tenant the event belongs to."""
        return self.subject.partition(":")[0]
