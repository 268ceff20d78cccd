"""The derived order state straight from the facts to Avro bytes.

`domain.order_state.build` says what the record is, and this module only writes it down faster: no dict for each item
and input, no datetime. A property test holds both equal byte for byte. Compiled ahead of time (`make compile`).
"""

from __future__ import annotations

from typing import Final

from librt.strings import BytesWriter

from avro.writing import write_long, write_optional_long, write_optional_text, write_text
from domain.derivation import Authority
from domain.order_state.build import AUTHORITATIVE_FOR, GAPS_SHOWN_MAX, NOT_AUTHORITATIVE_FOR, RULE_ID
from domain.order_state.derive import Blocker, ItemView, OrderView, blockers, cancelled_items, progress_percent
from domain.order_state.facts import OrderFacts
from domain.order_state.policy import HeaderPolicy
from domain.order_state.states import Action, HeaderState
from domain.order_state.tmf622 import V4, V5

_ACTIONS: Final[dict[str, int]] = {action.value: action.code for action in Action}
_STATES: Final[dict[str, int]] = {state.value: state.code for state in HeaderState}


def _authority() -> bytes:
    out = BytesWriter()
    write_long(out, list(Authority).index(Authority.INFORMATIONAL))
    for uses in (AUTHORITATIVE_FOR, NOT_AUTHORITATIVE_FOR):
        write_long(out, len(uses))
        for use in uses:
            write_text(out, use)
        out.append(0)
    return out.getvalue()


def _texts(names: dict[HeaderState, str]) -> list[bytes]:
    """The names as Avro text, by the number of their state."""
    written = []
    for state in HeaderState:
        out = BytesWriter()
        write_text(out, names[state])
        written.append(out.getvalue())
    return written


_AUTHORITY: Final = _authority()
_V4: Final = _texts(dict(V4))
_V5: Final = _texts(dict(V5))


def write(order_id: str, facts: OrderFacts, view: OrderView, policy: HeaderPolicy, calculated_us: int) -> bytes:
    """The Avro body of the record; `calculated_us` is platform time in microseconds since the epoch.

    Raises `ValueError` for facts that hold no event yet, `KeyError` for words the contract does not know.
    """
    newest = facts.newest
    if newest is None:
        message = f"order {order_id} has no event"
        raise ValueError(message)
    out = BytesWriter()
    write_text(out, order_id)
    write_optional_text(out, newest.order_number)
    write_optional_text(out, newest.account_id)
    write_optional_text(out, newest.quote_id)
    write_optional_long(out, newest.quote_version)
    state: int = view.state.code
    write_long(out, state)
    write_long(out, view.declared.code)
    write_long(out, _STATES[newest.state])
    write_text(out, policy.policy_id)
    write_text(out, view.clause)
    out.write(_V4[state])
    out.write(_V5[state])
    write_long(out, progress_percent(view))
    write_long(out, cancelled_items(view))
    _items(out, view.items)
    _blockers(out, blockers(facts, view))
    _versions(out, facts)
    write_long(out, newest.time_us)
    _inputs(out, facts)
    write_text(out, RULE_ID)
    write_text(out, policy.policy_id)
    write_long(out, calculated_us)
    out.append(0)  # valid until further notice
    out.write(_AUTHORITY)
    lag = calculated_us - newest.recorded_us
    write_long(out, lag // 1000 if lag > 0 else 0)
    return out.getvalue()


def _items(out: BytesWriter, items: list[ItemView]) -> None:
    if items:
        write_long(out, len(items))
        for item in items:
            _item(out, item)
    out.append(0)


def _item(out: BytesWriter, item: ItemView) -> None:
    write_text(out, item.item_id)
    write_long(out, item.state.code)
    definition = item.definition
    if definition is None:
        out.write(b"\0\0\0\0")
    else:
        write_optional_long(out, _ACTIONS[definition.action])
        write_optional_text(out, definition.parent_item_id)
        write_optional_text(out, definition.offering_id)
        write_optional_text(out, definition.product_instance_id)
    work = item.work
    if work is None:
        out.write(b"\0\0")
    else:
        write_optional_long(out, work.since_us)
        write_optional_text(out, work.caused_by)


def _blockers(out: BytesWriter, found: list[Blocker]) -> None:
    if found:
        write_long(out, len(found))
        for blocker in found:
            write_text(out, blocker.kind)
            write_optional_text(out, blocker.item_id)
            write_optional_text(out, blocker.code)
            write_optional_text(out, blocker.repair)
            write_long(out, blocker.since_us)
    out.append(0)


def _versions(out: BytesWriter, facts: OrderFacts) -> None:
    """The highest version, those missing below it, and those that came with differing content."""
    newest = facts.newest
    version = newest.version if newest is not None else 0
    write_long(out, version)
    gaps: list[int] = []
    if len(facts.versions) != version:
        candidate = 1
        while candidate < version and len(gaps) < GAPS_SHOWN_MAX:
            if candidate not in facts.versions:
                gaps.append(candidate)
            candidate += 1
    _longs(out, gaps)
    _longs(out, sorted(facts.conflicts))


def _longs(out: BytesWriter, numbers: list[int]) -> None:
    if numbers:
        write_long(out, len(numbers))
        for number in numbers:
            write_long(out, number)
    out.append(0)


def _inputs(out: BytesWriter, facts: OrderFacts) -> None:
    write_long(out, len(facts.inputs))
    for kind, cited in facts.inputs.items():
        write_text(out, cited.event_id)
        write_text(out, kind)
        write_long(out, cited.version)
        write_text(out, cited.topic)
        write_long(out, cited.partition)
        write_long(out, cited.offset)
    out.append(0)
