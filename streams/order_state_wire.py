"""The derived order state straight from the facts to Avro bytes.

`domain.order_state.build` says what the record is, and this module only writes it down faster: no dict for each item
and input, no datetime, strings that recur are encoded once. A property test holds both equal byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import islice

from domain.derivation import Authority
from domain.order_state.build import AUTHORITATIVE_FOR, GAPS_SHOWN_MAX, NOT_AUTHORITATIVE_FOR, RULE_ID
from domain.order_state.derive import ItemView, OrderView, blockers, progress_percent
from domain.order_state.facts import OrderFacts, Register
from domain.order_state.policy import HeaderPolicy
from domain.order_state.states import Action, HeaderState, ItemState
from domain.order_state.tmf622 import V4, V5

_NULL = b"\x00"
_SOME = b"\x02"
_END = b"\x00"


def _long(number: int) -> bytes:
    """Zigzag variable-length integer of Avro."""
    rest = (number << 1) ^ (number >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append((rest & 0x7F) | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


_SMALL = tuple(_long(n) for n in range(4096))


def _integer(number: int) -> bytes:
    return _SMALL[number] if 0 <= number < 4096 else _long(number)


def _text(value: str) -> bytes:
    body = value.encode()
    return _integer(len(body)) + body


_recurring: Callable[[str], bytes] = lru_cache(maxsize=16384)(_text)
"""For words of a small vocabulary: kinds, states, topics, item ids, offerings."""


def _optional(value: str | None) -> bytes:
    return _NULL if value is None else _SOME + _text(value)


@lru_cache(maxsize=16384)
def _optional_recurring(value: str | None) -> bytes:
    return _NULL if value is None else _SOME + _text(value)


def _optional_long(value: int | None) -> bytes:
    return _NULL if value is None else _SOME + _integer(value)


_HEADER = {state.value: _integer(index) for index, state in enumerate(HeaderState)}
_ITEM = {state.value: _integer(index) for index, state in enumerate(ItemState)}
_ACTION: dict[str | None, bytes] = {action.value: _SOME + _integer(index) for index, action in enumerate(Action)}
_ACTION[None] = _NULL
_V4 = {state: _text(V4[state]) for state in HeaderState}
_V5 = {state: _text(V5[state]) for state in HeaderState}


def _array(parts: list[bytes]) -> bytes:
    return _END if not parts else _integer(len(parts)) + b"".join(parts) + _END


_AUTHORITY = (
    _integer(list(Authority).index(Authority.INFORMATIONAL))
    + _array([_text(use) for use in AUTHORITATIVE_FOR])
    + _array([_text(use) for use in NOT_AUTHORITATIVE_FOR])
)


def write(order_id: str, facts: OrderFacts, view: OrderView, policy: HeaderPolicy, calculated_us: int) -> bytes:
    """The Avro body of the record; `calculated_us` is platform time in microseconds since the epoch."""
    time_us, recorded_us, number, account, quote, quote_version, published = facts.newest[2:]
    version = facts.newest[0]
    gaps = islice((v for v in range(1, version) if v not in facts.versions), GAPS_SHOWN_MAX)
    complete = len(facts.versions) == version
    cancelled = sum(i.executable and i.state is ItemState.CANCELLED for i in view.items)
    return b"".join(
        (
            _text(order_id),
            _optional(number),
            _optional_recurring(account),
            _optional(quote),
            _optional_long(quote_version),
            _HEADER[view.state.value],
            _HEADER[view.declared.value],
            _HEADER[published],
            _recurring(policy.policy_id),
            _recurring(view.clause),
            _V4[view.state],
            _V5[view.state],
            _integer(progress_percent(view)),
            _integer(cancelled),
            _array([_item(item) for item in view.items]),
            _array(_blockers(facts, view)),
            _integer(version),
            _END if complete else _array([_integer(v) for v in gaps]),
            _array([_integer(v) for v in sorted(facts.conflicts)]) if facts.conflicts else _END,
            _long(time_us),
            _array([_input(kind, register) for kind, register in sorted(facts.inputs.items())]),
            _recurring(RULE_ID),
            _recurring(policy.policy_id),
            _long(calculated_us),
            _NULL,
            _AUTHORITY,
            _integer(max(0, calculated_us - recorded_us) // 1000),
        )
    )


def _item(item: ItemView) -> bytes:
    base = item.base
    return b"".join(
        (
            _recurring(item.item_id),
            _ITEM[item.state.value],
            _ACTION[item.action],
            _optional_recurring(item.parent_item_id),
            _optional_recurring(item.offering_id),
            _optional(item.product_instance_id),
            _SOME + _long(base[3]) if base else _NULL,
            _optional(base[4]) if base else _NULL,
        )
    )


def _blockers(facts: OrderFacts, view: OrderView) -> list[bytes]:
    return [
        b"".join(
            (
                _recurring(blocker["kind"]),
                _optional_recurring(blocker["itemId"]),
                _optional_recurring(blocker["code"]),
                _optional_recurring(blocker["repair"]),
                _long(blocker["since"]),
            )
        )
        for blocker in blockers(facts, view)
    ]


def _input(kind: str, register: Register) -> bytes:
    return b"".join(
        (
            _text(register[2]),
            _recurring(kind),
            _integer(register[0]),
            _recurring(register[3]),
            _integer(register[4]),
            _long(register[5]),
        )
    )
