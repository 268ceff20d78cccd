"""The records for those who bill an order and those who audit it (R192, R193)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.billing_handoff.states import HandoffState
from domain.billing_verdict.verdicts import Verdict
from domain.charge.states import ChargeState
from domain.derivation import Derivation
from domain.model import Classification, Doc, Model
from domain.money import Money
from domain.non_billing_reason.states import NonBillingCode
from domain.order_state.states import Action, HeaderState, ItemState
from domain.order_status import parts
from domain.order_status.vocabulary import Readiness, RecordQuality

_PUBLIC, _SECRET = Classification.PUBLIC, Classification.CONFIDENTIAL


class ComponentBilling(Model):
    """How far the billing of one price component is."""

    product_instance_id: Annotated[str | None, Doc("Installed product; null before acceptance.")] = None
    component_id: Annotated[str, Doc("Price component of the product.")]
    readiness: Annotated[Readiness, Doc("How far it is.")]
    billing_trigger_date: Annotated[datetime | None, Doc("From when on billing was asked to follow.")] = None
    handoff_state: Annotated[HandoffState | None, Doc("What billing was last asked for; null for nothing.")] = None
    charge_state: Annotated[ChargeState | None, Doc("State of the charge; null when there is none.")] = None
    non_billing_code: Annotated[NonBillingCode | None, Doc("Approved reason that holds; null without one.")] = None
    verdict: Annotated[Verdict | None, Doc("What comparing both sides came to; null when not compared.")] = None
    leakage: Annotated[Money | None, Doc("Agreed and not charged so far.", _SECRET)] = None
    overbilling: Annotated[Money | None, Doc("Charged and not agreed so far.", _SECRET)] = None


class ItemBilling(Model):
    """How far the billing of one item is."""

    item_id: Annotated[str, Doc("The item.")]
    product_instance_id: Annotated[str | None, Doc("Installed product of the item.")] = None
    action: Annotated[Action | None, Doc("What is done to the product; null while its line is unread.")] = None
    state: Annotated[ItemState, Doc("State of the item.")]
    readiness: Annotated[Readiness, Doc("How far it is: that of the component that is least far.")]
    components: Annotated[tuple[ComponentBilling, ...], Doc("Its price components.")]


class OrderStatusFinance(Model):
    """What of an order can be billed, and what was (R192)."""

    order_id: Annotated[str, Doc("Identity of the order.")]
    order_number: Annotated[str | None, Doc("Number people know it by.", _PUBLIC)] = None
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    readiness: Annotated[Readiness, Doc("That of the item that is least far.")]
    message: Annotated[parts.Wording, Doc("The same as a sentence.")]
    items: Annotated[tuple[ItemBilling, ...], Doc("Every executable item, by id.")]
    revenue_verified: Annotated[bool | None, Doc("Whether all verdicts agree; null when none was heard.")] = None
    version: Annotated[int, Doc("Rises with what is known of the order.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]


class DecisionTaken(Model):
    """Who decided what, when, with what authority and on what evidence."""

    what: Annotated[str, Doc("Name of the event or decision.")]
    actor_id: Annotated[str, Doc("Who decided; empty when that is not on record.", _SECRET)]
    actor_role: Annotated[str, Doc("In which role; empty when that is not on record.")]
    at: Annotated[datetime, Doc("When.")]
    authority_limit: Annotated[str | None, Doc("How far the authority goes; null when not stated.", _SECRET)] = None
    reason_code: Annotated[str | None, Doc("Why, in a stable code.")] = None
    policy_version: Annotated[str | None, Doc("Policy it was decided under.")] = None
    approved_by: Annotated[str | None, Doc("Who approved it besides.", _SECRET)] = None
    evidence_ref: Annotated[str | None, Doc("What it rests on.")] = None


class EvidenceHeld(Model):
    """One piece of evidence."""

    kind: Annotated[str, Doc("What it proves.")]
    content_hash: Annotated[str | None, Doc("Hash of its content; null when that is not on record.")] = None
    at: Annotated[datetime | None, Doc("When it was recorded.")] = None


class AttributesMissing(Model):
    """What one event ought to say and does not (R120, R372)."""

    event_id: Annotated[str, Doc("The event.")]
    event: Annotated[str, Doc("Its name.")]
    attributes: Annotated[tuple[str, ...], Doc("What is missing.")]


class DutiesBreached(Model):
    """One person did two things about this order that must be kept apart (R510)."""

    actor_id: Annotated[str, Doc("Who.", _SECRET)]
    first_duty: Annotated[str, Doc("What was done first.")]
    first_event: Annotated[str, Doc("The event or decision it shows by.")]
    second_duty: Annotated[str, Doc("What was done second.")]
    second_event: Annotated[str, Doc("The event or decision it shows by.")]


class OrderStatusCompliance(Model):
    """Who decided what about an order, and what of that is not as it must be (R193)."""

    order_id: Annotated[str, Doc("Identity of the order.")]
    order_number: Annotated[str | None, Doc("Number people know it by.", _PUBLIC)] = None
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    quote_id: Annotated[str | None, Doc("Accepted quote.")] = None
    state: Annotated[HeaderState, Doc("Header state.")]
    quality: Annotated[RecordQuality, Doc("How sound the record is.")]
    message: Annotated[parts.Wording, Doc("The same as a sentence.")]
    decisions: Annotated[tuple[DecisionTaken, ...], Doc("Decisions in the order in which they were taken.")]
    evidence: Annotated[tuple[EvidenceHeld, ...], Doc("Evidence that is on record.")]
    missing: Annotated[tuple[AttributesMissing, ...], Doc("Attributes events lack.")]
    missing_evidence: Annotated[tuple[str, ...], Doc("Evidence that ought to be there.")]
    breaches: Annotated[tuple[DutiesBreached, ...], Doc("Duties of one person that must be kept apart.")]
    quote_breaches: Annotated[tuple[str, ...], Doc("The same about its quote, in plain sentences.", _SECRET)]
    version: Annotated[int, Doc("Rises with what is known of the order.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
