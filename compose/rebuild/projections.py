"""What can be rebuilt from the events, and what each of it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from compose.derivations import DERIVATIONS
from domain.errors import ConfigurationError
from domain.fold.fold import Fold
from domain.order_state.build import RULE_ID
from domain.order_state.policy import REFERENCE_V1
from sinks.table import Table
from sinks.tables import ALERTS, ORDER_STATE, ORDER_STATUS, RECONCILIATION_CASES, tables_of
from topics.catalogue import PRODUCT_ORDERS, TOPICS, Kind

ORDER_STATUS_NAME = "order-status"
"""All tables of the six audiences together."""
_KEPT: Mapping[str, str] = {
    RECONCILIATION_CASES.name: "Cases hold decisions of people in their order of arrival; they are kept, not derived.",
    ALERTS.name: "Alerts are a record of who was told what; they are kept, not derived.",
}


@dataclass(frozen=True)
class Projection:
    """Tables rebuilt together, from the topics `sources`.

    `folds` are none for the order states; `app` is the application that keeps their time.
    """

    name: str
    tables: tuple[Table, ...]
    sources: tuple[str, ...]
    app: str = ""
    folds: tuple[Fold, ...] = ()

    def elsewhere(self, topics: Mapping[str, str], sources: tuple[str, ...]) -> Projection:
        """The same with other topics for its tables, by their names, and from other topics."""
        tables = tuple(replace(table, topic=topics[table.name]) for table in self.tables)
        return replace(self, tables=tables, sources=sources)

    @property
    def rules(self) -> dict[str, str]:
        """The version of each rule it is made by: a rebuild begun with others is not gone on with."""
        if not self.folds:
            return {RULE_ID: REFERENCE_V1.policy_id}
        return {fold.rule_id: fold.rule_version for fold in self.folds}


def projection_named(name: str) -> Projection:
    """A projection by the name of its table, with dashes or underscores; raises `ConfigurationError` for another."""
    table_name = name.replace("-", "_")
    if name == ORDER_STATUS_NAME:
        return _of(name, tuple(ORDER_STATUS.values()))
    if table_name in _KEPT:
        message = f"{name} cannot be rebuilt. {_KEPT[table_name]}"
        raise ConfigurationError(message, remediation="Let `ordertruth verify` check it against what it rests on.")
    for table in tables_of("postgres"):
        if table.name == table_name:
            return _of(name.replace("_", "-"), (table,))
    message = f"There is no projection {name!r}."
    raise ConfigurationError(message, remediation=f"Choose from {', '.join(projection_names())}.")


def projection_names() -> tuple[str, ...]:
    """Every name `projection_named` takes, each once."""
    tables = (t.name.replace("_", "-") for t in tables_of("postgres") if t.name not in _KEPT)
    return tuple(sorted({ORDER_STATUS_NAME, *tables}))


def _of(name: str, tables: tuple[Table, ...]) -> Projection:
    if tables == (ORDER_STATE,):
        return Projection(name, tables, (PRODUCT_ORDERS.name,))
    records = {table.model.__name__ for table in tables}
    for app, folds in DERIVATIONS.items():
        found = tuple(fold for fold in folds if records & fold.records)
        if found:
            return Projection(name, tables, _heard_on(found), app, found)
    message = f"No application derives {', '.join(sorted(records))}."
    raise ConfigurationError(message, remediation="Name a table that an application derives.")


def _heard_on(folds: tuple[Fold, ...]) -> tuple[str, ...]:
    kinds = frozenset[str]().union(*(fold.kinds for fold in folds))
    found = (t for t in TOPICS if t.kind in (Kind.OWNER, Kind.DERIVED))
    return tuple(t.name for t in found if kinds.intersection(t.records))
