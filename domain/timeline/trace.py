"""How timelines are read: the quote and its order as one story, and an entry as an audience may see it (R188-R207)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from domain.timeline.causal import Step, causal_order
from domain.timeline.telling import COMPLIANCE, CUSTOMER, FULFILLMENT, SUPPORT

_PROOF_DETAILS = frozenset({"evidenceRef", "proposalDocumentHash", "contentHash", "packageHash"})
_MAY_SEE_WHO = frozenset({SUPPORT, FULFILLMENT, COMPLIANCE})


def trace(pages: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The entries of any pages, by wire names, as one story in causal order.

    From quote to charge (R207): the pages of the order, and of its quote, which the order's own state and pages name.
    """
    return causal_order(_step(entry) for page in pages for entry in page["entries"])


def _step(entry: Mapping[str, Any]) -> Step[Mapping[str, Any]]:
    what = f"{entry['aggregate']} {entry['aggregateId']}"
    return Step(entry["at"], what, entry["version"], entry["eventId"], entry["causationId"], entry)


def as_seen_by(audience: str, entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """An entry as an audience may see it; None when it may not (R195).

    Customers read when and a fixed sentence, no more. Evidence is for compliance alone, and people are named only to
    those who work with them.
    """
    if audience not in entry["audiences"]:
        return None
    if audience == CUSTOMER:
        return {"at": entry["at"], "itemId": entry["itemId"], "sentence": entry["customerSentence"]}
    seen = {name: value for name, value in entry.items() if name not in ("audiences", "customerSentence")}
    if audience != COMPLIANCE:
        seen["details"] = {name: said for name, said in entry["details"].items() if name not in _PROOF_DETAILS}
    if audience not in _MAY_SEE_WHO:
        seen["actorId"] = None
    return seen
