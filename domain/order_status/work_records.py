"""The record for those who deliver an order: tasks, resources, failures and what waits for what (R191, R308)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.derivation import Derivation
from domain.fallout_case.states import FalloutCause, FalloutNature, FalloutSeverity, FalloutState
from domain.fulfillment_plan.states import PlanState, TaskCutoff, TaskKind, TaskState
from domain.model import Classification, Doc, Model
from domain.order_state.states import HeaderState
from domain.order_status import parts
from domain.order_status.vocabulary import Jeopardy, UnknownKind
from domain.provisioning_request.states import Operation, ProvisioningState, ServiceStatus
from domain.reservation.states import ReservationState, ResourceKind

_PUBLIC = Classification.PUBLIC


class TaskStatus(Model):
    """One task exactly as it stands."""

    task_id: Annotated[str, Doc("Identity of the task.")]
    item_id: Annotated[str | None, Doc("Item it delivers; null when it serves the whole order.")] = None
    kind: Annotated[TaskKind | None, Doc("What it does.")] = None
    performed_by: Annotated[str | None, Doc("System that carries it out.")] = None
    state: Annotated[TaskState, Doc("State of the task; UNKNOWN is neither success nor failure.")]
    attempt: Annotated[int, Doc("Number of the newest attempt; 0 before the first.")]
    attempts_left: Annotated[int | None, Doc("Attempts still allowed after a failure; null otherwise.")] = None
    failure_code: Annotated[str | None, Doc("Stable code of the newest failure.")] = None
    cutoff: Annotated[TaskCutoff | None, Doc("From when on it keeps its item from being cancelled.")] = None
    depends_on: Annotated[tuple[str, ...], Doc("Tasks that must be complete before it.")]
    waits_for: Annotated[tuple[str, ...], Doc("Those of them that are not complete.")]
    since: Annotated[datetime | None, Doc("When its newest event happened; null before the first.")] = None


class ReservationStatus(Model):
    """One reservation."""

    reservation_id: Annotated[str, Doc("Identity of the reservation.")]
    task_id: Annotated[str | None, Doc("Task that needs it.")] = None
    item_id: Annotated[str | None, Doc("Item concerned.")] = None
    resource_kind: Annotated[ResourceKind | None, Doc("What is set aside.")] = None
    state: Annotated[ReservationState | None, Doc("State of the reservation.")] = None
    expires_at: Annotated[datetime | None, Doc("When it lapses.")] = None
    failure_code: Annotated[str | None, Doc("Why nothing could be set aside.")] = None
    attempt: Annotated[int, Doc("Which try it is.")]


class ProvisioningStatus(Model):
    """One technical change."""

    provisioning_request_id: Annotated[str, Doc("Identity of the request.")]
    task_id: Annotated[str | None, Doc("Task it is for.")] = None
    item_id: Annotated[str | None, Doc("Item concerned.")] = None
    operation: Annotated[Operation | None, Doc("What is done to the service.")] = None
    state: Annotated[ProvisioningState | None, Doc("State of the change.")] = None
    service_status: Annotated[ServiceStatus | None, Doc("What the network showed last.")] = None
    failure_code: Annotated[str | None, Doc("Stable code of the failure.")] = None
    attempt: Annotated[int, Doc("Which try it is.")]


class FalloutStatus(Model):
    """One fallout case."""

    case_id: Annotated[str, Doc("Identity of the case.")]
    fallout_id: Annotated[str | None, Doc("The fallout within the order.")] = None
    item_id: Annotated[str | None, Doc("Item concerned; null for the whole order.")] = None
    task_id: Annotated[str | None, Doc("Task it came from.")] = None
    cause: Annotated[FalloutCause | None, Doc("What went wrong.")] = None
    nature: Annotated[FalloutNature | None, Doc("Which way of going wrong it is.")] = None
    severity: Annotated[FalloutSeverity | None, Doc("How urgent it is.")] = None
    state: Annotated[FalloutState | None, Doc("State of the case.")] = None
    failure_code: Annotated[str | None, Doc("Stable code of the failure.")] = None
    runbook_ref: Annotated[str | None, Doc("Runbook to follow.")] = None
    team: Annotated[str | None, Doc("Team that has it.")] = None
    due_at: Annotated[datetime | None, Doc("When it goes one level up.")] = None


class UnknownOutcome(Model):
    """Something of which nobody knows how it ended (R163, R298)."""

    kind: Annotated[UnknownKind, Doc("What sort of thing it is.")]
    entity_id: Annotated[str, Doc("Task, request or authorisation.")]
    item_id: Annotated[str | None, Doc("Item concerned; null for the whole order.")] = None
    since: Annotated[datetime, Doc("Since when.")]


class BundleStatus(Model):
    """An item's place in the commercial hierarchy."""

    item_id: Annotated[str, Doc("The item.")]
    parent_item_id: Annotated[str | None, Doc("Bundle it belongs to; null at the top.")] = None
    root_item_id: Annotated[str, Doc("Top of its bundle, which may be itself.")]
    member_ids: Annotated[tuple[str, ...], Doc("Items right below it.")]


class DependencyStatus(Model):
    """What an item must wait for, which is not its place in a bundle (R308)."""

    item_id: Annotated[str, Doc("The item.")]
    depends_on: Annotated[tuple[str, ...], Doc("Items that must be complete before it.")]
    open_dependencies: Annotated[tuple[str, ...], Doc("Those of them that are not complete.")]
    ready: Annotated[bool, Doc("Whether none is open.")]


class OrderStatusFulfillment(Model):
    """Exactly how the delivery of an order stands (R191)."""

    order_id: Annotated[str, Doc("Identity of the order.")]
    order_number: Annotated[str | None, Doc("Number people know it by.", _PUBLIC)] = None
    state: Annotated[HeaderState, Doc("Header state.")]
    message: Annotated[parts.Wording, Doc("The same as a sentence.")]
    tmf622_v4_state: Annotated[str, Doc("The same state in TMF622 v4 terms.", _PUBLIC)]
    tmf622_v5_state: Annotated[str, Doc("The same state in TMF622 v5 terms.", _PUBLIC)]
    progress_percent: Annotated[int, Doc("How much is done, 0 to 100.")]
    plan_state: Annotated[PlanState | None, Doc("State the plan declares; null before there is one.")] = None
    blocker: Annotated[parts.CurrentBlocker | None, Doc("What blocks it most; null when nothing does.")] = None
    next_action: Annotated[parts.NextAction, Doc("What must happen next, and by whom.")]
    stuck: Annotated[bool, Doc("Whether nothing moved it for longer than its state allows.")]
    stuck_since: Annotated[datetime | None, Doc("When that time was over; null when it is not stuck.")] = None
    last_moved_at: Annotated[datetime, Doc("When something last moved it.")]
    committed_completion: Annotated[datetime | None, Doc("Completion promised to the customer.")] = None
    jeopardy: Annotated[Jeopardy, Doc("How the promise stands.")]
    milestones: Annotated[tuple[parts.MilestoneReached, ...], Doc("Milestones reached.")]
    items: Annotated[tuple[parts.ItemProgress, ...], Doc("Every known item, by id.")]
    fulfilled: Annotated[parts.Fulfilment, Doc("How much of it was delivered.")]
    tasks: Annotated[tuple[TaskStatus, ...], Doc("Tasks, in the order of their plan.")]
    retries: Annotated[int, Doc("Attempts beyond the first, of all tasks.")]
    unknown_outcomes: Annotated[tuple[UnknownOutcome, ...], Doc("What must be looked up.")]
    reservations: Annotated[tuple[ReservationStatus, ...], Doc("Resources set aside.")]
    provisioning: Annotated[tuple[ProvisioningStatus, ...], Doc("Technical changes.")]
    fallouts: Annotated[tuple[FalloutStatus, ...], Doc("Fallout cases, closed ones included.")]
    bundles: Annotated[tuple[BundleStatus, ...], Doc("The hierarchy of the items.")]
    dependencies: Annotated[tuple[DependencyStatus, ...], Doc("Items that wait for others.")]
    cancellations: Annotated[tuple[parts.Cancellation, ...], Doc("Newest requests and refusals of a cancellation.")]
    version_gaps: Annotated[tuple[int, ...], Doc("Versions of the order that were not read.")]
    version: Annotated[int, Doc("Rises with what is known of the order.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
