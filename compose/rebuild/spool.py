"""What events say at the places of a projection, sorted into slices on disk, so that each is folded on its own.

A file holds what one stretch comes to: pieces, each of one slice, and a list of them at the end. It has its name only
when it is whole, so what is there need not be done again.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from domain.fold.fold import Fold, Place
from domain.fold.heard import Heard

PIECE = 2000
_LENGTH_BYTES = 8


class Told(NamedTuple):
    """What an event says at one place of a fold, which is named by its number among the projection's."""

    fold: int
    group: str
    member: str
    said: list[tuple[str, Any]]
    lineage: dict[str, Any]

    @property
    def place(self) -> Place:
        """The place."""
        return Place(self.group, self.member)

    def event(self) -> Heard:
        """The event, as far as remembering it needs it: what it held has been said."""
        return Heard(**self.lineage, data={})


def told(folds: Sequence[Fold], event: Heard) -> Iterator[Told]:
    """What an event says wherever it belongs."""
    lineage = None
    for number, fold in enumerate(folds):
        if event.kind not in fold.kinds:
            continue
        for place in fold.places(event):
            lineage = lineage or _lineage(event)
            yield Told(number, *place, list(fold.says(event, place)), lineage)


def slice_of(group: str, slices: int) -> int:
    """The slice a group is folded in, whole."""
    return crc32(group.encode()) % slices


def write(path: Path, found: Iterable[Told], slices: int) -> None:
    """Make a file of what was found."""
    aside = path.with_suffix(".part")
    waiting: dict[int, list[tuple[Any, ...]]] = {}
    pieces: list[tuple[int, int, int]] = []
    with aside.open("wb") as file:

        def flush(number: int) -> None:
            data = pickle.dumps(waiting.pop(number), pickle.HIGHEST_PROTOCOL)
            pieces.append((number, file.tell(), len(data)))
            file.write(data)

        for entry in found:
            number = slice_of(entry.group, slices)
            held = waiting.setdefault(number, [])
            held.append(tuple(entry))
            if len(held) == PIECE:
                flush(number)
        for number in sorted(waiting):
            flush(number)
        listed = pickle.dumps(pieces, pickle.HIGHEST_PROTOCOL)
        file.write(listed + len(listed).to_bytes(_LENGTH_BYTES, "big"))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def read(path: Path, number: int) -> Iterator[Told]:
    """What a file holds of one slice."""
    with path.open("rb") as file:
        file.seek(-_LENGTH_BYTES, os.SEEK_END)
        length = int.from_bytes(file.read(_LENGTH_BYTES), "big")
        file.seek(-_LENGTH_BYTES - length, os.SEEK_END)
        pieces = pickle.loads(file.read(length))
        for piece, place, size in pieces:
            if piece == number:
                file.seek(place)
                for entry in pickle.loads(file.read(size)):
                    yield Told(*entry)


def _lineage(event: Heard) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "subject": event.subject,
        "aggregate": event.aggregate,
        "version": event.version,
        "event_id": event.event_id,
        "content": event.content,
        "time_us": event.time_us,
        "recorded_us": event.recorded_us,
        "topic": event.topic,
        "partition": event.partition,
        "offset": event.offset,
    }
