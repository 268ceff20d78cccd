"""A relay that is killed between publishing a batch and marking it; run as a program of its own."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from avro.registry import Registry
from topics import outbox
from topics.relay import Relay


def die(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


if __name__ == "__main__":
    database, broker, registry_url = sys.argv[1:]
    setattr(outbox, "mark_published", die)  # noqa: B010 - replaced on purpose
    Relay(database, {"bootstrap.servers": broker}, Registry(registry_url), rows_max=10).drain(30)
