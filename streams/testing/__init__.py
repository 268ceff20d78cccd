"""Drive a `Processor` without Kafka: builders, a fake clock, and a harness that cuts, commits, aborts and crashes.

No broker, no registry and no Kafka client is needed or imported. What needs hypothesis is apart, in
`streams.testing.strategies`. How to use it: `streams/testing/README.md`.
"""

from streams.testing.clock import FakeClock
from streams.testing.contracts import MemoryContracts
from streams.testing.convergence import assert_convergent, assert_poison_is_set_aside
from streams.testing.harness import Harness
from streams.testing.poison import bad_magic, garbage, poisons, tombstone, trailing, truncated, unknown_schema
from streams.testing.records import Record, batch, event, framed, with_header
from streams.testing.schedule import After, Schedule, Turn, random_schedule

__all__ = [
    "After",
    "FakeClock",
    "Harness",
    "MemoryContracts",
    "Record",
    "Schedule",
    "Turn",
    "assert_convergent",
    "assert_poison_is_set_aside",
    "bad_magic",
    "batch",
    "event",
    "framed",
    "garbage",
    "poisons",
    "random_schedule",
    "tombstone",
    "trailing",
    "truncated",
    "unknown_schema",
    "with_header",
]
