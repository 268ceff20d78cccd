"""Whether plain data fits a schema, strictly, and if not, which field does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.errors import ContractError

Check = Callable[[Any, str], None]
"""Raises `ContractError` naming the path of the value that does not fit."""

_LONG = range(-(1 << 63), 1 << 63)
_INT = range(-(1 << 31), 1 << 31)


def compile_check(schema: Any) -> Check:
    """The check of one (unparsed) schema, compiled once and called for every record.

    fastavro alone would take a naive datetime for local time, a number for a truth value and the default for a
    missing field; here none of them passes.
    """
    return _compile(schema, "", {})


def _misfit(path: str, value: object, wanted: str) -> ContractError:
    # The value may be personal data: an error names the type only.
    message = f"{path or 'The record'} does not fit its schema: {type(value).__name__} where {wanted} belongs."
    return ContractError(message, remediation="Mend the producer; the `.avsc` file says what each field is.")


def _compile(schema: Any, space: str, named: dict[str, Check]) -> Check:
    if isinstance(schema, str):
        return _PRIMITIVES.get(schema) or _reference(schema, space, named)
    if isinstance(schema, list):
        return _union([_compile(s, space, named) for s in schema], schema)
    kind = schema["type"]
    if kind in ("record", "enum"):
        space = schema.get("namespace", space)
        return _record(schema, space, named) if kind == "record" else _enum(schema, space, named)
    if kind == "array":
        return _array(_compile(schema["items"], space, named))
    if kind == "map":
        return _map(_compile(schema["values"], space, named))
    if schema.get("logicalType") == "timestamp-micros":
        return _timestamp
    if schema.get("logicalType") == "decimal":
        return _decimal(schema["precision"], schema.get("scale", 0))
    return _compile(kind, space, named)


def _qualified(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def _reference(name: str, space: str, named: dict[str, Check]) -> Check:
    full = _qualified(name, space)

    def check(value: Any, path: str) -> None:
        named[full](value, path)

    return check


def _record(schema: Mapping[str, Any], space: str, named: dict[str, Check]) -> Check:
    fields: list[tuple[str, Check]] = []

    def check(value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise _misfit(path, value, f"a {schema['name']}")
        prefix = f"{path}." if path else ""
        for name, fits in fields:
            if name not in value:
                message = f"{prefix}{name} is missing."
                raise ContractError(message, remediation="Give it a value; null must be said, too.")
            fits(value[name], prefix + name)
        if len(value) != len(fields):
            extra = sorted(str(k) for k in set(value) - {name for name, _ in fields})
            message = f"{prefix}{extra[0]} is no field of {schema['name']}."
            raise ContractError(message, remediation="Remove it, or add it to the contract first.")

    named[_qualified(schema["name"], space)] = check
    fields.extend((f["name"], _compile(f["type"], space, named)) for f in schema["fields"])
    return check


def _enum(schema: Mapping[str, Any], space: str, named: dict[str, Check]) -> Check:
    symbols = frozenset(schema["symbols"])

    def check(value: Any, path: str) -> None:
        if not isinstance(value, str) or value not in symbols:
            raise _misfit(path, value, f"one of {', '.join(schema['symbols'])}")

    named[_qualified(schema["name"], space)] = check
    return check


def _union(branches: list[Check], schema: Sequence[Any]) -> Check:
    if len(branches) == 2 and "null" in schema:  # the optional: no other union is generated
        inner = branches[1 - list(schema).index("null")]

        def optional(value: Any, path: str) -> None:
            if value is not None:
                inner(value, path)

        return optional

    def check(value: Any, path: str) -> None:
        for branch in branches:
            try:
                return branch(value, path)
            except ContractError:
                continue
        raise _misfit(path, value, f"one of {schema}")

    return check


def _array(inner: Check) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, (list, tuple)):
            raise _misfit(path, value, "a list")
        for index, item in enumerate(value):
            inner(item, f"{path}[{index}]")

    return check


def _map(inner: Check) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise _misfit(path, value, "a map")
        for key, item in value.items():
            if not isinstance(key, str):
                raise _misfit(f"{path}{{key}}", key, "a string")
            inner(item, f"{path}{{{key}}}")

    return check


def _decimal(precision: int, scale: int) -> Check:
    limit = 10**precision

    def check(value: Any, path: str) -> None:
        if not isinstance(value, Decimal) or not value.is_finite():
            raise _misfit(path, value, "a finite Decimal")
        _, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int) or exponent + scale < 0:
            raise _misfit(path, value, f"a Decimal of at most {scale} decimal places")
        if len(digits) + exponent + scale > precision and abs(value.scaleb(scale)) >= limit:
            raise _misfit(path, value, f"a Decimal of at most {precision} digits")

    return check


def _timestamp(value: Any, path: str) -> None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _misfit(path, value, "a datetime with a time zone")


def _null(value: Any, path: str) -> None:
    if value is not None:
        raise _misfit(path, value, "null")


def _boolean(value: Any, path: str) -> None:
    if not isinstance(value, bool):
        raise _misfit(path, value, "true or false")


def _integer(limits: range, name: str) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or value not in limits:
            raise _misfit(path, value, f"a {name}")

    return check


def _string(value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise _misfit(path, value, "a string")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _misfit(path, value, "a string that UTF-8 can express") from None


def _bytes(value: Any, path: str) -> None:
    if not isinstance(value, bytes):
        raise _misfit(path, value, "bytes")


_PRIMITIVES: dict[str, Check] = {
    "null": _null,
    "boolean": _boolean,
    "long": _integer(_LONG, "64-bit integer"),
    "int": _integer(_INT, "32-bit integer"),
    "string": _string,
    "bytes": _bytes,
}
