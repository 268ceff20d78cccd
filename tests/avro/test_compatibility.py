from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import pytest

from avro.compatibility import Version, check, full_transitive, history_of, release, unreleased
from avro.generate import schema_for
from avro.resolution import Rule
from domain.catalogue import RecordType
from domain.errors import ContractError, IntegrityError
from domain.model import Doc, Model
from tests.avro.schemas import enum, field, record

if TYPE_CHECKING:
    from pathlib import Path


class OrderPacked(Model):
    """First form."""

    order_id: Annotated[str, Doc("Order.")]


FIRST = RecordType("oms", "Parcel", OrderPacked)


def variant(doc: str = "First form.", **fields: tuple[object, object]) -> RecordType:
    """The same record in another form; a default of `...` means there is none."""
    body = {"__annotations__": {n: Annotated[t, Doc("Field.")] for n, (t, _) in fields.items()}, "__module__": __name__}
    defaults = {n: d for n, (_, d) in fields.items() if d is not ...}
    return RecordType("oms", "Parcel", type("OrderPacked", (OrderPacked,), {"__doc__": doc, **body, **defaults}))


def test_what_is_committed_is_compatible_with_its_history() -> None:
    assert check() == []


def test_what_is_committed_is_released() -> None:
    """A schema without a released version has nothing to be compared with, and could be broken.

    A release adds versions. One that never left a branch may be taken back: delete its folder and release again.
    """
    assert unreleased() == [], "run `ordertruth schemas release` and commit what it adds"


def test_release_adds_versions_and_never_touches_old_ones(tmp_path: Path) -> None:
    folder = tmp_path / "oms" / "OrderPacked"
    assert unreleased((FIRST,), tmp_path) == ["OrderPacked"]
    assert release((FIRST,), tmp_path) == [folder / "1.avsc"]
    before = (folder / "1.avsc").read_bytes()
    assert release((FIRST,), tmp_path) == []
    second = variant(note=(str | None, None))
    assert release((second,), tmp_path) == [folder / "2.avsc"]
    assert (folder / "1.avsc").read_bytes() == before
    assert [v.number for v in history_of(second, tmp_path)] == [1, 2]
    assert unreleased((second,), tmp_path) == []


def test_an_incompatible_change_is_named_and_not_released(tmp_path: Path) -> None:
    release((FIRST,), tmp_path)
    bad = variant(note=(str, ...))
    found = check((bad,), tmp_path)
    assert [(f.record, f.field, f.version) for f in found] == [("OrderPacked", "note", 1)]
    assert "new readers cannot read old records" in found[0].reason
    with pytest.raises(ContractError, match=r"OrderPacked\.note breaks version 1"):
        release((bad,), tmp_path)
    assert len(history_of(FIRST, tmp_path)) == 1


def test_taking_away_a_field_without_default_fails_old_readers(tmp_path: Path) -> None:
    class Emptied(Model):
        """First form."""

    release((FIRST,), tmp_path)
    emptied = RecordType("oms", "Parcel", type("OrderPacked", (Emptied,), {"__doc__": "First form."}))
    found = check((emptied,), tmp_path)
    assert [(f.field, f.version) for f in found] == [("orderId", 1)]
    assert "old readers cannot read new records" in found[0].reason


def test_every_released_version_counts_and_not_only_the_newest() -> None:
    first = record(field("a", "string", default=""))
    second = record()
    third = record(field("a", "long", default=0))
    assert full_transitive("R", second, [Version(1, first)]) == []
    assert full_transitive("R", third, [Version(2, second)]) == []
    found = full_transitive("R", third, [Version(1, first), Version(2, second)])
    assert {(f.field, f.version) for f in found} == {("a", 1)}
    assert [f.rule for f in found] == [Rule.TYPE, Rule.TYPE, Rule.DEFAULT_CHANGED], "either direction fails"


def test_an_enum_with_a_symbol_for_the_unknown_may_gain_symbols_and_lose_none() -> None:
    first = record(field("e", enum("A", "B", "UNKNOWN", default="UNKNOWN")))
    more = record(field("e", enum("A", "B", "C", "UNKNOWN", default="UNKNOWN")))
    assert full_transitive("R", more, [Version(1, first)]) == []
    (lost,) = full_transitive("R", first, [Version(1, more)])
    assert (lost.field, lost.rule) == ("e", Rule.SYMBOL_REMOVED)
    closed, wider = record(field("e", enum("A"))), record(field("e", enum("A", "B")))
    assert full_transitive("R", wider, [Version(1, closed)])


def test_a_record_that_was_released_may_not_vanish(tmp_path: Path) -> None:
    release((FIRST,), tmp_path)
    found = check((), tmp_path)
    assert [(f.record, f.version) for f in found] == [("OrderPacked", 1)]


def test_a_hole_in_the_history_is_an_integrity_error(tmp_path: Path) -> None:
    release((FIRST,), tmp_path)
    (tmp_path / "oms" / "OrderPacked" / "1.avsc").rename(tmp_path / "oms" / "OrderPacked" / "2.avsc")
    with pytest.raises(IntegrityError, match="OrderPacked"):
        check((FIRST,), tmp_path)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_history_is_an_integrity_error(tmp_path: Path, text: str) -> None:
    release((FIRST,), tmp_path)
    (tmp_path / "oms" / "OrderPacked" / "1.avsc").write_text(text)
    with pytest.raises(IntegrityError, match=r"1\.avsc"):
        check((FIRST,), tmp_path)


def test_the_history_holds_what_was_generated(tmp_path: Path) -> None:
    (path,) = release((FIRST,), tmp_path)
    assert json.loads(path.read_text()) == schema_for(FIRST)
