"""`ordertruth dlq` on a running platform: what could not be applied is listed, shown and sent back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from compose.cli import app
from streams.testing import Record
from tests.streams.platform import told_on_failure
from topics.catalogue import PRODUCT_ORDERS, dead_letters_of

if TYPE_CHECKING:
    from compose.settings import Settings
    from tests.streams.platform import Platform

pytestmark = pytest.mark.stack

LETTERS = dead_letters_of(PRODUCT_ORDERS.name).name
CHOSEN = ("--topic", PRODUCT_ORDERS.name, "--consumer", "order-state", "--code", "KEY_MISMATCH")


def said(settings: Settings, *arguments: str, status: int = 0) -> str:
    environment = {
        "ORDERTRUTH_STATE_DIR": str(settings.state_path),
        "ORDERTRUTH_CACHE_DIR": str(settings.cache_path),
        "COLUMNS": "200",
    }
    result = CliRunner().invoke(app, ["dlq", *arguments], env=environment)
    assert result.exit_code == status, result.output
    return result.output


def told(settings: Settings, *arguments: str) -> Any:
    return json.loads(said(settings, *arguments, "--json"))


def test_a_dead_letter_is_listed_shown_and_sent_back(platform: Platform) -> None:
    settings = platform.settings
    sound = platform.events(1, seed=611)[0]
    before = platform.caught_up()
    with platform.worker() as worker, told_on_failure(worker.log_path):
        platform.publish([Record(b"sim-611:nobody", sound.value, sound.headers)])
        platform.await_read(before.read + 1)

        letter = told(settings, "list", *CHOSEN)["letters"][-1]
        assert letter["key"] == "sim-611:nobody"
        assert letter["value"] == f"0x{(sound.value or b'').hex()}"
        assert letter["replayOf"] is None
        table = said(settings, "list", *CHOSEN)
        assert letter["letter"] in table
        assert "source topic" in table
        assert told(settings, "show", letter["letter"]) == letter
        shown = said(settings, "show", letter["letter"])
        assert letter["message"] in shown
        assert f"{PRODUCT_ORDERS.name}[{letter['partition']}]@{letter['offset']}" in shown

        count = told(settings, "list", *CHOSEN)["count"]
        assert told(settings, "replay", letter["letter"], "--dry-run")["sent"] == 0
        assert told(settings, "replay", letter["letter"]) == {"chosen": 1, "sent": 1, "letters": [letter["letter"]]}
        platform.await_read(before.read + 2)
        report = platform.verified()

    again = told(settings, "list", *CHOSEN)
    assert again["count"] == count + 1, "its cause was not mended, so it is back"
    assert again["letters"][-1]["replayOf"] == letter["letter"]
    assert {k: again["letters"][-1][k] for k in ("partition", "key", "value", "headers", "code")} == {
        k: letter[k] for k in ("partition", "key", "value", "headers", "code")
    }
    assert again["letters"][-1]["offset"] > letter["offset"]
    assert report.accounting["total"]["dead_lettered"] >= 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("show", "somewhere"), "no place of a dead letter"),
        (("show", f"{PRODUCT_ORDERS.name}/0/0"), "holds no dead letters"),
        (("show", f"{LETTERS}/0/999999999"), "There is no dead letter at"),
        (("list", "--topic", "nowhere.v1"), "has no dead letters"),
        (("replay",), "not clear"),
        (("replay", f"{LETTERS}/0/0", "--all"), "not clear"),
        (("replay", f"{LETTERS}/0/0", "--code", "TOMBSTONE"), "not clear"),
    ],
)
def test_what_is_not_understood_is_said(platform: Platform, arguments: tuple[str, ...], complaint: str) -> None:
    output = said(platform.settings, *arguments, status=2)
    assert complaint in output
    assert "What to do:" in output
