"""Whoever governs and watches: emergency access, overrides, corrections, and how far consumers have read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from compose.simulate.clock import Process
from compose.simulate.people import OPERATIONS_MANAGER, ORDERTRUTH
from compose.simulate.voice import Scene, Voice
from domain.consumer_checkpoint import commands as k
from domain.governance_record import commands as c
from topics.catalogue import CHARGES

EVERY = timedelta(hours=12)


class Governing:
    """What happens about every half day, whatever is sold."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def run(self, goes_on: Callable[[], bool]) -> Process:
        """Until nobody has anything to do any more."""
        number = 0
        while goes_on():
            number += 1
            voice = Voice(self.scene, "governance", number)
            self._checkpoint(voice)
            if voice.chance.happens(15):
                self._break_glass(voice)
            if voice.chance.happens(15):
                self._override(voice)
            yield EVERY

    def _checkpoint(self, voice: Voice) -> None:
        consumer, topic = "finance-mart", CHARGES.name
        checkpoint = f"{voice.tenant}:{consumer}/{topic}/0"
        known = voice.standing("ConsumerCheckpoint", checkpoint)
        offset = (known.committed_offset if known else 0) + voice.chance.whole(0, 40)
        kind = k.ReportConsumerCheckpoint if known else k.BeginConsumerCheckpoint
        seen = {"consumer": consumer, "topic": topic, "partition": 0}
        voice.send(kind, ORDERTRUTH, checkpoint, **seen, committed_offset=offset, end_offset=offset)

    def _break_glass(self, voice: Voice) -> None:
        voice.send(
            c.RecordBreakGlassAccess,
            OPERATIONS_MANAGER,
            f"{voice.tenant}:access-{voice.number}",
            resource="network-1",
            justification="A device did not answer.",
            granted_from=voice.now,
            granted_until=voice.now + timedelta(hours=2),
            reviewer_id="auditor-1",
            reason_code="EMERGENCY",
        )

    def _override(self, voice: Voice) -> None:
        voice.send(
            c.RecordManualOverride,
            OPERATIONS_MANAGER,
            f"{voice.tenant}:override-{voice.number}",
            subject_aggregate="CatalogPublication",
            subject_id=f"{voice.tenant}:publication-1",
            decision="price list extended by an hour",
            justification="The new list was late.",
            authorised_by="director-eve",
            reason_code="LATE_LIST",
        )
