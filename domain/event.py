"""What every event of an owner says besides what happened (R64, R100-R104)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.model import Classification, Doc, Model


class OwnerEvent(Model):
    """The fields a machine stamps on every event; identity, states and join fields are each aggregate's own."""

    version: Annotated[int, Doc("Version of the aggregate after this event, contiguous from 1.")]
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    source_command_id: Annotated[str, Doc("Command that caused it (R64).")]
    actor_id: Annotated[str, Doc("Who or which system decided.", Classification.CONFIDENTIAL)]
    actor_role: Annotated[str, Doc("In which role.")]
    occurred_at: Annotated[datetime, Doc("When it happened.")]
