"""A line of the authoriser's log as a refusal. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from domain.governance_record.refusals import Denial

MUTATIONS = frozenset({"WRITE", "CREATE", "DELETE", "ALTER", "ALTER_CONFIGS"})
"""Operations that change something; what was only to be read or described is no attempt to mutate."""
NAME_MAX = 249
"""Longest name of a topic; a client may call for longer ones, of which this much is kept."""

_TYPES = {"TransactionalId": "TRANSACTIONAL_ID", "DelegationToken": "DELEGATION_TOKEN"}

# Our own broker writes an ISO time of UTC; Kafka's usual layout, `[date time,millis] INFO`, is taken for UTC, too. The
# name is whatever the client wrote: it ends at the last place where the rest of the line can follow.
_LINE = re.compile(
    r"\[?(?P<date>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d:\d\d)[.,](?P<millis>\d{3})Z?\]? (?:[A-Z]+ )?"
    r"Principal = (?P<principal>\S+?:.+?) is Denied operation = (?P<operation>[A-Z_]+) from host = (?P<host>\S+) "
    r"on resource = (?P<type>[A-Za-z]+):[A-Z]+:(?P<name>.*) for request = \w+ with resourceRefCount = \d+\b.*",
    re.DOTALL,
)


def denial(line: str) -> Denial | None:
    """The refused mutation a line tells of; None when it tells of none."""
    found = _LINE.fullmatch(line.rstrip("\r\n"))
    if found is None or found["operation"] not in MUTATIONS:
        return None
    try:
        at = datetime.fromisoformat(f"{found['date']}T{found['time']}.{found['millis']}").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Denial(
        at=at,
        principal=_clean(found["principal"]),
        operation=found["operation"],
        resource_type=_TYPES.get(found["type"], found["type"].upper()),
        resource=_clean(found["name"]) or "?",
        host=found["host"],
    )


def _clean(name: str) -> str:
    """A name fit for every store: no control characters, no longer than a topic's."""
    return "".join(c if c.isprintable() else "?" for c in name[:NAME_MAX])
