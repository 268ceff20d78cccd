"""Answers: what was asked for, and how far it may be trusted (R215, R224-R228)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from starlette.responses import Response

from console.ports import Freshness
from console.problems import RequestRefused
from console.views import View
from domain.derivation import Authority
from sinks.postgres.reading import nested

REPLICATION = ("INFORMATIONAL", "EVENTUALLY_CONSISTENT", "REBUILDABLE", "RECONCILIATION_CONTROLLED")
"""What kind of copy every view is (R228)."""


def answered(
    data: Any,
    view: View,
    freshness: Freshness,
    now: datetime,
    rule_versions: Iterable[str | None],
    page: dict[str, Any] | None = None,
) -> Response:
    """The answer in JSON. `page` says how a list goes on."""
    versions = sorted({version for version in rule_versions if version is not None})
    synced = freshness.complete_as_of(view.table.topic)
    uses = view.uses
    body = {
        "data": data,
        **({} if page is None else {"page": page}),
        "meta": {
            "source": view.table.topic,
            "authority": Authority.INFORMATIONAL,
            "authoritativeFor": uses.authoritative_for,
            "notAuthoritativeFor": uses.not_authoritative_for,
            "owners": view.owners,
            "replication": REPLICATION,
            "lastSyncedAt": synced,
            "stalenessMs": None if synced is None else staleness_ms(synced, now),
            "ruleVersion": ", ".join(versions) or None,
        },
    }
    return Response(
        orjson.dumps(body, nested, orjson.OPT_UTC_Z),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def require_fresh(view: View, max_staleness_ms: int | None, freshness: Freshness, now: datetime) -> None:
    """Raise `RequestRefused` (412), naming whom to ask, unless the view is as fresh as is asked for (R217, R223).

    What is known may be older than the view itself, so it is looked at anew before anybody is turned away.
    """
    if max_staleness_ms is None:
        return
    synced = freshness.complete_as_of(view.table.topic)
    if synced is None or staleness_ms(synced, now) > max_staleness_ms:
        await freshness.look()
        synced = freshness.complete_as_of(view.table.topic)
    if synced is not None and staleness_ms(synced, now) <= max_staleness_ms:
        return
    owners = view.owners
    behind = "an unknown time" if synced is None else f"{staleness_ms(synced, now)} ms"
    message = f"{view.table.topic} is {behind} behind its owners, and {max_staleness_ms} ms were asked for."
    ask = " and ".join(f"{owner['system']} ({owner['aggregate']})" for owner in owners)
    raise RequestRefused(
        "STALENESS_PROJECTION",
        message,
        remediation=f"Ask {ask}, or ask again later.",
        told={
            "owners": owners,
            "lastSyncedAt": None if synced is None else synced.isoformat().replace("+00:00", "Z"),
            "stalenessMs": None if synced is None else staleness_ms(synced, now),
        },
    )


def staleness_ms(synced: datetime, now: datetime) -> int:
    """Milliseconds since the view was known to be complete; none when the clocks disagree."""
    return max(0, round((now - synced).total_seconds() * 1000))
