"""What is remembered of an order's events: last-writer-wins registers, so that order of arrival does not matter.

Every register keeps the value of the highest version that wrote it; of two events that claim the same version the
one with the smaller content hash wins. Joining is commutative, associative and idempotent, therefore any
permutation and any duplication of an order's events leaves the same facts.

A register is never changed once it is made, only replaced; facts can therefore share them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from domain.order_state.states import REPAIR_ITEM_STATE, HeaderState, ItemState

_DECLARES: Final[dict[str, HeaderState]] = {
    "ProductOrderCreated": HeaderState.DRAFT,
    "ProductOrderSubmitted": HeaderState.SUBMITTED,
    "ProductOrderValidationStarted": HeaderState.VALIDATING,
    "ProductOrderAccepted": HeaderState.ACCEPTED,
    "ProductOrderRejected": HeaderState.REJECTED,
    "ProductOrderCancelled": HeaderState.CANCELLED,
    "ProductOrderFailedClosed": HeaderState.FAILED_CLOSED,
    "ProductOrderCompleted": HeaderState.COMPLETED,
}
_ITEM_STATE: Final[dict[str, ItemState]] = {
    "ProductOrderItemStarted": ItemState.IN_PROGRESS,
    "ProductOrderItemPendingExternal": ItemState.PENDING_EXTERNAL,
    "ProductOrderItemCompleted": ItemState.COMPLETED,
    "ProductOrderItemCancelled": ItemState.CANCELLED,
}
_DEFINES_ITEMS: Final = frozenset({"ProductOrderCreated", "ProductOrderAccepted", "ProductOrderAmended"})
_BY_REPAIR: Final[dict[str, ItemState]] = {repair.value: state for repair, state in REPAIR_ITEM_STATE.items()}
_BY_NAME: Final[dict[str, ItemState]] = {state.value: state for state in ItemState}
_IN_PROGRESS: Final = ItemState.IN_PROGRESS


class Fact:
    """One event as the fold sees it.

    `kind` is the event's name, `version` its aggregate version, `content_hash` a stable 62-bit hash of its bytes,
    `time_us` when it happened and `recorded_us` when it was published (microseconds since the epoch), `payload`
    its fields by their wire names, and `topic`, `partition`, `offset` where it was read.
    """

    def __init__(
        self,
        kind: str,
        version: int,
        event_id: str,
        content_hash: int,
        time_us: int,
        recorded_us: int,
        payload: dict[str, Any],
        topic: str,
        partition: int,
        offset: int,
    ) -> None:
        self.kind = kind
        self.version = version
        self.event_id = event_id
        self.content_hash = content_hash
        self.time_us = time_us
        self.recorded_us = recorded_us
        self.payload = payload
        self.topic = topic
        self.partition = partition
        self.offset = offset


class Outcome(StrEnum):
    """What reading an event did: every record counts as exactly one of these."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    STALE = "stale"


_APPLIED: Final = Outcome.APPLIED
_DUPLICATE: Final = Outcome.DUPLICATE
_STALE: Final = Outcome.STALE


class Register:
    """Which event wrote a value: its version and content hash.

    `stored` is kept by whoever writes facts down, for registers that take long: one that never changes is always
    written the same way. Empty until then.
    """

    def __init__(self, version: int, content_hash: int) -> None:
        self.version = version
        self.content_hash = content_hash
        self.stored = b""


class Newest(Register):
    """The event of the highest version, with its header fields."""

    def __init__(
        self,
        version: int,
        content_hash: int,
        event_id: str,
        time_us: int,
        recorded_us: int,
        order_number: str,
        account_id: str,
        quote_id: str | None,
        quote_version: int | None,
        state: str,
    ) -> None:
        super().__init__(version, content_hash)
        self.event_id = event_id
        self.time_us = time_us
        self.recorded_us = recorded_us
        self.order_number = order_number
        self.account_id = account_id
        self.quote_id = quote_id
        self.quote_version = quote_version
        self.state = state


class Declared(Register):
    """The newest state the owner declared by an event of its own."""

    def __init__(self, version: int, content_hash: int, state: HeaderState) -> None:
        super().__init__(version, content_hash)
        self.state = state


class ItemDefinition:
    """What an order's list of items says of one."""

    def __init__(
        self,
        item_id: str,
        action: str,
        parent_item_id: str | None,
        offering_id: str,
        product_instance_id: str | None,
    ) -> None:
        self.item_id = item_id
        self.action = action
        self.parent_item_id = parent_item_id
        self.offering_id = offering_id
        self.product_instance_id = product_instance_id


class Definition(Register):
    """The newest full list of items."""

    def __init__(self, version: int, content_hash: int, items: list[ItemDefinition]) -> None:
        super().__init__(version, content_hash)
        self.items = items


class Work(Register):
    """Where the work on an item stands, since when, by which event, and who or what is waited for."""

    def __init__(
        self, version: int, content_hash: int, state: ItemState, since_us: int, caused_by: str, cause: str | None
    ) -> None:
        super().__init__(version, content_hash)
        self.state = state
        self.since_us = since_us
        self.caused_by = caused_by
        self.cause = cause


class Cancellation(Register):
    """A cancellation asked for, or refused."""

    def __init__(self, version: int, content_hash: int, requested: bool, since_us: int) -> None:
        super().__init__(version, content_hash)
        self.requested = requested
        self.since_us = since_us


class Fallout(Register):
    """A fallout of an item, or of the order when no item is named."""

    def __init__(
        self,
        version: int,
        content_hash: int,
        is_open: bool,
        item_id: str | None,
        repair: str | None,
        failure_code: str | None,
        since_us: int,
    ) -> None:
        super().__init__(version, content_hash)
        self.is_open = is_open
        self.item_id = item_id
        self.repair = repair
        self.failure_code = failure_code
        self.since_us = since_us


class Citation(Register):
    """The newest event of a kind, with the place it was read at."""

    def __init__(self, version: int, content_hash: int, event_id: str, topic: str, partition: int, offset: int) -> None:
        super().__init__(version, content_hash)
        self.event_id = event_id
        self.topic = topic
        self.partition = partition
        self.offset = offset


def wins(fact: Fact, held: Register | None) -> bool:
    """Whether the event overrides what the register holds."""
    if held is None:
        return True
    if fact.version != held.version:
        return fact.version > held.version
    return fact.content_hash < held.content_hash


class OrderFacts:
    """Everything the fold remembers of one order.

    - `versions`: version → content hash of every event read; `conflicts`: version → hashes of its further contents
    - `newest`: the event of the highest version; `declared`: the newest declared state
    - `started`: lowest version among the ItemStarted events, 0 without one
    - `definition`: the newest full list of items; `work` and `item_cancellations` by item id
    - `cancellation`: whole-order request or refusal; `fallouts` by fallout id; `inputs` by kind of event, in
      the order of their names
    """

    def __init__(self) -> None:
        self.versions: dict[int, int] = {}
        self.conflicts: dict[int, list[int]] = {}
        self.newest: Newest | None = None
        self.declared: Declared | None = None
        self.started = 0
        self.definition: Definition | None = None
        self.work: dict[str, Work] = {}
        self.item_cancellations: dict[str, Cancellation] = {}
        self.cancellation: Cancellation | None = None
        self.fallouts: dict[str, Fallout] = {}
        self.inputs: dict[str, Citation] = {}

    def copy(self) -> OrderFacts:
        """Facts of their own, equal to these."""
        twin = OrderFacts()
        twin.versions = self.versions.copy()
        twin.conflicts = self.conflicts.copy()
        twin.newest = self.newest
        twin.declared = self.declared
        twin.started = self.started
        twin.definition = self.definition
        twin.work = self.work.copy()
        twin.item_cancellations = self.item_cancellations.copy()
        twin.cancellation = self.cancellation
        twin.fallouts = self.fallouts.copy()
        twin.inputs = self.inputs.copy()
        return twin

    def apply(self, fact: Fact) -> Outcome:
        """Take an event in; what it did is the return value.

        An event of a known version and content is a DUPLICATE. One that only fills a gap, because newer events
        have already said more, is STALE. A second content under a known version is remembered as a conflict.
        """
        version, content = fact.version, fact.content_hash
        known = self.versions.get(version)
        if known is None:
            self.versions[version] = content
        else:
            others = self.conflicts.get(version)
            if content == known or (others is not None and content in others):
                self._cite(fact)
                return _DUPLICATE
            self.conflicts[version] = sorted([*(others or []), max(known, content)])
            self.versions[version] = min(known, content)
        self._cite(fact)
        return _APPLIED if self._remember(fact) else _STALE

    def _cite(self, fact: Fact) -> None:
        """Of duplicates, the one that was read at the smallest place is cited."""
        held = self.inputs.get(fact.kind)
        if held is not None and not wins(fact, held):
            if fact.version != held.version or fact.content_hash != held.content_hash:
                return
            mine = (fact.event_id, fact.topic, fact.partition, fact.offset)
            if mine >= (held.event_id, held.topic, held.partition, held.offset):
                return
        self.inputs[fact.kind] = Citation(
            fact.version, fact.content_hash, fact.event_id, fact.topic, fact.partition, fact.offset
        )
        if held is None:  # the first of its kind, so it stands last
            self.inputs = {kind: self.inputs[kind] for kind in sorted(self.inputs)}

    def _remember(self, fact: Fact) -> bool:
        """Write every register the event speaks to; whether any of them took it."""
        kind = fact.kind
        changed = False
        if wins(fact, self.newest):
            self.newest = _newest(fact)
            changed = True
        state = _DECLARES.get(kind)
        if state is not None and wins(fact, self.declared):
            self.declared = Declared(fact.version, fact.content_hash, state)
            changed = True
        if kind in _DEFINES_ITEMS and wins(fact, self.definition):
            items = [_defined(item) for item in fact.payload["items"]]
            self.definition = Definition(fact.version, fact.content_hash, items)
            changed = True
        if kind == "ProductOrderItemStarted" and (not self.started or fact.version < self.started):
            self.started = fact.version
            changed = True
        if self._remember_work(fact):
            changed = True
        if kind in ("ProductOrderFalloutRaised", "ProductOrderFalloutResolved"):
            changed = self._remember_fallout(fact) or changed
        elif kind in ("ProductOrderCancellationRequested", "ProductOrderCancellationRefused"):
            changed = self._remember_cancellation(fact) or changed
        return changed

    def _remember_work(self, fact: Fact) -> bool:
        state = _item_state(fact)
        if state is None:
            return False
        payload = fact.payload
        item_id: str = payload["itemId"]
        if not wins(fact, self.work.get(item_id)):
            return False
        cause: str | None = payload.get("failureCode") or payload.get("waitingFor")
        self.work[item_id] = Work(fact.version, fact.content_hash, state, fact.time_us, fact.event_id, cause)
        return True

    def _remember_fallout(self, fact: Fact) -> bool:
        payload = fact.payload
        fallout_id: str = payload["falloutId"]
        if not wins(fact, self.fallouts.get(fallout_id)):
            return False
        self.fallouts[fallout_id] = Fallout(
            fact.version,
            fact.content_hash,
            fact.kind == "ProductOrderFalloutRaised",
            payload.get("itemId"),
            payload.get("repair"),
            payload.get("failureCode"),
            fact.time_us,
        )
        return True

    def _remember_cancellation(self, fact: Fact) -> bool:
        requested = fact.kind == "ProductOrderCancellationRequested"
        register = Cancellation(fact.version, fact.content_hash, requested, fact.time_us)
        item_ids: list[str] = fact.payload["itemIds"]
        changed = False
        if not item_ids and wins(fact, self.cancellation):
            self.cancellation = register
            changed = True
        for item_id in item_ids:
            if wins(fact, self.item_cancellations.get(item_id)):
                self.item_cancellations[item_id] = register
                changed = True
        return changed


def _newest(fact: Fact) -> Newest:
    payload = fact.payload
    return Newest(
        fact.version,
        fact.content_hash,
        fact.event_id,
        fact.time_us,
        fact.recorded_us,
        payload["orderNumber"],
        payload["accountId"],
        payload.get("quoteId"),
        payload.get("quoteVersion"),
        payload["state"],
    )


def _defined(item: Mapping[str, Any]) -> ItemDefinition:
    return ItemDefinition(
        item["itemId"],
        item["action"],
        item.get("parentItemId"),
        item["offeringId"],
        item.get("productInstanceId"),
    )


def _item_state(fact: Fact) -> ItemState | None:
    """The item state an event leads to, for the events about one item."""
    kind = fact.kind
    state = _ITEM_STATE.get(kind)
    if state is not None:
        return state
    payload = fact.payload
    if kind == "ProductOrderItemFailed":
        return _BY_REPAIR[payload["repair"]]
    if payload.get("itemId") is None:
        return None
    if kind == "ProductOrderFalloutRaised":
        return _BY_REPAIR[payload["repair"]]
    if kind == "ProductOrderFalloutResolved":
        named: str | None = payload.get("itemState")
        return _BY_NAME[named] if named else _IN_PROGRESS
    return None
