"""All drift rules as folds, one for each way in which facts are brought together."""

from __future__ import annotations

from domain.drift.aggregate.space import aggregate_space
from domain.drift.order.space import order_space
from domain.drift.product.space import product_space
from domain.drift.quote.space import quote_space
from domain.drift.reference.account import account_space
from domain.drift.reference.offering import offering_space
from domain.drift.reference.publication import publication_space
from domain.drift.rulebook import RULES
from domain.drift.rules import RuleSet
from domain.fold.fold import Fold


def drift_folds(rules: RuleSet = RULES) -> tuple[Fold, ...]:
    """The folds with these rules; a second version of a rule runs beside the first in folds of its own."""
    return (
        order_space(rules),
        quote_space(rules),
        product_space(rules),
        account_space(rules),
        offering_space(rules),
        publication_space(rules),
        aggregate_space(rules),
    )
