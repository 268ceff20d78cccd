"""Data for the tests of the contract: strategies made from schemas, and small schemas written out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGS = st.integers(-(1 << 63), (1 << 63) - 1)
TIMES = st.integers(-(10**15), 10**16).map(lambda us: EPOCH + timedelta(microseconds=us))


def record(*fields: dict[str, Any], name: str = "a.b.R", **extra: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **extra}


def field(name: str, kind: Any, **extra: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **extra}


def enum(*symbols: str, name: str = "a.b.E", **extra: Any) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": list(symbols), **extra}


def decimal(precision: int, scale: int) -> dict[str, Any]:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


def data_for(schema: Any, space: str = "", named: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Everything a schema allows."""
    named = {} if named is None else named
    if isinstance(schema, str):
        simple = {"string": st.text(), "long": LONGS, "boolean": st.booleans(), "null": st.none()}
        return simple[schema] if schema in simple else named[schema]
    if isinstance(schema, list):
        return st.one_of(*(data_for(s, space, named) for s in schema))
    kind = schema["type"]
    if kind == "record":
        space = schema.get("namespace", space)
        fields = {f["name"]: data_for(f["type"], space, named) for f in schema["fields"]}
        named[f"{space}.{schema['name']}"] = st.fixed_dictionaries(fields)
        return named[f"{space}.{schema['name']}"]
    if kind == "enum":
        named[f"{space}.{schema['name']}"] = st.sampled_from(schema["symbols"])
        return named[f"{space}.{schema['name']}"]
    if kind == "array":
        return st.lists(data_for(schema["items"], space, named), max_size=3)
    if kind == "map":
        return st.dictionaries(st.text(), data_for(schema["values"], space, named), max_size=3)
    if schema.get("logicalType") == "decimal":
        limit = 10 ** schema["precision"] - 1
        return st.integers(-limit, limit).map(lambda n: Decimal(n).scaleb(-schema["scale"]))
    return TIMES
