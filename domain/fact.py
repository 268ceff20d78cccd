"""What every event of an aggregate carries besides what it is about (R68-R74, R102-R104)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.model import Classification, Doc, Model


class Fact(Model):
    """Something that happened to an aggregate, by whom, why and when; subclasses say to what."""

    version: Annotated[int, Doc("Version of the aggregate after this event, contiguous from 1.")]
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    source_command_id: Annotated[str, Doc("Command that caused it (R64).")]
    actor_id: Annotated[str, Doc("Who or which system decided.", Classification.CONFIDENTIAL)]
    actor_role: Annotated[str, Doc("In which role.")]
    occurred_at: Annotated[datetime, Doc("When it happened.")]
