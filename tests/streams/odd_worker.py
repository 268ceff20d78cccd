"""A worker with odd habits, watched like every other: slow with each record, or hung at a record that says so."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime

import psutil
import structlog

from compose.cli.session import open_session
from compose.observe.endpoint import observed
from compose.observe.watched import WatchedStream
from compose.workers import run_stream
from streams.engine.app import create_app
from streams.engine.batch import RecordBatch
from streams.engine.engine import EngineConfig
from streams.engine.limits import Limits
from streams.engine.processor import Counts, Output, State

HANG = b"hang"


class Odd:
    """Takes its time for each record and keeps how long its value was."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def process(self, batch: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        for key, value in zip(batch.keys, batch.values, strict=True):
            time.sleep(3600 if value == HANG else self._seconds)
            assert key is not None
            state.put(key, str(len(value or b"")).encode())
        return Counts(read=len(batch), applied=len(batch))


def main() -> None:
    """Run the worker that the plan on the command line describes."""
    plan = json.loads(sys.argv[1])
    settings = open_session(service=True, app=plan["app"], instance="0")
    dead_letters = {plan["topic"]: plan["dlq"]}
    limits = Limits(**plan["limits"])
    config = EngineConfig(plan["app"], "0", plan["kafka"], plan["changelog"], dead_letters, limits=limits)
    app = create_app(config, Odd(plan["seconds"]), [plan["topic"]], settings.state_path / "faust" / plan["app"])
    with observed(settings, [WatchedStream(app.engine)], apps=[plan["app"]], instance="0", port=0):
        structlog.get_logger(__name__).info("at rest", resident_bytes=psutil.Process().memory_info().rss)
        try:
            run_stream(app)
        except SystemExit as stopped:
            if stopped.code:
                raise


if __name__ == "__main__":
    main()
