"""The stack as it is now: the record held against the processes and services themselves."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compose.stack.endpoints import masked
from compose.stack.external import checks
from compose.stack.lifecycle import current
from compose.stack.part import PARTS, SETTING_OF, TITLES, answers
from domain.errors import OrdertruthError

if TYPE_CHECKING:
    from collections.abc import Callable

    from compose.settings import Settings
    from compose.stack.endpoints import Endpoints
    from compose.stack.record import PartRecord, StackRecord

GOOD = frozenset({"healthy", "external"})


@dataclass(frozen=True)
class PartView:
    """A part: `state` is healthy, external, starting, failed or down; `uptime_s` in seconds."""

    name: str
    title: str
    state: str
    address: str = ""
    version: str = ""
    pid: int | None = None
    uptime_s: float | None = None
    detail: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it can be used."""
        return self.state in GOOD


def view(settings: Settings) -> tuple[StackRecord | None, list[PartView]]:
    """The record, if there is one, and the true state of each part. Raises IntegrityError on a damaged record."""
    record = current(settings)
    outside = checks(settings)
    with ThreadPoolExecutor(len(PARTS)) as pool:
        looks = {name: pool.submit(_look, name, settings, check) for name, check in outside.items()}
        alive = record is not None and record.is_alive
        parts = [
            looks[name].result()
            if name in looks
            else _embedded(name, record.parts.get(name) if record is not None and alive else None)
            for name in PARTS
        ]
    return record, parts


def protection(endpoints: Endpoints) -> str:
    """Who may write what on the broker, in a sentence."""
    if endpoints.is_secure:
        return "Kafka is secure: each owner writes its own topics and no other."
    if "kafka" in endpoints.embedded:
        return "Kafka is open: whoever reaches it on this machine may write every topic."
    return f"Kafka is your own ({endpoints.kafka_security.get('security.protocol', 'PLAINTEXT')}): its grants decide."


def _look(name: str, settings: Settings, check: Callable[[], str]) -> PartView:
    value = getattr(settings, SETTING_OF[name].lower())
    address = masked(value.get_secret_value() if hasattr(value, "get_secret_value") else str(value))
    try:
        version = check()
    except OrdertruthError as error:
        return PartView(name, TITLES[name], "failed", address, detail=error.message)
    return PartView(name, TITLES[name], "external", address, version)


def _embedded(name: str, part: PartRecord | None) -> PartView:
    if part is None:
        return PartView(name, TITLES[name], "down")
    process = part.process.process() if part.process else None
    state, detail = part.state, part.detail
    if state == "healthy" and process is None:
        state, detail = "failed", "its process has ended"
    elif state == "healthy" and part.port is not None and not answers(part.port):
        state, detail = "failed", "it does not accept connections"
    return PartView(
        name=name,
        title=TITLES[name],
        state=state,
        address=part.address,
        version=part.version,
        pid=part.process.pid if part.process and process else None,
        uptime_s=round(time.time() - part.since, 1) if state == "healthy" else None,
        detail=detail,
    )
