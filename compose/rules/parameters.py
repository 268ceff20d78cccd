"""Parameters of rules as operators write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

from pydantic import TypeAdapter, ValidationError

from domain.drift.rules import Rule
from domain.errors import ConfigurationError

_DURATION = TypeAdapter(timedelta)
_TOLERANCES = ("above", "above_percent", "below", "below_percent")
EXAMPLES = "window=PT20M, bound=PT5M, tolerance.above_percent=2.5, version=2"


def changes(rule: Rule, given: Iterable[str]) -> Mapping[str, Any]:
    """What `name=value` texts set, as `RuleSet.changed` takes it. Raises `ConfigurationError` for what it cannot be."""
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise _unusable(text)
        try:
            _set(found, rule, name.strip(), value.strip())
        except (ValidationError, ValueError, ZeroDivisionError):
            raise _unusable(text) from None
    return found


def _set(found: dict[str, Any], rule: Rule, name: str, value: str) -> None:
    head, _, part = name.partition(".")
    if head == "tolerance" and part in _TOLERANCES:
        found["tolerance"] = replace(found.get("tolerance", rule.tolerance), **{part: _share(value)})
    elif name in _READERS:
        found[name] = _READERS[name](value)
    else:
        raise ValueError(name)


def _duration(value: str) -> timedelta:
    found = _DURATION.validate_python(value)
    if found < timedelta(0):
        raise ValueError(value)
    return found


def _text(value: str) -> str:
    if not value:
        raise ValueError(value)
    return value


def _share(value: str) -> Fraction:
    found = Fraction(value)
    if found < 0:
        raise ValueError(value)
    return found


_READERS: Mapping[str, Callable[[str], Any]] = {"window": _duration, "bound": _duration, "version": _text}


def _unusable(text: str) -> ConfigurationError:
    return ConfigurationError(f"{text!r} sets nothing.", remediation=f"Write it as {EXAMPLES}.")
