"""What folds read of events: values that may be missing or foreign, and the group an id belongs to.

A producer that lacks an optional field, or a foreign one that lacks more, must not stop a fold; what is missing is
None here. Registers keep plain data, so times are microseconds and amounts texts on the way in and become what the
contract of a row wants on the way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.fold.fold import Place
from domain.fold.heard import Heard

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Data = Mapping[str, Any]


def text(data: Data, name: str) -> str | None:
    """A text, or None where there is none or an empty one."""
    found = data.get(name)
    return found if isinstance(found, str) and found else None


def whole(data: Data, name: str) -> int | None:
    """A whole number, or None."""
    found = data.get(name)
    return found if isinstance(found, int) else None


def part(data: Data, name: str) -> Data:
    """A nested record; an empty one where there is none."""
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def parts(data: Data, name: str) -> list[Data]:
    """Nested records; none where there is no list."""
    found = data.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list | tuple) else []


def texts(data: Data, name: str) -> list[str]:
    """A list of texts; empty where there is none."""
    found = data.get(name)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list | tuple) else []


def time_us(data: Data, name: str) -> int | None:
    """A time in microseconds since the epoch, or None."""
    found = data.get(name)
    return (found - _EPOCH) // _MICROSECOND if isinstance(found, datetime) else None


def moment(microseconds: int) -> datetime:
    """The time of a register as rows have it."""
    return _EPOCH + timedelta(microseconds=microseconds)


def moment_or_none(microseconds: int | None) -> datetime | None:
    """The same of a time that may be missing."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def number_text(data: Data, name: str) -> str | None:
    """An exact number as a register keeps it, or None."""
    found = data.get(name)
    return str(found) if isinstance(found, Decimal) else None


def number(kept: str | None) -> Decimal | None:
    """The inverse of `number_text`."""
    return None if kept is None else Decimal(kept)


def money_texts(data: Data, name: str) -> list[str] | None:
    """Money as a register keeps it: amount and currency; None where there is none."""
    found = part(data, name)
    amount, currency = number_text(found, "amount"), text(found, "currency")
    return None if amount is None or currency is None else [amount, currency]


def money(kept: list[str] | None) -> dict[str, Any] | None:
    """The inverse of `money_texts`."""
    return None if kept is None else {"amount": Decimal(kept[0]), "currency": kept[1]}


def home(space: str, event: Heard, identity: object, member: str = "", share: str = "") -> Iterable[Place]:
    """The place of what an event is about, or of a share of it; none when the id is missing or of another tenant.

    Tenants never meet: an event that names what belongs to somebody else is not heard there.
    """
    if not isinstance(identity, str):
        return ()
    tenant, _, rest = identity.partition(":")
    if not rest or tenant != event.tenant:
        return ()
    return (Place(f"{tenant}:{space}/{rest}{'/' if share else ''}{share}", member),)


def dweller(space: str, place: Place) -> str:
    """The id the group of a place was made from, with its share."""
    tenant, _, rest = place.group.partition(":")
    return f"{tenant}:{rest[len(space) + 1 :]}"
