"""Every word of every vocabulary has a sentence in both languages, and those for customers name nothing internal."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest

from domain.fallout_case.states import FalloutCause
from domain.fulfillment_plan.states import TaskKind
from domain.order_state.states import HeaderState, ItemState
from domain.order_status.messages import CUSTOMER, CUSTOMER_NEXT, LANGUAGES, TABLES, Table, texts
from domain.order_status.parts import Wording
from domain.order_status.rules import LEAVES, RULES
from domain.order_status.vocabulary import CustomerStatus
from domain.order_status.whitelist import ORDER_STATE, WHITELIST

EVERY = [*TABLES.items(), (CustomerStatus, CUSTOMER_NEXT)]
INTERNAL = re.compile(
    r"task|fallout|system|provision|inventory|supplier|billing|workflow|decompos|plan\b|error|code|"
    r"aufgabe|störfall|lieferant|abrechnung|fehler",
    re.IGNORECASE,
)
WORDS = {word.value.lower() for kind in (HeaderState, ItemState, TaskKind, FalloutCause) for word in kind} - {
    "cancelled"
}


@pytest.mark.parametrize(("vocabulary", "table"), EVERY, ids=lambda x: getattr(x, "__name__", ""))
def test_a_table_has_every_word_in_every_language(vocabulary: type[StrEnum], table: Table) -> None:
    assert set(table) == set(vocabulary)
    for word in vocabulary:
        said = texts(table, word)
        assert set(said) == set(LANGUAGES) == set(Wording.model_fields)
        assert all(text.endswith(".") and len(text) > 10 for text in said.values()), word
        assert said["en"] != said["de"]


@pytest.mark.parametrize("table", [CUSTOMER, CUSTOMER_NEXT])
def test_customers_read_nothing_internal(table: Table) -> None:
    said = [text for word in table.values() for text in word.values()]
    assert not [text for text in said if INTERNAL.search(text)]
    assert not [text for text in said if WORDS & set(re.findall(r"[a-z_]+", text.lower()))]


def test_each_state_a_customer_is_told_reads_differently() -> None:
    for language in LANGUAGES:
        assert len({CUSTOMER[status][language] for status in CustomerStatus}) == len(CustomerStatus)


def test_every_rule_that_is_named_exists_and_every_one_is_used() -> None:
    named = {allowed.rule_id for fields in WHITELIST.values() for allowed in fields.values()}
    assert named | set(ORDER_STATE.values()) == set(RULES)
    assert set(LEAVES) == set(HeaderState)
