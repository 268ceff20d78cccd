"""How contract data is written down in Python: frozen pydantic models whose fields carry meaning and classification.

The `.avsc` files are generated from these models, so a field is documented in one place only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel


class Classification(StrEnum):
    """Who may see a field (R94)."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    PII = "pii"


@dataclass(frozen=True, slots=True)
class Doc:
    """Meaning and classification of one field, attached with `Annotated`."""

    text: str
    classification: Classification = Classification.INTERNAL


T = TypeVar("T")

Unordered = Annotated[frozenset[T], PlainSerializer(sorted, when_used="json")]
"""A set that is written down in one order, so that two processes make one fingerprint of it (R310)."""


class Model(BaseModel):
    """Base of everything that is published: immutable, camelCase on the wire, unknown fields refused."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid")
