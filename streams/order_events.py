"""What the fold needs of an order's event, looked at before it is folded.

Readers decode with the writer's schema, so anything its author knows can arrive: fields may be missing, and words may
be newer than this release. Whether the fold would stumble over them depends on what it has read before; checking here
keeps the answer the same in whichever order events arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from avro.aliases import EVENT_ALIASES
from domain.errors import RecordError
from domain.order_state.states import Action, HeaderState, ItemState, Repair
from domain.product_order.events import EVENTS

_ALWAYS = frozenset({"orderId", "orderNumber", "accountId", "version", "state"})
_ITEM = frozenset({"itemId", "action", "offeringId"})
_FURTHER: Mapping[str, frozenset[str]] = {
    "ProductOrderCreated": frozenset({"items"}),
    "ProductOrderAccepted": frozenset({"items"}),
    "ProductOrderAmended": frozenset({"items"}),
    "ProductOrderItemStarted": frozenset({"itemId"}),
    "ProductOrderItemPendingExternal": frozenset({"itemId"}),
    "ProductOrderItemCompleted": frozenset({"itemId"}),
    "ProductOrderItemCancelled": frozenset({"itemId"}),
    "ProductOrderItemFailed": frozenset({"itemId", "repair"}),
    "ProductOrderFalloutRaised": frozenset({"falloutId", "repair"}),
    "ProductOrderFalloutResolved": frozenset({"falloutId"}),
    "ProductOrderCancellationRequested": frozenset({"itemIds"}),
    "ProductOrderCancellationRefused": frozenset({"itemIds"}),
}
_REQUIRED = {kind: _ALWAYS | further for kind, further in _FURTHER.items()}
_OPTIONAL: Mapping[str, frozenset[str]] = {
    "ProductOrderItemPendingExternal": frozenset({"waitingFor"}),
    "ProductOrderItemFailed": frozenset({"failureCode"}),
    "ProductOrderFalloutRaised": frozenset({"itemId", "failureCode"}),
    "ProductOrderFalloutResolved": frozenset({"itemId", "itemState", "repair"}),
}
KINDS = frozenset(event.__name__ for event in EVENTS)
"""The events an order's state is folded from."""

_ITEM_COLUMNS = {f"items.{field}" for field in (*_ITEM, "parentItemId", "productInstanceId")}
_COLUMNS = {
    kind: tuple(sorted((fields - {"items"}) | (_ITEM_COLUMNS if "items" in fields else set())))
    for kind in KINDS
    for fields in [_REQUIRED.get(kind, _ALWAYS) | _OPTIONAL.get(kind, frozenset()) | {"quoteId", "quoteVersion"}]
}
WANTED: Mapping[str, tuple[str, ...]] = {
    **_COLUMNS,
    **{alias: _COLUMNS[kind] for alias, kind in EVENT_ALIASES.items() if kind in KINDS},
}
"""The fields the fold looks at, by the name an event may arrive under; the others are checked and not read."""

_HEADER_STATES = frozenset(state.value for state in HeaderState)
_WORDS: Mapping[str, frozenset[str]] = {
    "repair": frozenset(repair.value for repair in Repair),
    "itemState": frozenset(state.value for state in ItemState),
}
_TEXTS = ("orderNumber", "accountId")
_OPTIONAL_TEXTS = ("quoteId", "itemId", "falloutId", "failureCode", "waitingFor")
_ITEM_TYPES: Mapping[str, tuple[type, ...]] = {
    "itemId": (str,),
    "offeringId": (str,),
    "parentItemId": (str, type(None)),
    "productInstanceId": (str, type(None)),
}
_ACTIONS = frozenset(action.value for action in Action)


def require_foldable(kind: str, payload: dict[str, Any]) -> None:
    """Refuse an event the fold could not take in.

    Raises `RecordError` MISSING_FIELDS, WRONG_TYPE or UNKNOWN_WORD (stage `apply`).
    """
    _require_fields(kind, _REQUIRED.get(kind, _ALWAYS), payload)
    for field in _TEXTS:
        if not isinstance(payload[field], str):
            raise _wrong_type(kind, field, payload[field])
    for field in _OPTIONAL_TEXTS:
        text = payload.get(field)
        if text is not None and not isinstance(text, str):
            raise _wrong_type(kind, field, text)
    number = payload.get("quoteVersion")
    if number is not None and not isinstance(number, int):
        raise _wrong_type(kind, "quoteVersion", number)
    if payload["state"] not in _HEADER_STATES:
        raise _unknown_word(kind, "state", payload["state"])
    for field, words in _WORDS.items():
        word = payload.get(field)
        if word is not None and word not in words:
            raise _unknown_word(kind, field, word)
    if "items" in _FURTHER.get(kind, ()):
        _require_items(kind, payload["items"])


def _require_items(kind: str, items: Iterable[Mapping[str, Any]]) -> None:
    for item in items:
        _require_fields(f"{kind}.items", _ITEM, item)
        for field, types in _ITEM_TYPES.items():
            if not isinstance(item.get(field), types):
                raise _wrong_type(f"{kind}.items", field, item.get(field))
        if item["action"] not in _ACTIONS:
            raise _unknown_word(f"{kind}.items", "action", item["action"])


def _require_fields(what: str, wanted: frozenset[str], found: Mapping[str, Any]) -> None:
    missing = [field for field in wanted if field not in found]
    if missing:
        raise RecordError(
            "MISSING_FIELDS",
            f"The {what} has no {', '.join(sorted(missing))}.",
            stage="apply",
            remediation="Have its producer register the committed schema, then replay.",
        )


def _wrong_type(kind: str, field: str, value: object) -> RecordError:
    return RecordError(
        "WRONG_TYPE",
        f"The {field} of a {kind} cannot be {value!r}.",
        stage="apply",
        remediation="Have its producer register the committed schema, then replay.",
    )


def _unknown_word(what: str, field: str, word: object) -> RecordError:
    return RecordError(
        "UNKNOWN_WORD",
        f"This release knows no {field} {word!r} of a {what}.",
        stage="apply",
        remediation="Install the release that knows it, then replay the dead letter.",
    )
