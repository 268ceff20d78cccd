"""What may be asked of an EvidencePackage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.command import Command
from domain.evidence_package.kinds import EvidenceKind

Text = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Attachment(Command):
    """One piece of evidence: its hash, where its content is, and what its kind says of itself."""

    evidence_id: Text
    kind: EvidenceKind
    content_hash: Sha256
    storage_ref: Text
    retain_until: AwareDatetime | None = None
    details: Mapping[str, str] = {}
    order_id: Text | None = None


class OpenEvidencePackage(_Attachment):
    """Begin a package with its first piece; `also_required` are the kinds this deal needs beside the usual ones."""

    quote_id: Text
    quote_version: Annotated[int, Field(ge=1)]
    also_required: tuple[EvidenceKind, ...] = ()


class AttachEvidence(_Attachment):
    """Add a piece."""


class AssembleEvidencePackage(Command):
    """Close the package when it is complete; fails it, naming what is missing, when it is not."""


class FailEvidencePackage(Command):
    """Record that the package cannot be assembled for another reason."""

    failure_code: Text
