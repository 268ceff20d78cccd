"""Reading decimals without rounding.

fastavro reads a decimal whose bytes hold more digits than its schema allows by rounding it. Money must not change on
the way in, so writer schemas are rewritten to a logical type of our own whose reader refuses such a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any

from fastavro.read import LOGICAL_READERS

LOGICAL_TYPE = "ordertruth-decimal"


def checked_decimals(schema: Any) -> Any:
    """The schema with every decimal marked for the checked reader; the bytes it describes stay the same."""
    if isinstance(schema, list):
        return [checked_decimals(s) for s in schema]
    if not isinstance(schema, Mapping):
        return schema
    changed = dict(schema)
    if changed.get("logicalType") == "decimal" and changed.get("type") == "bytes":
        # Reserved names would be dropped by the parser once the logical type is unknown to it.
        changed["logicalType"] = LOGICAL_TYPE
        changed["digits"], changed["places"] = changed["precision"], changed.get("scale", 0)
        return changed
    for key in ("type", "items", "values"):
        if isinstance(changed.get(key), (list, Mapping)):
            changed[key] = checked_decimals(changed[key])
    if "fields" in changed:
        changed["fields"] = [checked_decimals(f) for f in changed["fields"]]
    return changed


def _read(data: bytes, writer: Mapping[str, Any] | None, _reader: object = None) -> Decimal:
    assert writer is not None  # fastavro hands the schema it found the logical type in
    unscaled = int.from_bytes(data, "big", signed=True)
    precision = writer["digits"]
    if abs(unscaled) >= 10**precision:
        message = f"a decimal of more than {precision} digits"
        raise ValueError(message)
    return Decimal(unscaled).scaleb(-writer["places"], Context(prec=precision))


LOGICAL_READERS[f"bytes-{LOGICAL_TYPE}"] = _read
