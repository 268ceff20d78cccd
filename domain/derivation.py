"""The block every derived record carries: from what, by which rule, when, and how far it may be trusted (R81-R85)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from domain.model import Doc, Model


class Authority(StrEnum):
    """Derived records inform; owners decide (R85, R302)."""

    INFORMATIONAL = "INFORMATIONAL"


class InputRef(Model):
    """One event a record was derived from, with its place in the log."""

    event_id: Annotated[str, Doc("`ce_id` of the event.")]
    event_type: Annotated[str, Doc("Name of the event.")]
    version: Annotated[int, Doc("Version of its aggregate.")]
    topic: Annotated[str, Doc("Topic it was read from.")]
    partition: Annotated[int, Doc("Partition it was read from.")]
    offset: Annotated[int, Doc("Offset it was read at; of duplicates the smallest place is cited.")]


class Derivation(Model):
    """Lineage, rule and authority of a derived record."""

    inputs: Annotated[tuple[InputRef, ...], Doc("The newest event of each kind it rests on.")]
    rule_id: Annotated[str, Doc("Rule that derived it.")]
    rule_version: Annotated[str, Doc("Version of the rule.")]
    calculated_at: Annotated[datetime, Doc("Platform time of the derivation.")]
    valid_until: Annotated[datetime | None, Doc("Until when it holds if nothing arrives; null without bound.")] = None
    authority: Annotated[Authority, Doc("Always INFORMATIONAL: the owner's record decides.")]
    authoritative_for: Annotated[tuple[str, ...], Doc("Uses of the view itself it may serve (R225).")]
    not_authoritative_for: Annotated[tuple[str, ...], Doc("What must be asked of the owner (R226).")]
    source_lag_ms: Annotated[int, Doc("Milliseconds from the newest input's publication to the derivation.")]
