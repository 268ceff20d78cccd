"""A relay that runs until it is killed; run as a program of its own."""

from __future__ import annotations

import sys
import threading

from avro.registry import Registry
from topics.relay import Relay

if __name__ == "__main__":
    database, broker, registry_url = sys.argv[1:]
    Relay(database, {"bootstrap.servers": broker}, Registry(registry_url), rows_max=50).run(threading.Event())
