"""The fact published on `governance.consumer-checkpoints.v1` (R6, R246, R343)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from domain.model import Doc, Model

OWNER = "ordertruth"
AGGREGATE = "ConsumerCheckpoint"


class CheckpointState(StrEnum):
    """A consumer that was seen reads on; there is no end to it."""

    READING = "READING"


class ConsumerCheckpointReported(Model):
    """How far a consumer stood in a partition when it was looked at."""

    checkpoint_id: Annotated[str, Doc("Identity: tenant, consumer, topic and partition.")]
    consumer: Annotated[str, Doc("Declared consumer.")]
    topic: Annotated[str, Doc("Topic it reads.")]
    partition: Annotated[int, Doc("Partition of the topic.")]
    committed_offset: Annotated[int, Doc("Offset it will read next.")]
    end_offset: Annotated[int, Doc("Offset the next record of the partition will get.")]
    went_back: Annotated[bool, Doc("Whether it stood further the time before: it reads again.")] = False
    applied_count: Annotated[int | None, Doc("Records it says it applied, when it hands that in.")] = None
    applied_hash: Annotated[str | None, Doc("Hash of what it says it holds, when it hands that in.")] = None
    version: Annotated[int, Doc("Version of the checkpoint after this event, contiguous from 1.")]
    state: Annotated[CheckpointState, Doc("State after this event.")]
    from_state: Annotated[CheckpointState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[CheckpointState | None, Doc("State it entered; null when the state stayed.")] = None
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    source_command_id: Annotated[str, Doc("Command that caused it (R64).")]
    actor_id: Annotated[str, Doc("Which system looked.")]
    actor_role: Annotated[str, Doc("In which role.")]
    occurred_at: Annotated[datetime, Doc("When it was looked at.")]


EVENTS: tuple[type[ConsumerCheckpointReported], ...] = (ConsumerCheckpointReported,)
