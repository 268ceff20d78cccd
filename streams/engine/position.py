"""The record that says how far a partition's state has read: it travels in the changelog, with the state."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from streams.engine.processor import Counts

POSITION_KEY = b"\0position"


@dataclass(slots=True)
class Position:
    """Next offset of every input topic of one partition, and what became of the records before it."""

    offsets: dict[str, int] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)

    def advance(self, topic: str, next_offset: int, counts: Counts) -> None:
        """Move past a batch."""
        self.offsets[topic] = next_offset
        self.counts.setdefault(topic, Counts()).add(counts)

    def copy(self) -> Position:
        """A position of its own."""
        return Position.from_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """As written to the changelog."""
        counts = {topic: value.to_plain() for topic, value in self.counts.items()}
        return orjson.dumps({"offsets": self.offsets, "counts": counts}, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_bytes(cls, value: bytes) -> Position:
        """The position that `to_bytes` gave."""
        plain = orjson.loads(value)
        return cls(dict(plain["offsets"]), {topic: Counts(*row) for topic, row in plain["counts"].items()})
