"""Which aggregates a store carries commands out for, and where their events are published."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from domain.aggregate import AggregateType
from domain.charge.aggregate import CHARGE
from domain.charge.aggregate import MACHINE as CHARGE_MACHINE
from domain.command import Command
from domain.consumer_checkpoint.aggregate import CONSUMER_CHECKPOINT
from domain.consumer_checkpoint.aggregate import MACHINE as CHECKPOINT_MACHINE
from domain.evidence_package.aggregate import EVIDENCE_PACKAGE
from domain.evidence_package.aggregate import MACHINE as EVIDENCE_MACHINE
from domain.governance_record.aggregate import GOVERNANCE_RECORD
from domain.governance_record.aggregate import MACHINE as GOVERNANCE_MACHINE
from domain.non_billing_reason.aggregate import MACHINE as NON_BILLING_MACHINE
from domain.non_billing_reason.aggregate import NON_BILLING_REASON
from domain.product_order.aggregate import MACHINE, PRODUCT_ORDER
from domain.product_order.commands import CreateProductOrder, SubmitProductOrder
from topics import catalogue
from topics.catalogue import PRODUCT_ORDERS as PRODUCT_ORDERS_TOPIC


@dataclass(frozen=True, slots=True)
class HostedAggregate:
    """An aggregate type, the topic of its events and the commands it answers.

    `captures` are the commands that leave an `OrderCaptureAttempted` even when they are accepted; refused ones and
    those answered through a claim always leave one.
    """

    aggregate: AggregateType[Any]
    topic: str
    commands: frozenset[type[Command]]
    captures: frozenset[type[Command]] = field(default_factory=frozenset)

    @property
    def name(self) -> str:
        """Name of the aggregate type, such as `ProductOrder`."""
        return self.aggregate.name


PRODUCT_ORDERS = HostedAggregate(
    aggregate=PRODUCT_ORDER,
    topic=PRODUCT_ORDERS_TOPIC.name,
    commands=MACHINE.commands,
    captures=frozenset({CreateProductOrder, SubmitProductOrder}),
)
"""The product orders of the OMS."""

CHARGES = HostedAggregate(CHARGE, catalogue.CHARGES.name, CHARGE_MACHINE.commands)
"""The charges of billing, with their invoices."""

NON_BILLING_REASONS = HostedAggregate(
    NON_BILLING_REASON, catalogue.NON_BILLING_REASONS.name, NON_BILLING_MACHINE.commands
)
"""The approved reasons for not billing."""

EVIDENCE_PACKAGES = HostedAggregate(EVIDENCE_PACKAGE, catalogue.EVIDENCE_PACKAGES.name, EVIDENCE_MACHINE.commands)
"""The evidence of accepted quotes."""

GOVERNANCE_RECORDS = HostedAggregate(GOVERNANCE_RECORD, catalogue.GOVERNANCE_RECORDS.name, GOVERNANCE_MACHINE.commands)
"""Corrections, overrides, emergency access, policies and refused attempts."""

CONSUMER_CHECKPOINTS = HostedAggregate(
    CONSUMER_CHECKPOINT, catalogue.CONSUMER_CHECKPOINTS.name, CHECKPOINT_MACHINE.commands
)
"""How far declared consumers have read."""

HOSTED: tuple[HostedAggregate, ...] = (
    PRODUCT_ORDERS,
    CHARGES,
    NON_BILLING_REASONS,
    EVIDENCE_PACKAGES,
    GOVERNANCE_RECORDS,
    CONSUMER_CHECKPOINTS,
)
"""Every aggregate this platform carries commands out for."""
