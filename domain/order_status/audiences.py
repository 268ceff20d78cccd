"""The audiences of an order, each with the record it is given (R188-R193)."""

from __future__ import annotations

from collections.abc import Mapping

from domain.model import Model
from domain.order_status.control_records import OrderStatusCompliance, OrderStatusFinance
from domain.order_status.records import OrderStatusCustomer, OrderStatusSales, OrderStatusSupport
from domain.order_status.work_records import OrderStatusFulfillment

STATUS_OF: Mapping[str, type[Model]] = {
    "customer": OrderStatusCustomer,
    "sales": OrderStatusSales,
    "support": OrderStatusSupport,
    "fulfillment": OrderStatusFulfillment,
    "finance": OrderStatusFinance,
    "compliance": OrderStatusCompliance,
}
