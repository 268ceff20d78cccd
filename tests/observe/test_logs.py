"""Logs: one JSON object for each line, whoever speaks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

SPEAK = """
import logging, threading, warnings
import structlog
from confluent_kafka import Consumer
from compose.logs import configure_logs, log_what_nobody_caught
configure_logs("info", app="order-state", instance="3")
log_what_nobody_caught()
log = structlog.get_logger("ours")
log.info("applied", topic="t", partition=1, offset=7)
log.debug("never")
logging.getLogger("faust").warning("\\n+padded\\n  text+")
logging.getLogger("faust").info("never")
warnings.warn("odd", UserWarning)
with structlog.contextvars.bound_contextvars(app="relay"):
    log.warning("in a service")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
thread = threading.Thread(target=lambda: [][1], name="lost")
thread.start()
thread.join()
client = Consumer({"bootstrap.servers": "127.0.0.1:9", "group.id": "g"}, logger=logging.getLogger("librdkafka"))
client.subscribe(["nothing"])
for _ in range(20):
    client.poll(0.1)
client.close()
raise KeyError("end")
"""


def spoken() -> list[dict[str, Any]]:
    command = [sys.executable, "-c", SPEAK]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == ""
    assert done.returncode == 1
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_an_object_that_says_which_worker_spoke() -> None:
    lines = spoken()
    events = [line["event"] for line in lines]
    assert events[:3] == ["applied", "+padded text+", events[2]]
    assert "UserWarning: odd" in events[2]
    assert "never" not in events
    for line in lines:
        assert {"event", "level", "timestamp", "app", "instance"} <= line.keys()
    assert lines[0]["partition"] == 1
    by_event = {line["event"]: line for line in lines}
    assert by_event["in a service"]["app"] == "relay"
    assert "ZeroDivisionError" in by_event["failed"]["exception"]
    assert [line.get("thread") for line in lines if line["event"] == "uncaught exception"] == ["lost", None]
    assert any(line.get("logger") == "librdkafka" for line in lines), "the client's words as well"
