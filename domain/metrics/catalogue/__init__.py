"""All business metrics, by requirement (R335-R391 without R380, which demands alerts rather than a metric)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from domain.errors import ConfigurationError
from domain.metrics.catalogue.audit import AUDIT
from domain.metrics.catalogue.delivery import DELIVERY
from domain.metrics.catalogue.orders import ORDERS
from domain.metrics.catalogue.quotes import QUOTES
from domain.metrics.catalogue.truth import TRUTH
from domain.metrics.metric import Metric

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.metric_id: metric
        for metric in sorted((*TRUTH, *QUOTES, *ORDERS, *DELIVERY, *AUDIT), key=lambda m: int(m.requirement[1:]))
    }
)
"""Every metric by id, in the order of the requirements."""


def metric_named(name: str) -> Metric:
    """The metric with this id or requirement number. Raises `ConfigurationError` when there is none."""
    found = METRICS.get(name) or next((m for m in METRICS.values() if m.requirement == name.upper()), None)
    if found is None:
        message = f"There is no metric {name!r}."
        raise ConfigurationError(message, remediation="See `ordertruth metrics list`.")
    return found
