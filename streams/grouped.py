"""What a fold's application keeps of each place, as the bytes a store and its changelog hold."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from domain.errors import IntegrityError
from domain.fold.facts import Facts
from domain.fold.fold import BEFORE_TIME, Place

FORMAT = 1
"""Facts in another format are rebuilt from the events, never guessed at."""
CHUNK = 64
"""Members named in one entry of a group's index."""

_SEPARATOR = b"\x1f"
_INDEX = b"\x1e"


class Kept(msgspec.Struct, array_like=True):
    """The state of one place: its facts, how far its time has reached, what was said last, and its members.

    `said` has a hash of each row that stands, by record and key; `members` is how many members the group has, each
    named in one of the entries of its index.
    """

    format: int = FORMAT
    facts: dict[str, dict[str, list[Any]]] = {}
    reached_us: int = BEFORE_TIME
    said: dict[str, int] = {}
    members: int = 0

    def known(self) -> Facts:
        """The facts."""
        return Facts.from_plain(self.facts)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Kept)
_names = msgspec.msgpack.Decoder(list[str])


class Spot(NamedTuple):
    """A place of one fold, which is named by its rule: folds of one space share groups, and nothing else."""

    rule_id: str
    place: Place


def store_key(spot: Spot) -> bytes:
    """Where a place is kept; begins with its tenant, as clocks and timers want it."""
    return _SEPARATOR.join((spot.place.group.encode(), spot.rule_id.encode(), spot.place.member.encode()))


def spot_at(key: bytes) -> Spot:
    """The inverse of `store_key`."""
    group, rule_id, member = key.decode().split(_SEPARATOR.decode(), 2)
    return Spot(rule_id, Place(group, member))


def index_key(spot: Spot, number: int) -> bytes:
    """Where the names of a group's members from `number` times CHUNK on are kept."""
    return store_key(spot) + _INDEX + b"%d" % number


def pack(kept: Kept) -> bytes:
    """As bytes; the same state always gives the same."""
    return _encoder.encode(kept)


def unpack(key: bytes, stored: bytes | None) -> Kept:
    """From bytes; raises `IntegrityError` for what cannot be read."""
    if stored is None:
        return Kept()
    try:
        kept = _decoder.decode(stored)
    except msgspec.DecodeError as error:
        raise _unreadable(key, str(error)) from error
    if kept.format != FORMAT:
        raise _unreadable(key, f"its format is {kept.format}")
    return kept


def pack_names(names: list[str]) -> bytes:
    """Members of one entry of an index."""
    return _encoder.encode(names)


def unpack_names(key: bytes, stored: bytes | None) -> list[str]:
    """The inverse of `pack_names`."""
    try:
        return [] if stored is None else _names.decode(stored)
    except msgspec.DecodeError as error:
        raise _unreadable(key, str(error)) from error


def _unreadable(key: bytes, problem: str) -> IntegrityError:
    message = f"What is kept of {key!r} cannot be read: {problem}."
    return IntegrityError(message, remediation="Rebuild the state from the events.")
