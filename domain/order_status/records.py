"""The records published on the six `derived.order-status-*` topics: each a whitelist of what its audience may see."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.derivation import Derivation
from domain.fallout_case.states import FalloutSeverity, FalloutState
from domain.model import Classification, Doc, Model
from domain.order_state.states import HeaderState
from domain.order_status import parts
from domain.order_status.vocabulary import CustomerStatus, Jeopardy, Movement

OWNER = "ordertruth"
AGGREGATE = "OrderStatus"

_PUBLIC = Classification.PUBLIC


class OrderStatusCustomer(Model):
    """What the customer is told of an order: one state, in plain words (R188, R194, R195)."""

    order_id: Annotated[str, Doc("Identity of the order.")]
    order_number: Annotated[str | None, Doc("Number people know it by.", _PUBLIC)] = None
    account_id: Annotated[str | None, Doc("The customer's own account, by which access is decided.")] = None
    status: Annotated[CustomerStatus, Doc("The one state.", _PUBLIC)]
    message: Annotated[parts.Wording, Doc("The same as a sentence.", _PUBLIC)]
    next_step: Annotated[parts.Wording, Doc("What the customer can do next.", _PUBLIC)]
    progress_percent: Annotated[int, Doc("How much is done, 0 to 100.", _PUBLIC)]
    committed_completion: Annotated[datetime | None, Doc("Completion promised to the customer.", _PUBLIC)] = None
    version: Annotated[int, Doc("Rises with what is known of the order.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]


class ChainLink(Model):
    """One link from the offer to the order."""

    kind: Annotated[str, Doc("QUOTE or ORDER.")]
    entity_id: Annotated[str, Doc("Identity of the quote or order.")]
    number: Annotated[str | None, Doc("Number people know it by; null where only the identity is known.")] = None
    revision: Annotated[int | None, Doc("Revision of the quote; null for an order.")] = None


class OrderStatusSales(Model):
    """Whether the deal is moving (R189)."""

    order_id: Annotated[str, Doc("Identity of the order.")]
    order_number: Annotated[str | None, Doc("Number people know it by.", _PUBLIC)] = None
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    movement: Annotated[Movement, Doc("How the deal gets on.")]
    moving: Annotated[bool, Doc("Whether it moves at all.")]
    message: Annotated[parts.Wording, Doc("The same as a sentence.")]
    chain: Annotated[tuple[ChainLink, ...], Doc("From the quote to the order.")]
    progress_percent: Annotated[int, Doc("How much is done, 0 to 100.")]
    submitted_at: Annotated[datetime | None, Doc("When it was submitted.")] = None
    accepted_at: Annotated[datetime | None, Doc("When it was accepted.")] = None
    completed_at: Annotated[datetime | None, Doc("When it was delivered.")] = None
    requested_completion: Annotated[datetime | None, Doc("Completion the customer wants.")] = None
    committed_completion: Annotated[datetime | None, Doc("Completion promised to the customer.")] = None
    jeopardy: Annotated[Jeopardy, Doc("How the promise stands.")]
    at_risk: Annotated[bool, Doc("Whether the promise is at risk or broken.")]
    version: Annotated[int, Doc("Rises with what is known of the order.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]


class OpenCase(Model):
    """A fallout case that is not closed."""

    case_id: Annotated[str, Doc("Identity of the case.")]
    fallout_id: Annotated[str | None, Doc("The fallout within the order.")] = None
    item_id: Annotated[str | None, Doc("Item concerned; null for the whole order.")] = None
    severity: Annotated[FalloutSeverity | None, Doc("How urgent it is.")] = None
    state: Annotated[FalloutState | None, Doc("State of the case.")] = None
    team: Annotated[str | None, Doc("Team that has it; null while nobody has.")] = None
    escalation_level: Annotated[int, Doc("How many levels it went up.")]
    due_at: Annotated[datetime | None, Doc("When it goes one level up.")] = None


class TimelineEntry(Model):
    """One thing that happened to the order."""

    at: Annotated[datetime, Doc("When.")]
    version: Annotated[int, Doc("Version of the order by it.")]
    event: Annotated[str, Doc("Name of the event.")]
    item_id: Annotated[str | None, Doc("Item concerned; null for the whole order.")] = None


class OrderStatusSupport(Model):
    """What blocks an order, who must act, and how to say it to the customer (R190)."""

    order_id: Annotated[str, Doc("Identity of the order.")]
    order_number: Annotated[str | None, Doc("Number people know it by.", _PUBLIC)] = None
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    state: Annotated[HeaderState, Doc("Header state.")]
    message: Annotated[parts.Wording, Doc("The same as a sentence.")]
    tmf622_v4_state: Annotated[str, Doc("The same state in TMF622 v4 terms.", _PUBLIC)]
    tmf622_v5_state: Annotated[str, Doc("The same state in TMF622 v5 terms.", _PUBLIC)]
    customer_status: Annotated[CustomerStatus | None, Doc("What the customer sees; null while that is nothing.")] = None
    customer_message: Annotated[parts.Wording | None, Doc("What may be said to the customer.")] = None
    progress_percent: Annotated[int, Doc("How much is done, 0 to 100.")]
    blocker: Annotated[parts.CurrentBlocker | None, Doc("What blocks it most; null when nothing does.")] = None
    next_action: Annotated[parts.NextAction, Doc("What must happen next, and by whom.")]
    stuck: Annotated[bool, Doc("Whether nothing moved it for longer than its state allows.")]
    stuck_since: Annotated[datetime | None, Doc("When that time was over; null when it is not stuck.")] = None
    last_moved_at: Annotated[datetime, Doc("When something last moved it.")]
    requested_completion: Annotated[datetime | None, Doc("Completion the customer wants.")] = None
    committed_completion: Annotated[datetime | None, Doc("Completion promised to the customer.")] = None
    jeopardy: Annotated[Jeopardy, Doc("How the promise stands.")]
    milestones: Annotated[tuple[parts.MilestoneReached, ...], Doc("Milestones reached.")]
    items: Annotated[tuple[parts.ItemProgress, ...], Doc("Every known item, by id.")]
    fulfilled: Annotated[parts.Fulfilment, Doc("How much of it was delivered.")]
    changes: Annotated[tuple[parts.OrderChange, ...], Doc("Newest changes after creation.")]
    cancellations: Annotated[tuple[parts.Cancellation, ...], Doc("Newest requests and refusals of a cancellation.")]
    open_cases: Annotated[tuple[OpenCase, ...], Doc("Fallout cases that are not closed.")]
    timeline: Annotated[tuple[TimelineEntry, ...], Doc("Newest events of the order itself, oldest first.")]
    version_gaps: Annotated[tuple[int, ...], Doc("Versions of the order that were not read.")]
    conflicting_versions: Annotated[tuple[int, ...], Doc("Versions of the order read with differing content.")]
    version: Annotated[int, Doc("Rises with what is known of the order.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
