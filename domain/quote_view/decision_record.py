"""The record published on `derived.quote-decisions.v1`: what the status of an order says of its quote."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.derivation import Derivation
from domain.model import Classification, Doc, Model
from domain.money import Percent

OWNER = "ordertruth"
SECRET = Classification.CONFIDENTIAL


class Decision(Model):
    """Somebody decided something material about the quote (R108-R129)."""

    what: Annotated[str, Doc("Name of the event by which it was decided.")]
    event_id: Annotated[str, Doc("`ce_id` of that event.")]
    actor_id: Annotated[str | None, Doc("Who decided; null when the event does not say.", SECRET)] = None
    actor_role: Annotated[str | None, Doc("In which role.")] = None
    at: Annotated[datetime, Doc("When.")]
    quote_version: Annotated[int | None, Doc("Revision it was about.")] = None
    outcome: Annotated[str | None, Doc("What was decided, where there was a choice.")] = None
    authority_limit: Annotated[str | None, Doc("How far the decider's authority goes, in words.", SECRET)] = None
    authority_limit_percent: Annotated[Percent | None, Doc("Largest discount it covers.", SECRET)] = None
    authority_level: Annotated[str | None, Doc("Level of the approval matrix it is of.")] = None
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    evidence_ref: Annotated[str | None, Doc("What proves it: a fingerprint, a hash or a reference.")] = None


class EvidenceHash(Model):
    """A piece of evidence, by its hash."""

    kind: Annotated[str, Doc("What it proves.")]
    hash: Annotated[str | None, Doc("Hash of its content.")] = None
    at: Annotated[datetime, Doc("When it was added.")]


class QuoteDecisions(Model):
    """Who decided what about a quote, with what authority and evidence, and what is missing (R193)."""

    quote_id: Annotated[str, Doc("The quote.")]
    order_id: Annotated[str | None, Doc("Order it became; null before.")] = None
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    decision_count: Annotated[int, Doc("Decisions there were.")]
    decisions: Annotated[tuple[Decision, ...], Doc("The newest of them, oldest first.")] = ()
    evidence_count: Annotated[int, Doc("Pieces of evidence there are.")]
    evidence: Annotated[tuple[EvidenceHash, ...], Doc("The newest of them, oldest first.")] = ()
    missing: Annotated[tuple[str, ...], Doc("What ought to be there and is not, in plain sentences.")] = ()
    breaches: Annotated[tuple[str, ...], Doc("Duties that one person had both of, in plain sentences.", SECRET)] = ()
    version: Annotated[int, Doc("Rises with what is known of the quote.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
