"""What is remembered of an order's events: last-writer-wins registers, so that order of arrival does not matter.

Every register keeps the value of the highest version that wrote it; of two events that claim the same version the
one with the smaller content hash wins. Joining is commutative, associative and idempotent, therefore any
permutation and any duplication of an order's events leaves the same facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from domain.order_state.states import REPAIR_ITEM_STATE, HeaderState, ItemState, Repair

_DECLARES: Mapping[str, HeaderState] = {
    "ProductOrderCreated": HeaderState.DRAFT,
    "ProductOrderSubmitted": HeaderState.SUBMITTED,
    "ProductOrderValidationStarted": HeaderState.VALIDATING,
    "ProductOrderAccepted": HeaderState.ACCEPTED,
    "ProductOrderRejected": HeaderState.REJECTED,
    "ProductOrderCancelled": HeaderState.CANCELLED,
    "ProductOrderFailedClosed": HeaderState.FAILED_CLOSED,
    "ProductOrderCompleted": HeaderState.COMPLETED,
}
_ITEM_STATE: Mapping[str, ItemState] = {
    "ProductOrderItemStarted": ItemState.IN_PROGRESS,
    "ProductOrderItemPendingExternal": ItemState.PENDING_EXTERNAL,
    "ProductOrderItemCompleted": ItemState.COMPLETED,
    "ProductOrderItemCancelled": ItemState.CANCELLED,
}
_DEFINES_ITEMS = frozenset({"ProductOrderCreated", "ProductOrderAccepted", "ProductOrderAmended"})


class Fact(NamedTuple):
    """One event as the fold sees it.

    `kind` is the event's name, `version` its aggregate version, `content_hash` a stable 63-bit hash of its bytes,
    `time_us` when it happened and `recorded_us` when it was published (microseconds since the epoch), `payload`
    its fields by their wire names, and `position` where it was read: topic, partition, offset.
    """

    kind: str
    version: int
    event_id: str
    content_hash: int
    time_us: int
    recorded_us: int
    payload: Mapping[str, Any]
    position: tuple[str, int, int]


class Outcome(StrEnum):
    """What reading an event did: every record counts as exactly one of these."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    STALE = "stale"


Register = list[Any]
"""[version, content hash, value …]; an empty list has never been written."""


def wins(version: int, content_hash: int, register: Register) -> bool:
    """Whether an event of this version and content overrides what the register holds."""
    if not register:
        return True
    held: int = register[0]
    if version != held:
        return version > held
    return bool(content_hash < register[1])


class OrderFacts:
    """Everything the fold remembers of one order, as plain lists and dicts that serialise as they are.

    - `versions`: version → content hash of every event read; `conflicts`: version → hashes of its further contents
    - `newest`: the event of the highest version: [version, hash, header fields …]
    - `declared`: newest declared state; `started`: lowest version among the ItemStarted events, 0 without one
    - `items`: item id → [base state register, cancellation register]; `definition`: the newest full list of items
    - `cancellation`: whole-order request or refusal; `fallouts`: fallout id → register
    - `inputs`: event kind → newest event of the kind with the place it was read at
    """

    __slots__ = (
        "cancellation",
        "conflicts",
        "declared",
        "definition",
        "fallouts",
        "inputs",
        "items",
        "newest",
        "started",
        "versions",
    )

    def __init__(self) -> None:
        self.versions: dict[int, int] = {}
        self.conflicts: dict[int, list[int]] = {}
        self.newest: Register = []
        self.declared: Register = []
        self.started = 0
        self.items: dict[str, list[Register]] = {}
        self.definition: Register = []
        self.cancellation: Register = []
        self.fallouts: dict[str, Register] = {}
        self.inputs: dict[str, Register] = {}

    def to_plain(self) -> list[Any]:
        """The facts as lists, dicts, strings and integers."""
        return [getattr(self, name) for name in self.__slots__]

    @classmethod
    def from_plain(cls, plain: list[Any]) -> OrderFacts:
        """The facts that `to_plain` gave."""
        facts = cls.__new__(cls)
        for name, value in zip(cls.__slots__, plain, strict=True):
            setattr(facts, name, value)
        return facts

    def copy(self) -> OrderFacts:
        """Facts of their own, equal to these."""
        twin = OrderFacts()
        twin.versions = dict(self.versions)
        twin.conflicts = {version: list(hashes) for version, hashes in self.conflicts.items()}
        twin.newest = list(self.newest)
        twin.declared = list(self.declared)
        twin.started = self.started
        twin.items = {item_id: [list(base), list(cancel)] for item_id, (base, cancel) in self.items.items()}
        twin.definition = list(self.definition)
        twin.cancellation = list(self.cancellation)
        twin.fallouts = {fallout_id: list(register) for fallout_id, register in self.fallouts.items()}
        twin.inputs = {kind: list(register) for kind, register in self.inputs.items()}
        return twin

    def apply(self, fact: Fact) -> Outcome:
        """Take an event in; what it did is the return value.

        An event of a known version and content is a DUPLICATE. One that only fills a gap, because newer events
        have already said more, is STALE. A second content under a known version is remembered as a conflict.
        """
        known = self.versions.get(fact.version)
        if known is not None and fact.content_hash in (known, *self.conflicts.get(fact.version, ())):
            self._cite(fact)
            return Outcome.DUPLICATE
        if known is not None:
            losers = [*self.conflicts.get(fact.version, ()), max(known, fact.content_hash)]
            self.conflicts[fact.version] = sorted(losers)
        if known is None or fact.content_hash < known:
            self.versions[fact.version] = fact.content_hash
        self._cite(fact)
        return Outcome.APPLIED if self._remember(fact) else Outcome.STALE

    def _cite(self, fact: Fact) -> None:
        register = self.inputs.setdefault(fact.kind, [])
        topic, partition, offset = fact.position
        entry = [fact.version, fact.content_hash, fact.event_id, topic, partition, offset]
        if wins(fact.version, fact.content_hash, register) or (
            register[0] == fact.version and register[1] == fact.content_hash and entry[2:] < register[2:]
        ):
            register[:] = entry

    def _remember(self, fact: Fact) -> bool:
        """Write every register the event speaks to; whether any of them took it."""
        payload = fact.payload
        changed = self._write(self.newest, fact, _header(fact))
        state = _DECLARES.get(fact.kind)
        if state is not None:
            changed |= self._write(self.declared, fact, [state.value])
        if fact.kind in _DEFINES_ITEMS:
            changed |= self._write(self.definition, fact, [[_defined(item) for item in payload["items"]]])
        if fact.kind == "ProductOrderItemStarted" and (not self.started or fact.version < self.started):
            self.started = fact.version
            changed = True
        if (item_state := _item_state(fact)) is not None:
            entry = self.items.setdefault(payload["itemId"], [[], []])
            changed |= self._write(entry[0], fact, [item_state, fact.time_us, fact.event_id, _cause(fact)])
        if fact.kind in ("ProductOrderFalloutRaised", "ProductOrderFalloutResolved"):
            changed |= self._remember_fallout(fact)
        if fact.kind in ("ProductOrderCancellationRequested", "ProductOrderCancellationRefused"):
            changed |= self._remember_cancellation(fact)
        return changed

    def _remember_fallout(self, fact: Fact) -> bool:
        payload = fact.payload
        register = self.fallouts.setdefault(payload["falloutId"], [])
        is_open = fact.kind == "ProductOrderFalloutRaised"
        value = [
            is_open,
            payload.get("itemId"),
            payload.get("repair"),
            payload.get("failureCode"),
            fact.time_us,
        ]
        return self._write(register, fact, value)

    def _remember_cancellation(self, fact: Fact) -> bool:
        value = [fact.kind == "ProductOrderCancellationRequested", fact.time_us]
        item_ids = fact.payload["itemIds"]
        if not item_ids:
            return self._write(self.cancellation, fact, value)
        changed = False
        for item_id in item_ids:
            entry = self.items.setdefault(item_id, [[], []])
            changed |= self._write(entry[1], fact, value)
        return changed

    @staticmethod
    def _write(register: Register, fact: Fact, value: list[Any]) -> bool:
        if not wins(fact.version, fact.content_hash, register):
            return False
        register[:] = [fact.version, fact.content_hash, *value]
        return True


def _header(fact: Fact) -> list[Any]:
    payload = fact.payload
    return [
        fact.time_us,
        fact.recorded_us,
        payload["orderNumber"],
        payload["accountId"],
        payload.get("quoteId"),
        payload.get("quoteVersion"),
        payload["state"],
    ]


def _defined(item: Mapping[str, Any]) -> list[Any]:
    return [
        item["itemId"],
        item["action"],
        item.get("parentItemId"),
        item["offeringId"],
        item.get("productInstanceId"),
    ]


def _item_state(fact: Fact) -> str | None:
    """The item state an event leads to, for the events about one item."""
    state = _ITEM_STATE.get(fact.kind)
    if state is not None:
        return state.value
    payload = fact.payload
    if fact.kind == "ProductOrderItemFailed":
        return REPAIR_ITEM_STATE[Repair(payload["repair"])].value
    if payload.get("itemId") is None:
        return None
    if fact.kind == "ProductOrderFalloutRaised":
        return REPAIR_ITEM_STATE[Repair(payload["repair"])].value
    if fact.kind == "ProductOrderFalloutResolved":
        return str(payload.get("itemState") or ItemState.IN_PROGRESS.value)
    return None


def _cause(fact: Fact) -> str | None:
    """Who or what is waited for, or which failure it was."""
    payload = fact.payload
    cause = payload.get("failureCode") or payload.get("waitingFor")
    return None if cause is None else str(cause)
