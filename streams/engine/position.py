"""The record that says how far a partition's state has read: it travels in the changelog, with the state."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from streams.engine.processor import Counts
from streams.engine.watermark import Clocks, Feeds

POSITION_KEY = b"\0position"


@dataclass(slots=True)
class Position:
    """Next offset of every input topic of one partition, and what became of the records before it.

    `watermark` is how far the inputs were complete, and every timer due by then has fired. `ticks` are the clocks of
    simulated tenants as last read, `feeds` what feeding applications said of themselves. Firings are counted apart
    from records: those that went well, and those among the dead letters.
    """

    offsets: dict[str, int] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    watermark: Clocks = field(default_factory=dict)
    ticks: Clocks = field(default_factory=dict)
    feeds: Feeds = field(default_factory=Feeds)
    fired: int = 0
    firings_dead_lettered: int = 0

    def advance(self, topic: str, next_offset: int, counts: Counts) -> None:
        """Move past a batch."""
        self.offsets[topic] = next_offset
        self.counts.setdefault(topic, Counts()).add(counts)

    def copy(self) -> Position:
        """A position of its own."""
        return Position.from_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """As written to the changelog."""
        plain: dict[str, object] = {
            "offsets": self.offsets,
            "counts": {topic: value.to_plain() for topic, value in self.counts.items()},
        }
        if self.watermark or self.ticks or self.feeds.heard or self.fired or self.firings_dead_lettered:
            plain["time"] = {
                "watermark": self.watermark,
                "ticks": self.ticks,
                "feeds": self.feeds.heard,
                "fired": [self.fired, self.firings_dead_lettered],
            }
        return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_bytes(cls, value: bytes) -> Position:
        """The position that `to_bytes` gave."""
        plain = orjson.loads(value)
        position = cls(dict(plain["offsets"]), {topic: Counts(*row) for topic, row in plain["counts"].items()})
        if "time" in plain:
            time = plain["time"]
            position.watermark, position.ticks = time["watermark"], time["ticks"]
            position.feeds = Feeds(time["feeds"])
            position.fired, position.firings_dead_lettered = time["fired"]
        return position
