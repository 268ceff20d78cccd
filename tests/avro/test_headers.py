from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro.headers import format_time, from_headers, parse_time, to_headers
from domain.envelope import Envelope
from domain.errors import ContractError, RecordError

AT = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
ENVELOPE = Envelope(
    event_id="e1",
    event_type="com.ordertruth.oms.product-order.product-order-created.v1",
    source="oms",
    subject="t:1",
    time=AT,
    recorded_time=AT + timedelta(seconds=1),
    data_schema="https://ordertruth.com/schemas/1",
    correlation_id="co",
    causation_id="ca",
    tenant_id="t",
    actor_id="ä",
    actor_role="agent",
    policy_version="p1",
    aggregate_type="ProductOrder",
    aggregate_version=1,
    command_id="c1",
    reason_code="R",
    corrects="e0",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
OPTIONAL = ("ce_reasoncode", "ce_corrects", "traceparent")
WIRE = dict(to_headers(ENVELOPE))


def changed(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(n, value if n == name else v) for n, v in WIRE.items()]


def test_the_headers_are_those_of_the_contract() -> None:
    extensions = (
        "correlationid causationid tenantid actorid actorrole policyversion aggregatetype aggregateversion commandid "
        "reasoncode corrects recordedtime"
    )
    attributes = "specversion id type source subject time dataschema"
    wanted = {f"ce_{name}" for name in f"{attributes} {extensions}".split()}
    assert set(WIRE) == wanted | {"traceparent", "content-type"}
    assert WIRE["ce_specversion"] == b"1.0"
    assert WIRE["content-type"] == b"application/avro"
    assert WIRE["ce_time"] == b"2026-03-01T12:00:00.000005Z"
    assert WIRE["ce_aggregateversion"] == b"1"


def test_the_envelope_comes_back() -> None:
    assert from_headers(to_headers(ENVELOPE)) == ENVELOPE


def test_headers_of_others_and_a_second_traceparent_do_no_harm() -> None:
    extra = [("x", b"\xff"), *WIRE.items(), ("traceparent", b"later")]
    assert from_headers(extra).traceparent == "later"


def test_optional_headers_may_be_absent() -> None:
    found = from_headers([(n, v) for n, v in WIRE.items() if n not in OPTIONAL])
    assert (found.reason_code, found.corrects, found.traceparent) == (None, None, None)
    assert not set(OPTIONAL) & {n for n, _ in to_headers(found)}


@pytest.mark.parametrize("name", [n for n in WIRE if n not in OPTIONAL])
@pytest.mark.parametrize("value", [b"", None, b"\xff\xfe"])
def test_an_empty_or_unreadable_header_is_named(name: str, value: bytes | None) -> None:
    with pytest.raises(RecordError, match=f"Header {name}") as caught:
        from_headers(changed(name, value))
    assert (caught.value.code, caught.value.stage) == ("BAD_HEADERS", "decode")


@pytest.mark.parametrize("name", [n for n in WIRE if n not in OPTIONAL])
def test_a_missing_or_repeated_header_is_named(name: str) -> None:
    with pytest.raises(RecordError, match=f"Header {name}: it is missing"):
        from_headers([(n, v) for n, v in WIRE.items() if n != name])
    with pytest.raises(RecordError, match=f"Header {name}: it is there twice"):
        from_headers([*WIRE.items(), (name, WIRE[name])])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_specversion", b"0.3"),
        ("content-type", b"application/json"),
        ("ce_type", b"product-order-created"),
        ("ce_type", b"com.ordertruth.oms.product-order.product-order-created.v0"),
        ("ce_subject", b"other:1"),
        ("ce_time", b"yesterday"),
        ("ce_time", b"2026-03-01T12:00:00"),
        ("ce_time", b"2026-02-30T12:00:00Z"),
        ("ce_time", b"0001-01-01T00:00:00+23:00"),
        ("ce_recordedtime", b"20260301T120000Z"),
        ("ce_aggregateversion", b"0"),
        ("ce_aggregateversion", b"-1"),
        ("ce_aggregateversion", b"1.0"),
        ("ce_aggregateversion", b"9" * 40),
        ("ce_aggregateversion", "\u0661".encode()),
    ],
)
def test_a_wrong_header_is_named(name: str, value: bytes) -> None:
    with pytest.raises(RecordError, match=f"Header {name}"):
        from_headers(changed(name, value))


def test_no_headers_at_all() -> None:
    with pytest.raises(RecordError, match="ce_specversion"):
        from_headers(None)


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_come_back(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:00:00Z", AT.replace(microsecond=0)),
        ("2026-03-01t12:00:00z", AT.replace(microsecond=0)),
        ("2026-03-01T13:30:00.000005+01:30", AT),
        ("2026-03-01T12:00:00.000005999Z", AT),
        ("2026-03-01T12:00:00.1Z", AT.replace(microsecond=100000)),
    ],
)
def test_every_rfc_3339_form_is_read(text: str, moment: datetime) -> None:
    found = parse_time(text)
    assert found == moment
    assert found.tzinfo is UTC


def test_other_zones_are_written_in_utc_and_none_is_refused() -> None:
    assert format_time(AT.astimezone(timezone(timedelta(hours=2)))) == "2026-03-01T12:00:00.000005Z"
    with pytest.raises(ContractError, match="no time zone"):
        format_time(datetime(2026, 1, 1))  # noqa: DTZ001
