"""A worker with timers, or the re-keyer that feeds one, in a process of its own, so that a test can kill it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import faust
import orjson

from compose.cli.session import open_session
from streams.engine.app import create_app
from streams.engine.batch import RecordBatch
from streams.engine.engine import EngineConfig
from streams.engine.rekey import Rekey
from streams.engine.timekeeping import TimeConfig
from tests.streams.expecting import Expecting

WATERMARK_SECONDS = 0.2


@dataclass(frozen=True)
class Topics:
    """The topics of one test, all named after it."""

    tag: str

    def __getattr__(self, name: str) -> str:
        return f"test-{self.tag}.{name.replace('_', '-')}"

    @property
    def all(self) -> list[str]:
        """Every topic the workers use."""
        kinds = "source joined clock out dlq_source dlq_joined dlq_clock changelog rekeyer_changelog"
        return [getattr(self, kind) for kind in kinds.split()]


def config(role: str, bootstrap: str, tag: str) -> EngineConfig:
    """What the worker of a role works with: `owner` and `joined` have timers, `rekeyer` feeds `joined`."""
    topics = Topics(tag)
    reads = topics.joined if role == "joined" else topics.source
    dead_letters = topics.dlq_joined if role == "joined" else topics.dlq_source
    return EngineConfig(
        app=f"test-{tag}-{role}",
        instance="0",
        kafka_config={"bootstrap.servers": bootstrap},
        changelog=topics.rekeyer_changelog if role == "rekeyer" else topics.changelog,
        dead_letter_topics={reads: dead_letters, topics.clock: topics.dlq_clock},
        commit_seconds=0.05,
        time=TimeConfig(
            clock=topics.clock,
            fed_by={topics.joined: [f"test-{tag}-rekeyer"]} if role == "joined" else {},
            feeds=[topics.joined] if role == "rekeyer" else [],
            watermark_seconds=WATERMARK_SECONDS,
        ),
    )


def joined_keys(batch: RecordBatch) -> list[list[str]]:
    """The join key is the tenant and the rest of the key backwards, so that most of them change partition."""
    keys = [(key or b"").decode().partition(":") for key in batch.keys]
    assert all(orjson.loads(value or b"") for value in batch.values)
    return [[f"{tenant}:{rest[::-1]}"] for tenant, _, rest in keys]


def main() -> None:
    role, bootstrap, tag, data_dir = sys.argv[1:]
    open_session(service=True)
    found = config(role, bootstrap, tag)
    topics = Topics(tag)
    processor = Rekey(joined_keys, topics.joined) if role == "rekeyer" else Expecting(topics.out)
    app = create_app(found, processor, list(found.dead_letter_topics), Path(data_dir))
    faust.Worker(app, loglevel="WARN", redirect_stdouts=False, quiet=True).execute_from_commandline()


if __name__ == "__main__":
    main()
