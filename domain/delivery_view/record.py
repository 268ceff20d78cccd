"""The records published on the fulfillment plan, fallout and fulfillment exception topics."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from domain.derivation import Derivation
from domain.model import Classification, Doc, Model

OWNER = "ordertruth"
SECRET = Classification.CONFIDENTIAL


class AttemptMade(Model):
    """One attempt at a task."""

    attempt: Annotated[int, Doc("Its number, from 1.")]
    begun_at: Annotated[datetime | None, Doc("When it began; null while that is unheard.")] = None
    ended_at: Annotated[datetime | None, Doc("When its newest outcome was told.")] = None
    outcome: Annotated[str | None, Doc("State it left the task in; null while it runs.")] = None
    failure_code: Annotated[str | None, Doc("Stable code of the failure.")] = None
    was_unknown: Annotated[bool, Doc("Whether nobody knew its outcome for a time (R298).")]


class ReservationSeen(Model):
    """The newest reservation for a task, as inventory published it."""

    reservation_id: Annotated[str, Doc("Identity of the reservation.")]
    state: Annotated[str | None, Doc("State of the reservation.")] = None
    resource_kind: Annotated[str | None, Doc("What is set aside.")] = None
    quantity: Annotated[int | None, Doc("Units asked for.")] = None
    expires_at: Annotated[datetime | None, Doc("When it lapses.")] = None
    cause: Annotated[str | None, Doc("Why it was released.")] = None
    failure_code: Annotated[str | None, Doc("Why nothing was set aside.")] = None
    at: Annotated[datetime, Doc("When that was so.")]


class ProvisioningSeen(Model):
    """The newest provisioning request for a task, as the network answered."""

    provisioning_request_id: Annotated[str, Doc("Identity of the request.")]
    state: Annotated[str | None, Doc("State of the technical change.")] = None
    operation: Annotated[str | None, Doc("What is done to the service.")] = None
    answer_due_at: Annotated[datetime | None, Doc("When its outcome counts as unknown.")] = None
    failure_code: Annotated[str | None, Doc("Why the service is not as it was asked for.")] = None
    partially_applied: Annotated[bool | None, Doc("Whether something took effect and is to be taken back.")] = None
    service_status: Annotated[str | None, Doc("What was last seen of the service; null unless somebody looked.")] = None
    service_seen_at: Annotated[datetime | None, Doc("When somebody looked.")] = None
    at: Annotated[datetime, Doc("When the state was told.")]


class PlannedTask(Model):
    """One task of a plan and how far it has come."""

    task_id: Annotated[str, Doc("Identity of the task.")]
    item_id: Annotated[str | None, Doc("Order item it delivers; null when it serves the whole order.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product it acts on.")] = None
    kind: Annotated[str | None, Doc("What it does.")] = None
    performed_by: Annotated[str | None, Doc("System that carries it out.")] = None
    service_id: Annotated[str | None, Doc("Service it acts on.")] = None
    resource_id: Annotated[str | None, Doc("Resource it acts on.")] = None
    state: Annotated[str, Doc("State of the task.")]
    since: Annotated[datetime | None, Doc("When it entered that state; null before it began.")] = None
    depends_on: Annotated[tuple[str, ...], Doc("Tasks that must be complete before it may start.")] = ()
    waits_for: Annotated[tuple[str, ...], Doc("Those of them that are not, while it is pending.")] = ()
    cutoff: Annotated[str | None, Doc("From when on its item cannot be cancelled (R299).")] = None
    past_cutoff: Annotated[bool, Doc("Whether it keeps its item from being cancelled.")]
    attempt: Annotated[int, Doc("Number of the newest attempt; 0 before the first.")]
    attempts_max: Annotated[int | None, Doc("Attempts before a person must decide.")] = None
    attempts_left: Annotated[int | None, Doc("Attempts that are left after a failure.")] = None
    next_attempt_at: Annotated[datetime | None, Doc("When a failed task is tried again.")] = None
    outcome_unknown: Annotated[bool, Doc("Whether nobody knows if it succeeded (R163, R298).")]
    failure_code: Annotated[str | None, Doc("Stable code of the failure it stands in.")] = None
    result_ref: Annotated[str | None, Doc("Evidence of the result.")] = None
    compensation: Annotated[str | None, Doc("How it was taken back.")] = None
    compensated_by: Annotated[str | None, Doc("What undoes it.")] = None
    attempts: Annotated[tuple[AttemptMade, ...], Doc("The newest attempts, oldest first.")] = ()
    reservation: Annotated[ReservationSeen | None, Doc("What inventory set aside for it.")] = None
    provisioning: Annotated[ProvisioningSeen | None, Doc("What the network was told for it.")] = None


class FulfillmentPlanView(Model):
    """A page of the delivery plan of an order, as its owners published it (R209)."""

    page_id: Annotated[str, Doc("Identity: order and page.")]
    order_id: Annotated[str, Doc("The order.")]
    plan_id: Annotated[str, Doc("The plan.")]
    other_plan_ids: Annotated[tuple[str, ...], Doc("Further plans that name the order; there should be none.")] = ()
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    state: Annotated[str, Doc("State of the plan as fulfillment published it.")]
    state_since: Annotated[datetime, Doc("When the newest event of the plan happened.")]
    rules_version: Annotated[str | None, Doc("Decomposition rules it was made by.")] = None
    order_version: Annotated[int | None, Doc("Version of the order that was decomposed.")] = None
    input_fingerprint: Annotated[str | None, Doc("Fingerprint of what it was made from.")] = None
    payment_required: Annotated[bool | None, Doc("Whether the order had to be paid before.")] = None
    created_at: Annotated[datetime | None, Doc("When it was made; null while that is unheard.")] = None
    task_count: Annotated[int, Doc("Tasks of the plan, on all pages.")]
    pending_count: Annotated[int, Doc("Tasks not begun.")]
    running_count: Annotated[int, Doc("Tasks at work.")]
    completed_count: Annotated[int, Doc("Tasks done.")]
    failed_count: Annotated[int, Doc("Tasks that failed.")]
    unknown_count: Annotated[int, Doc("Tasks of unknown outcome.")]
    compensated_count: Annotated[int, Doc("Tasks taken back.")]
    page: Annotated[int, Doc("Place of the page, from 1.")]
    pages: Annotated[int, Doc("Pages of the plan.")]
    tasks: Annotated[tuple[PlannedTask, ...], Doc("The tasks of the page, each after all it depends on.")]
    version: Annotated[int, Doc("Rises with what is known of the delivery.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]


class RepairMade(Model):
    """One repair of a fallout (R121, R123)."""

    repair_id: Annotated[str, Doc("Identity within the case.")]
    kind: Annotated[str | None, Doc("What it did.")] = None
    at: Annotated[datetime, Doc("When.")]
    actor_id: Annotated[str | None, Doc("Who made it.", SECRET)] = None
    actor_role: Annotated[str | None, Doc("In which role.")] = None
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    evidence_ref: Annotated[str | None, Doc("What shows that it was done.")] = None
    dry_run_ref: Annotated[str | None, Doc("Trial run it was checked by (R399).")] = None
    approval_ref: Annotated[str | None, Doc("Approval it rests on.")] = None
    approved_by: Annotated[str | None, Doc("Who approved it.", SECRET)] = None
    prior_state_hash: Annotated[str | None, Doc("Hash of what was repaired, before.")] = None
    new_state_hash: Annotated[str | None, Doc("Hash of it afterwards.")] = None


class FalloutView(Model):
    """One fallout of an order: the case with its cause, runbook, owner and repairs (R210, R583)."""

    fallout_key: Annotated[str, Doc("Identity: order and fallout.")]
    order_id: Annotated[str, Doc("The order.")]
    fallout_id: Annotated[str, Doc("The fallout within its order.")]
    case_id: Annotated[str | None, Doc("Case that was opened; null when the order tells of it alone.")] = None
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    item_id: Annotated[str | None, Doc("Item concerned; null when the whole order is.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product of the item.")] = None
    task_id: Annotated[str | None, Doc("Task it came from.")] = None
    state: Annotated[str, Doc("State of the case; RAISED while there is none.")]
    open: Annotated[bool, Doc("Whether somebody still has to do something.")]
    cause: Annotated[str | None, Doc("What went wrong.")] = None
    nature: Annotated[str | None, Doc("Which of the five ways of going wrong it is (R145-R149).")] = None
    severity: Annotated[str | None, Doc("How urgent it is.")] = None
    failure_code: Annotated[str | None, Doc("Stable code of the failure.")] = None
    repair: Annotated[str | None, Doc("Who can mend it, as the order says.")] = None
    detected_by: Annotated[str | None, Doc("System that noticed.")] = None
    runbook_ref: Annotated[str | None, Doc("Runbook to follow.")] = None
    rollback: Annotated[str | None, Doc("The way back if the repair does not help.")] = None
    customer_communication: Annotated[str | None, Doc("What the customer is told, and when.")] = None
    team: Annotated[str | None, Doc("Team that has it.")] = None
    assignee_id: Annotated[str | None, Doc("Who has it.", SECRET)] = None
    escalation_level: Annotated[int, Doc("How many levels it went up.")]
    due_at: Annotated[datetime | None, Doc("When it goes one level up.")] = None
    raised_at: Annotated[datetime | None, Doc("When the order left its path.")] = None
    detected_at: Annotated[datetime | None, Doc("When the case was opened.")] = None
    ended_at: Annotated[datetime | None, Doc("When the case was resolved or closed.")] = None
    resolution: Annotated[str | None, Doc("How it ended.")] = None
    verification_ref: Annotated[str | None, Doc("What shows that it works again.")] = None
    rollback_ref: Annotated[str | None, Doc("Evidence that what was begun is undone.")] = None
    customer_notice_ref: Annotated[str | None, Doc("What the customer was told.")] = None
    repair_count: Annotated[int, Doc("Repairs that were made.")]
    repairs: Annotated[tuple[RepairMade, ...], Doc("The newest of them, oldest first.")] = ()
    version: Annotated[int, Doc("Rises with what is known of the delivery.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]


class ExceptionKind(StrEnum):
    """What can need somebody while an order is delivered."""

    TASK_FAILED = "TASK_FAILED"
    TASK_GIVEN_UP = "TASK_GIVEN_UP"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    RESERVATION_LOST = "RESERVATION_LOST"
    PROVISIONING_FAILED = "PROVISIONING_FAILED"
    SERVICE_DOWN = "SERVICE_DOWN"
    FALLOUT_OPEN = "FALLOUT_OPEN"


class FulfillmentException(Model):
    """Something in a delivery that stands and needs somebody; its tombstone says that it is over (R220)."""

    exception_id: Annotated[str, Doc("Identity: order, kind and what it is about.")]
    kind: Annotated[ExceptionKind, Doc("What it is.")]
    order_id: Annotated[str, Doc("The order.")]
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    item_id: Annotated[str | None, Doc("Item concerned; null when the whole order is.")] = None
    about_id: Annotated[str, Doc("Task or fallout it is about.")]
    code: Annotated[str | None, Doc("Stable code of what went wrong.")] = None
    since: Annotated[datetime, Doc("Since when it stands.")]
    needs_person: Annotated[bool, Doc("Whether nothing happens any more unless somebody decides.")]
    owner: Annotated[str, Doc("System that has to act.")]
    sentence: Annotated[str, Doc("What is wrong, in plain words.")]
    next_action: Annotated[str, Doc("What to do.")]
    version: Annotated[int, Doc("Rises with what is known of the delivery.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
