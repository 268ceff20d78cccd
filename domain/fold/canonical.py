"""The part of a derived record that any order of arrival must agree on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_VOLATILE = frozenset({"calculatedAt", "validUntil", "sourceLagMs"})


def canonical_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """A published record without places, clock and lag, and without `version`.

    The version of a row counts what was known when it was published, so that readers only move forward; a later event
    that changes nothing else publishes no new one.
    """
    derivation = {name: value for name, value in record["derivation"].items() if name not in _VOLATILE}
    derivation["inputs"] = [
        {name: value for name, value in given.items() if name not in ("partition", "offset")}
        for given in derivation["inputs"]
    ]
    return {**{k: v for k, v in record.items() if k != "version"}, "derivation": derivation}
