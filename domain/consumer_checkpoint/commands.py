"""What may be asked of a ConsumerCheckpoint; its id is `<tenantId>:<consumer>/<topic>/<partition>`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.command import Command

Text = Annotated[str, Field(min_length=1)]
Offset = Annotated[int, Field(ge=0)]


class _Report(Command):
    """Where a consumer stands in a partition; count and hash are what it hands in itself."""

    consumer: Text
    topic: Text
    partition: Offset
    committed_offset: Offset
    end_offset: Offset
    applied_count: Offset | None = None
    applied_hash: Text | None = None


class BeginConsumerCheckpoint(_Report):
    """Report a consumer for the first time."""


class ReportConsumerCheckpoint(_Report):
    """Report it again."""
