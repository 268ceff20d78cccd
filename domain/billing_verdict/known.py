"""What is known of a product, now or as it was known at a moment: items, requests to billing, charges, reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from domain.billing_calendar import Days
from domain.billing_verdict import remembered as r
from domain.billing_verdict.charged import Charged, charged
from domain.billing_verdict.moments import day_of
from domain.fold.facts import Entry, Facts

Remembered = tuple[str, str, Entry]
"""A register: aggregate, name, entry."""


class Item(NamedTuple):
    """An accepted order item that acts on the product; one only a request to billing tells of is not `stated`."""

    order_id: str
    item_id: str
    action: str
    intent: str
    account_id: str | None
    billing_account_id: str | None
    components: dict[str, str]
    accepted_us: int
    stated: bool = True
    replaced: bool = False
    outcome: str | None = None
    outcome_us: int = 0
    activation_us: int | None = None
    installed_us: int | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """Order and item."""
        return self.order_id, self.item_id

    @property
    def completed(self) -> bool:
        """Whether it was delivered."""
        return self.outcome == "COMPLETED"


class Request(NamedTuple):
    """A request to billing about one component that was not taken back."""

    version: int
    order_id: str
    item_id: str
    effect: str
    terms: str
    billing_account_id: str | None
    activation_us: int | None
    trigger_us: int | None
    end_us: int | None


class Reason(NamedTuple):
    """An approved reason not to bill a component, and for which days it counts."""

    reason_id: str
    code: str
    days: Days


@dataclass(slots=True)
class Known:
    """Everything that is known of one product; `believed_us` are moments from which something is believed unsaid."""

    items: list[Item] = field(default_factory=list)
    requests: dict[str, list[Request]] = field(default_factory=dict)
    charges: dict[str, list[Charged]] = field(default_factory=dict)
    reasons: dict[str, list[Reason]] = field(default_factory=dict)
    believed_us: list[int] = field(default_factory=list)

    def request(self, item: Item, component_id: str) -> Request | None:
        """The newest standing request of an item about a component."""
        for request in reversed(self.requests.get(component_id, ())):
            if (request.order_id, request.item_id) == item.identity:
                return request
        return None


def known_us(entry: Entry) -> int:
    """Since when an event can be known: an event from the future proves only that somebody's clock is wrong."""
    return min(entry.time_us, entry.recorded_us)


def registers(facts: Facts) -> list[Remembered]:
    """Every register of a product, by aggregate and name."""
    return list(facts.starting_with(""))


def known(remembered: Iterable[Remembered], as_of_us: int, unfinished_us: int) -> Known:
    """What the registers said at a moment: only events up to it count, as if nothing had come since.

    `unfinished_us` is how long an item may take to be completed once inventory has recorded what it did.
    """
    raw = _Raw(as_of_us, unfinished_us)
    for aggregate, name, entry in remembered:
        if known_us(entry) <= as_of_us:
            raw.take(aggregate, name, entry)
    return raw.read()


@dataclass(slots=True)
class _Raw:
    as_of_us: int
    unfinished_us: int
    believed: list[int] = field(default_factory=list)
    items: list[tuple[str, str, bool, Entry]] = field(default_factory=list)
    outcomes: dict[tuple[str, str], Entry] = field(default_factory=dict)
    handoffs: dict[str, list[Entry]] = field(default_factory=dict)
    charges: dict[str, list[Entry]] = field(default_factory=dict)
    reasons: dict[str, list[Entry]] = field(default_factory=dict)
    invoices: dict[str, int | None] = field(default_factory=dict)
    activated: dict[tuple[str, str], Entry] = field(default_factory=dict)
    terminated: dict[tuple[str, str], Entry] = field(default_factory=dict)

    def take(self, aggregate: str, name: str, entry: Entry) -> None:
        value = entry.value
        kind, _, rest = name.partition("/")
        match kind:
            case "charge":
                self.charges.setdefault(aggregate, []).append(entry)
            case "handoff":
                self.handoffs.setdefault(aggregate, []).append(entry)
            case "outcome":
                self.outcomes[aggregate, rest] = entry
            case "item" | "replaced":
                self.items.append((aggregate, rest, kind == "replaced", entry))
            case "reason":
                self.reasons.setdefault(aggregate, []).append(entry)
            case r.INVOICE:
                self.invoices[aggregate] = value["until"]
            case r.ACTIVATED:
                self.activated[value["order"], value["item"]] = entry
            case r.TERMINATED:
                self.terminated[value["order"], value["item"]] = entry

    def read(self) -> Known:
        found = Known(requests={k: v for e in self.handoffs.values() for k, v in _standing(e)})
        found.items = [self._item(*item) for item in self.items]
        found.items += self._told_by_requests(found)
        for aggregate, entries in self.charges.items():
            charge = charged(aggregate, entries, self.invoices.get(aggregate))
            found.charges.setdefault(charge.component_id, []).append(charge)
        for aggregate, entries in self.reasons.items():
            for component_id, reason in _reasons(aggregate, entries):
                found.reasons.setdefault(component_id, []).append(reason)
        found.believed_us = self.believed
        return found

    def _item(self, order_id: str, item_id: str, replaced: bool, entry: Entry) -> Item:
        value = entry.value
        item = Item(
            order_id,
            item_id,
            value["action"],
            value["intent"],
            value["account"],
            value["billingAccount"],
            value["components"],
            entry.time_us,
            replaced=replaced,
        )
        return self._with_end_of_old(item) if replaced else self._with_outcome(item)

    def _with_outcome(self, item: Item) -> Item:
        outcome = self.outcomes.get(item.identity)
        activated = self.activated.get(item.identity)
        if outcome is None:
            return item
        installed = None if activated is None else activated.value["at"]
        how, activation = outcome.value
        return item._replace(
            outcome=how,
            outcome_us=outcome.time_us,
            activation_us=installed if activation is None else activation,
            installed_us=installed,
        )

    def _with_end_of_old(self, item: Item) -> Item:
        """The completion of a replacement names the new product; the old one hears of it by the request to end it.

        Where that does not come, the end that inventory recorded is believed after a while.
        """
        told = [
            (entry.time_us, entry.value["end"])
            for entries in self.handoffs.values()
            for entry in entries
            if (entry.value["order"], entry.value["item"]) == item.identity and entry.value.get("effect") == "END"
        ]
        ended = self.terminated.get(item.identity)
        if told:
            at, activation = min(told, key=lambda one: one[0])
        elif ended is not None:
            at, activation = known_us(ended) + self.unfinished_us, ended.value["at"]
        else:
            return item
        self.believed.append(at)
        return (
            item if at > self.as_of_us else item._replace(outcome="COMPLETED", outcome_us=at, activation_us=activation)
        )

    def _told_by_requests(self, found: Known) -> list[Item]:
        """Items whose acceptance did not come, or names another product, and that were handed over all the same."""
        have = {item.identity for item in found.items}
        told: dict[tuple[str, str], Item] = {}
        for entries in self.handoffs.values():
            for entry in entries:
                value = entry.value
                identity = value["order"], value["item"]
                if identity in have or identity in told or "withdrawn" in value:
                    continue
                terms = {value["component"]: value["terms"]}
                item = Item(
                    *identity,
                    value["action"],
                    value["intent"],
                    value["account"],
                    value["billingAccount"],
                    terms,
                    entry.time_us,
                    stated=False,
                )
                told[identity] = self._with_outcome(item)
        return list(told.values())


def _standing(entries: list[Entry]) -> list[tuple[str, list[Request]]]:
    """The requests of a handoff that were not taken back, oldest first, under its component."""
    standing: list[Request] = []
    for entry in entries:
        value: dict[str, Any] = entry.value
        if "withdrawn" in value:
            standing = [request for request in standing if request.version != value["withdrawn"]]
            continue
        standing.append(
            Request(
                entry.version,
                value["order"],
                value["item"],
                value["effect"],
                value["terms"],
                value["billingAccount"],
                value["activation"],
                value["trigger"],
                value["end"],
            )
        )
    return [(entries[0].value["component"], standing)]


def _reasons(reason_id: str, entries: list[Entry]) -> list[tuple[str, Reason]]:
    """The days for which not billing was approved; what is revoked counts up to its revocation."""
    found: list[tuple[str, Reason]] = []
    for entry in entries:
        value = entry.value
        if entry.kind == "NonBillingReasonApproved" and value["from"] is not None:
            until = value["until"]
            days = Days(day_of(value["from"]), date.max if until is None else day_of(until))
            found.append((value["component"], Reason(reason_id, value["code"], days)))
        elif entry.kind == "NonBillingReasonRevoked" and found:
            component_id, last = found[-1]
            ended = Days(last.days.start, min(last.days.end, day_of(entry.time_us)))
            found[-1] = component_id, last._replace(days=ended)
    return [one for one in found if one[1].days.count]
