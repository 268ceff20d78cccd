"""Publishes events at a fixed rate, from a process of its own: whoever measures must not be kept from reading."""

from __future__ import annotations

import json
import sys
import time
from itertools import islice

from avro.registry import Registry
from bench.workload import Shape, Writer, messages, templates_for

SLICE_SECONDS = 0.005


def main() -> None:
    """Write what the plan on the command line says: `events` of a `shape`, but the first `skip`, `rate` a second."""
    plan = json.loads(sys.argv[1])
    source = islice(messages(templates_for(plan["events"]), plan["events"], Shape(plan["shape"])), plan["skip"], None)
    with Registry(plan["registry_url"]) as registry:
        writer = Writer(plan["kafka"], registry, plan["topic"], linger_ms=1)
        began, written = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - began) * plan["rate"])
            sent = 0
            for message in islice(source, max(0, due - written)):
                writer.write(message)
                sent += 1
            if due > written and not sent:
                break
            written += sent
            writer.poll()
            time.sleep(SLICE_SECONDS)
        writer.close()


if __name__ == "__main__":
    main()
