"""The authoriser's log: what a line tells, hostile names included, and every line read once across rotations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.governance_record.refusals import Denial
from topics.refusals.line import NAME_MAX, denial
from topics.refusals.tail import LINE_BYTES_MAX, Tail

AT = "2026-11-21T17:59:58.629Z"
MOMENT = datetime(2026, 11, 21, 17, 59, 58, 629_000, UTC)


def line(
    name: str = "oms.product-orders.v1",
    operation: str = "WRITE",
    at: str = AT,
    result: str = "Denied",
    of: str = "Topic",
) -> str:
    return (
        f"{at} Principal = User:crm is {result} operation = {operation} from host = 127.0.0.1 on resource = "
        f"{of}:LITERAL:{name} for request = Produce with resourceRefCount = 1 based on rule DefaultDeny"
    )


def test_a_refused_write_is_read_from_the_line_kafka_writes() -> None:
    expected = Denial(MOMENT, "User:crm", "WRITE", "TOPIC", "oms.product-orders.v1", "127.0.0.1")
    assert denial(line()) == denial(line() + "\n") == expected
    assert denial(line(at="[2026-11-21 17:59:58,629] INFO") + " (kafka.authorizer.logger)") == expected
    assert denial(line(of="TransactionalId")) == Denial(
        MOMENT, "User:crm", "WRITE", "TRANSACTIONAL_ID", "oms.product-orders.v1", "127.0.0.1"
    )


@pytest.mark.parametrize("operation", ["CREATE", "DELETE", "ALTER", "ALTER_CONFIGS"])
def test_other_changes_are_attempts_to_mutate_too(operation: str) -> None:
    found = denial(line(operation=operation))
    assert found is not None
    assert found.operation == operation


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anything else",
        line(operation="DESCRIBE"),
        line(operation="READ"),
        line(result="Allowed"),
        line(at="2026-13-21T17:59:58.629Z"),
        line().partition(" for request")[0],
    ],
)
def test_what_is_no_refused_mutation_is_passed_over(text: str) -> None:
    assert denial(text) is None


def test_a_name_cannot_pretend_to_be_the_rest_of_the_line() -> None:
    """A client calls a topic whatever it likes; the principal comes before the name and cannot be touched by it."""
    forged = line(line())
    found = denial(forged)
    assert found is not None
    assert (found.principal, found.resource[: len(AT)]) == ("User:crm", AT)
    for name in ("x for request = Fetch with resourceRefCount = 1", "bad\tname\x00", "n" * 5_000, ""):
        found = denial(line(name))
        assert found is not None
        assert found.principal == "User:crm"
        assert found.resource.isprintable()
        assert 0 < len(found.resource) <= NAME_MAX


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "kafka-authorizer.log"


@pytest.fixture
def tail(log: Path) -> Iterator[Tail]:
    made = Tail(log)
    yield made
    made.close()


def rotate(log: Path, kept: int = 3) -> None:
    """As log4j does it: the oldest goes, the others move up, a new one is begun at the next line."""
    Path(f"{log}.{kept}").unlink(missing_ok=True)
    for number in range(kept - 1, 0, -1):
        if (older := Path(f"{log}.{number}")).exists():
            older.rename(f"{log}.{number + 1}")
    log.rename(f"{log}.1")


def write(log: Path, *lines: str) -> None:
    with log.open("a") as file:
        file.writelines(f"{text}\n" for text in lines)


def test_every_line_is_read_once_and_in_order_across_rotations(log: Path, tail: Tail) -> None:
    assert list(tail.lines()) == []
    for number in range(3):
        write(log, f"before-{number}")
        rotate(log)
    write(log, "now")
    assert [text.strip() for text in tail.lines()] == ["before-0", "before-1", "before-2", "now"]
    write(log, "written before the renaming")
    rotate(log)
    assert [text.strip() for text in tail.lines()] == ["written before the renaming"]
    write(log, "a")
    rotate(log)
    write(log, "b")
    rotate(log)
    write(log, "c")
    assert [text.strip() for text in tail.lines()] == ["a", "b", "c"]
    assert list(tail.lines()) == []


def test_a_file_that_went_unread_costs_its_own_lines_only(log: Path, tail: Tail) -> None:
    write(log, "seen")
    assert len(list(tail.lines())) == 1
    for number in range(5):
        rotate(log)
        write(log, f"flood-{number}")
    assert [text.strip() for text in tail.lines()] == ["flood-1", "flood-2", "flood-3", "flood-4"]


def test_a_line_is_read_when_it_is_complete(log: Path, tail: Tail) -> None:
    log.write_text("half a ")
    assert list(tail.lines()) == []
    write(log, "line")
    assert list(tail.lines()) == ["half a line\n"]
    log.write_text("emptied\n")
    assert list(tail.lines()) == ["emptied\n"]


def test_a_reader_that_stops_in_between_goes_on_there(log: Path, tail: Tail) -> None:
    write(log, "1", "2")
    rotate(log)
    write(log, "3", "4")
    read = [next(iter(tail.lines())).strip() for _ in range(4)]
    assert read == ["1", "2", "3", "4"]


def test_a_line_without_end_is_no_burden(log: Path, tail: Tail) -> None:
    write(log, "x" * (2 * LINE_BYTES_MAX), "next")
    found = list(tail.lines())
    assert max(map(len, found)) <= LINE_BYTES_MAX
    assert found[-1] == "next\n"
