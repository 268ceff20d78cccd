from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from domain.envelope import EVENT_NAMESPACE, event_id


@given(aggregate_id=st.text(), version=st.integers(1), command_id=st.text())
def test_an_event_id_is_a_name_based_uuid(aggregate_id: str, version: int, command_id: str) -> None:
    try:
        expected = str(uuid.uuid5(EVENT_NAMESPACE, f"{aggregate_id}\n{version}\n{command_id}"))
    except UnicodeEncodeError:
        return

    assert event_id(aggregate_id, version, command_id) == expected
