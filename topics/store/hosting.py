"""Which aggregates a store carries commands out for, and where their events are published."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from domain.account import aggregate as account
from domain.aggregate import AggregateType
from domain.approval_case import aggregate as approval_case
from domain.asset import aggregate as asset
from domain.billing_handoff import aggregate as billing_handoff
from domain.case_decision import aggregate as case_decision
from domain.catalog_publication import aggregate as catalog_publication
from domain.charge import aggregate as charge
from domain.command import Command, CommandOutcome
from domain.consumer_checkpoint import aggregate as consumer_checkpoint
from domain.evidence_package import aggregate as evidence_package
from domain.fallout_case import aggregate as fallout_case
from domain.fulfillment_plan import aggregate as fulfillment_plan
from domain.governance_record import aggregate as governance_record
from domain.non_billing_reason import aggregate as non_billing_reason
from domain.payment_authorization import aggregate as payment_authorization
from domain.price_calculation import aggregate as price_calculation
from domain.product_order.aggregate import MACHINE, PRODUCT_ORDER
from domain.product_order.commands import CreateProductOrder, SubmitProductOrder
from domain.provisioning_request import aggregate as provisioning_request
from domain.quote import aggregate as quote
from domain.reservation import aggregate as reservation
from topics.catalogue import ACCOUNTS as ACCOUNTS_TOPIC
from topics.catalogue import APPROVAL_CASES as APPROVAL_CASES_TOPIC
from topics.catalogue import ASSETS as ASSETS_TOPIC
from topics.catalogue import BILLING_HANDOFFS as BILLING_HANDOFFS_TOPIC
from topics.catalogue import CASE_DECISIONS as CASE_DECISIONS_TOPIC
from topics.catalogue import CATALOG_PUBLICATIONS as CATALOG_PUBLICATIONS_TOPIC
from topics.catalogue import CHARGES as CHARGES_TOPIC
from topics.catalogue import CONSUMER_CHECKPOINTS as CONSUMER_CHECKPOINTS_TOPIC
from topics.catalogue import EVIDENCE_PACKAGES as EVIDENCE_PACKAGES_TOPIC
from topics.catalogue import FALLOUT_CASES as FALLOUT_CASES_TOPIC
from topics.catalogue import FULFILLMENT_PLANS as FULFILLMENT_PLANS_TOPIC
from topics.catalogue import GOVERNANCE_RECORDS as GOVERNANCE_RECORDS_TOPIC
from topics.catalogue import NON_BILLING_REASONS as NON_BILLING_REASONS_TOPIC
from topics.catalogue import PAYMENT_AUTHORIZATIONS as PAYMENT_AUTHORIZATIONS_TOPIC
from topics.catalogue import PRICE_CALCULATIONS as PRICE_CALCULATIONS_TOPIC
from topics.catalogue import PRODUCT_ORDERS as PRODUCT_ORDERS_TOPIC
from topics.catalogue import PROVISIONING_RESULTS as PROVISIONING_RESULTS_TOPIC
from topics.catalogue import QUOTES as QUOTES_TOPIC
from topics.catalogue import RESERVATIONS as RESERVATIONS_TOPIC


@dataclass(frozen=True, slots=True)
class HostedAggregate:
    """An aggregate type, the topic of its events and the commands it answers.

    `captures` are the commands that leave an `OrderCaptureAttempted` even when they are accepted. Where there are any,
    refused commands and those answered through a claim leave one, too; elsewhere none does, for the fact is about the
    capture of orders.
    """

    aggregate: AggregateType[Any]
    topic: str
    commands: frozenset[type[Command]]
    captures: frozenset[type[Command]] = field(default_factory=frozenset)

    @property
    def name(self) -> str:
        """Name of the aggregate type, such as `ProductOrder`."""
        return self.aggregate.name

    def leaves_attempt(self, command: type[Command], outcome: CommandOutcome) -> bool:
        """Whether a command that came to this leaves an `OrderCaptureAttempted`."""
        return bool(self.captures) and (outcome is not CommandOutcome.ACCEPTED or command in self.captures)


PRODUCT_ORDERS = HostedAggregate(
    aggregate=PRODUCT_ORDER,
    topic=PRODUCT_ORDERS_TOPIC.name,
    commands=MACHINE.commands,
    captures=frozenset({CreateProductOrder, SubmitProductOrder}),
)
"""The product orders of the OMS."""

RESERVATIONS = HostedAggregate(
    aggregate=reservation.RESERVATION,
    topic=RESERVATIONS_TOPIC.name,
    commands=reservation.MACHINE.commands,
)
"""The reservations of the inventory."""

PAYMENT_AUTHORIZATIONS = HostedAggregate(
    aggregate=payment_authorization.PAYMENT_AUTHORIZATION,
    topic=PAYMENT_AUTHORIZATIONS_TOPIC.name,
    commands=payment_authorization.MACHINE.commands,
)
"""The authorizations of payments."""

PROVISIONING_REQUESTS = HostedAggregate(
    aggregate=provisioning_request.PROVISIONING_REQUEST,
    topic=PROVISIONING_RESULTS_TOPIC.name,
    commands=provisioning_request.MACHINE.commands,
)
"""The requests of provisioning."""

ACCOUNTS = HostedAggregate(aggregate=account.ACCOUNT, topic=ACCOUNTS_TOPIC.name, commands=account.MACHINE.commands)
"""The accounts of the CRM."""

CATALOG_PUBLICATIONS = HostedAggregate(
    aggregate=catalog_publication.CATALOG_PUBLICATION,
    topic=CATALOG_PUBLICATIONS_TOPIC.name,
    commands=catalog_publication.MACHINE.commands,
)
"""The publications of the catalog."""

FULFILLMENT_PLANS = HostedAggregate(
    aggregate=fulfillment_plan.FULFILLMENT_PLAN,
    topic=FULFILLMENT_PLANS_TOPIC.name,
    commands=fulfillment_plan.MACHINE.commands,
)
"""The plans of fulfillment."""

FALLOUT_CASES = HostedAggregate(
    aggregate=fallout_case.FALLOUT_CASE,
    topic=FALLOUT_CASES_TOPIC.name,
    commands=fallout_case.MACHINE.commands,
)
"""The fallout cases of the OMS."""

ASSETS = HostedAggregate(aggregate=asset.ASSET, topic=ASSETS_TOPIC.name, commands=asset.MACHINE.commands)
"""The installed products of the inventory."""

BILLING_HANDOFFS = HostedAggregate(
    aggregate=billing_handoff.BILLING_HANDOFF,
    topic=BILLING_HANDOFFS_TOPIC.name,
    commands=billing_handoff.MACHINE.commands,
)
"""What the OMS hands to billing."""

PRICE_CALCULATIONS = HostedAggregate(
    aggregate=price_calculation.PRICE_CALCULATION,
    topic=PRICE_CALCULATIONS_TOPIC.name,
    commands=price_calculation.MACHINE.commands,
)
"""The price calculations of CPQ."""

APPROVAL_CASES = HostedAggregate(
    aggregate=approval_case.APPROVAL_CASE,
    topic=APPROVAL_CASES_TOPIC.name,
    commands=approval_case.MACHINE.commands,
)
"""The approval cases of CPQ."""

QUOTES = HostedAggregate(aggregate=quote.QUOTE, topic=QUOTES_TOPIC.name, commands=quote.MACHINE.commands)
"""The quotes of CPQ."""

CHARGES = HostedAggregate(
    aggregate=charge.CHARGE,
    topic=CHARGES_TOPIC.name,
    commands=charge.MACHINE.commands,
)
"""The charges of billing, with their invoices."""

NON_BILLING_REASONS = HostedAggregate(
    aggregate=non_billing_reason.NON_BILLING_REASON,
    topic=NON_BILLING_REASONS_TOPIC.name,
    commands=non_billing_reason.MACHINE.commands,
)
"""The approved reasons for not billing."""

EVIDENCE_PACKAGES = HostedAggregate(
    aggregate=evidence_package.EVIDENCE_PACKAGE,
    topic=EVIDENCE_PACKAGES_TOPIC.name,
    commands=evidence_package.MACHINE.commands,
)
"""The evidence of accepted quotes."""

GOVERNANCE_RECORDS = HostedAggregate(
    aggregate=governance_record.GOVERNANCE_RECORD,
    topic=GOVERNANCE_RECORDS_TOPIC.name,
    commands=governance_record.MACHINE.commands,
)
"""Corrections, overrides, emergency access, policies and refused attempts."""

CONSUMER_CHECKPOINTS = HostedAggregate(
    aggregate=consumer_checkpoint.CONSUMER_CHECKPOINT,
    topic=CONSUMER_CHECKPOINTS_TOPIC.name,
    commands=consumer_checkpoint.MACHINE.commands,
)
"""How far declared consumers have read."""

CASE_DECISIONS = HostedAggregate(
    aggregate=case_decision.CASE_DECISION,
    topic=CASE_DECISIONS_TOPIC.name,
    commands=case_decision.MACHINE.commands,
)
"""What people decide about reconciliation cases."""

HOSTED: tuple[HostedAggregate, ...] = (
    PRODUCT_ORDERS,
    RESERVATIONS,
    PAYMENT_AUTHORIZATIONS,
    PROVISIONING_REQUESTS,
    ACCOUNTS,
    CATALOG_PUBLICATIONS,
    FULFILLMENT_PLANS,
    FALLOUT_CASES,
    ASSETS,
    BILLING_HANDOFFS,
    PRICE_CALCULATIONS,
    APPROVAL_CASES,
    QUOTES,
    CHARGES,
    NON_BILLING_REASONS,
    EVIDENCE_PACKAGES,
    GOVERNANCE_RECORDS,
    CONSUMER_CHECKPOINTS,
    CASE_DECISIONS,
)
"""Every aggregate a store can host; the first one answers commands that none lists."""
