"""Which aggregates a store carries commands out for, and where their events are published."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from domain.aggregate import AggregateType
from domain.asset.aggregate import ASSET
from domain.asset.aggregate import MACHINE as _ASSETS
from domain.billing_handoff.aggregate import BILLING_HANDOFF
from domain.billing_handoff.aggregate import MACHINE as _HANDOFFS
from domain.command import Command
from domain.fallout_case.aggregate import FALLOUT_CASE
from domain.fallout_case.aggregate import MACHINE as _FALLOUT
from domain.fulfillment_plan.aggregate import FULFILLMENT_PLAN
from domain.fulfillment_plan.aggregate import MACHINE as _PLANS
from domain.product_order.aggregate import MACHINE, PRODUCT_ORDER
from domain.product_order.commands import CreateProductOrder, SubmitProductOrder
from topics.catalogue import ASSETS as ASSETS_TOPIC
from topics.catalogue import BILLING_HANDOFFS as BILLING_HANDOFFS_TOPIC
from topics.catalogue import FALLOUT_CASES as FALLOUT_CASES_TOPIC
from topics.catalogue import FULFILLMENT_PLANS as FULFILLMENT_PLANS_TOPIC
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
FULFILLMENT_PLANS = HostedAggregate(
    aggregate=FULFILLMENT_PLAN,
    topic=FULFILLMENT_PLANS_TOPIC.name,
    commands=_PLANS.commands,
)
"""The plans of fulfillment."""
FALLOUT_CASES = HostedAggregate(
    aggregate=FALLOUT_CASE,
    topic=FALLOUT_CASES_TOPIC.name,
    commands=_FALLOUT.commands,
)
"""The fallout cases of the OMS."""
ASSETS = HostedAggregate(
    aggregate=ASSET,
    topic=ASSETS_TOPIC.name,
    commands=_ASSETS.commands,
)
"""The installed products of inventory."""
BILLING_HANDOFFS = HostedAggregate(
    aggregate=BILLING_HANDOFF,
    topic=BILLING_HANDOFFS_TOPIC.name,
    commands=_HANDOFFS.commands,
)
"""What the OMS hands to billing."""

HOSTED: tuple[HostedAggregate, ...] = (
    PRODUCT_ORDERS,
    FULFILLMENT_PLANS,
    FALLOUT_CASES,
    ASSETS,
    BILLING_HANDOFFS,
)
"""Every aggregate a store can host."""
