"""Workers as seen from outside: what they answer, and how far behind they are by the broker's own account."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from compose.derivations import DERIVATIONS, PLACING, placed_topics
from compose.observe.register import LOOPBACK, WorkerRecord, enrolled, log_of
from compose.stack.endpoints import Endpoints
from domain.errors import OrdertruthError
from sinks.kafka_topic import TopicDirectory
from sinks.tables import tables_of
from topics.catalogue import ALERTS, CASE_DECISIONS, DRIFT_FINDINGS, FEEDS, PRODUCT_ORDERS

INPUTS: Mapping[str, tuple[str, ...]] = {
    "order-state": (PRODUCT_ORDERS.name,),
    PLACING: tuple(topic.name for topic in placed_topics()),
    **{app: (FEEDS[app].name,) for app in DERIVATIONS},
    "cases": (DRIFT_FINDINGS.name, CASE_DECISIONS.name),
    "alerts": (ALERTS.name,),
    "sink-postgres": tuple(table.topic for table in tables_of("postgres")),
    "sink-clickhouse": tuple(table.topic for table in tables_of("clickhouse")),
}
"""The topics an application reads under the consumer group that has its name."""

ANSWER_S = 3.0
LOOKS_MAX = 8

_Ask = tuple[str, str]


@dataclass(frozen=True)
class AppView:
    """One application of one worker.

    `state` is ready, not ready, not live, no answer or gone; `lag` counts input records it has not committed, by the
    broker's account (None: it reads no topic, or the broker did not say); `last_commit` in seconds since 1970.
    """

    app: str
    instance: str
    state: str
    pid: int
    restarts: int
    uptime_s: float | None
    health: str
    lag: int | None = None
    lag_by_partition: Mapping[str, int] = field(default_factory=dict)
    last_commit: float | None = None
    detail: str = ""
    what_to_do: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether nobody needs to look at it: a worker that is not ready yet, or waits, is live."""
        return self.state in {"ready", "not ready"}


def view_workers(state_path: Path, endpoints: Endpoints | None, now: float) -> list[AppView]:
    """Every application of every worker on record, at `now` seconds since 1970; asks all of them at once."""
    records = enrolled(state_path)
    if not records:
        return []
    with ThreadPoolExecutor(LOOKS_MAX) as pool:
        answers = list(pool.map(_ask, records))
        groups = sorted({(app, topic) for record in records for app in record.apps for topic in INPUTS.get(app, ())})
        lags = dict(zip(groups, pool.map(lambda group: _lag(endpoints, *group), groups), strict=True))
    return [
        _view(record, app, answer, lags, log_of(state_path, record), now)
        for record, answer in zip(records, answers, strict=True)
        for app in record.apps
    ]


def _ask(record: WorkerRecord) -> dict[str, Any] | None:
    if not record.is_alive:
        return None
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{record.port}/status", timeout=ANSWER_S) as answer:
            found = json.load(answer)
    except (OSError, ValueError, urllib.error.URLError):
        return None
    # another process may have been given the port since
    return found if isinstance(found, dict) and found.get("pid") == record.process.pid else None


def _lag(endpoints: Endpoints | None, group: str, topic: str) -> dict[int, int] | None:
    if endpoints is None:
        return None
    try:
        directory = TopicDirectory(endpoints.kafka_config())
        return directory.lag(topic, directory.committed(group, topic))
    except OrdertruthError:
        return None


def _view(
    record: WorkerRecord,
    app: str,
    answer: dict[str, Any] | None,
    lags: Mapping[_Ask, dict[int, int] | None],
    log: Path,
    now: float,
) -> AppView:
    told = answer["apps"].get(app, {}) if answer else {}
    state, detail, mend = _judge(record, told)
    if not mend and state in {"gone", "no answer"}:
        mend = f"See {log}." if log.exists() else ""
    behind = _behind(app, told, lags)
    return AppView(
        app=app,
        instance=record.instance,
        state=state,
        pid=record.process.pid,
        restarts=record.restarts,
        uptime_s=round(now - record.started, 1) if record.is_alive else None,
        health=f"http://{LOOPBACK}:{record.port}",
        lag=None if behind is None else sum(behind.values()),
        lag_by_partition=behind or {},
        last_commit=_seconds(told.get("last_commit")),
        detail=detail,
        what_to_do=mend,
        told=told,
    )


def _judge(record: WorkerRecord, told: Mapping[str, Any]) -> tuple[str, str, str]:
    again = f"`ordertruth worker {' '.join(record.apps)} --instance {record.instance}` starts it again"
    if not record.is_alive:
        return "gone", "its process ended without a farewell", f"{again}; `ordertruth down` forgets it."
    if not told:
        return "no answer", f"it did not answer within {ANSWER_S:g} s", f"Kill process {record.process.pid}; {again}."
    failing: Sequence[Mapping[str, str]] = told.get("failing", ())
    detail = "; ".join(f"{check['check']}: {check['detail']}" for check in failing)
    mend = failing[0].get("what_to_do", "") if failing else ""
    if not told["live"]:
        return "not live", detail, mend
    return ("ready" if told["ready"] else "not ready"), detail, mend


def _behind(app: str, told: Mapping[str, Any], lags: Mapping[_Ask, dict[int, int] | None]) -> dict[str, int] | None:
    """Lag of the worker's own partitions; of all the application's, when the worker does not say which are its own."""
    found: dict[str, int] = {}
    known = False
    for topic in INPUTS.get(app, ()):
        lag = lags[app, topic]
        if lag is None:
            continue
        known = True
        own = told.get("positions", {}).get(topic) if told else None
        for partition, count in lag.items():
            if own is None or str(partition) in own:
                found[f"{topic}[{partition}]"] = count
    return found if known else None


def _seconds(moment: str | None) -> float | None:
    return None if moment is None else datetime.fromisoformat(moment).astimezone(UTC).timestamp()
