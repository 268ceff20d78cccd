"""The shared walk passes over the product order and notices a machine that is wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from domain.command import Command
from domain.machine import Draft
from domain.order_state.states import HeaderState
from domain.product_order import commands
from domain.product_order import events as e
from domain.product_order.aggregate import MACHINE
from domain.product_order.order import ProductOrder, evolve
from streams.order_state_stored import to_bytes
from tests.domain.machine_walk import (
    Choose,
    Follower,
    Subject,
    check_beginning,
    check_matrix,
    check_roles,
    check_table,
    envelope,
    walk,
)
from tests.domain.orders import creation
from tests.domain.walks import fields, lines, onward


def sample(order: ProductOrder | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    if order is None:
        return creation(lines(choose), command_id, reason_code="REASON")
    if kind is commands.CreateProductOrder:
        return creation(command_id=command_id)
    return kind(**{**fields(order, kind, choose), **envelope(MACHINE, kind, order.order_id, command_id, choose)})


def picture(order: ProductOrder) -> Any:
    kept = [getattr(order, f.name) for f in dataclasses.fields(order) if f.name not in ("facts", "view")]
    return to_bytes(order.facts), kept


SUBJECT = Subject(MACHINE, e.EVENTS, HeaderState, sample, picture, onward, walks=700, steps=40)
TestWalk = walk(SUBJECT, examples=25)


def test_the_table() -> None:
    check_table(SUBJECT, commands)


def test_the_matrix() -> None:
    check_matrix(SUBJECT)
    check_roles(SUBJECT)
    check_beginning(SUBJECT)


def _forgetful(order: ProductOrder | None, event: Any) -> ProductOrder:
    after = evolve(order, event)
    return replace(after, version=after.version + 1) if isinstance(event, e.ProductOrderSubmitted) else after


def _doubled(order: Any, command: Any) -> Sequence[Draft]:
    return [*MACHINE.reactions["AddOrderNote"](order, command), Draft(e.ProductOrderCompleted)]


@pytest.mark.parametrize(
    "wrong",
    [
        replace(MACHINE, evolve=_forgetful),
        replace(MACHINE, reactions={**MACHINE.reactions, "AddOrderNote": _doubled}),
    ],
    ids=["a version is skipped", "a row emits what it does not name"],
)
def test_a_wrong_machine_is_noticed(wrong: Any) -> None:
    follower = Follower(replace(SUBJECT, machine=wrong))
    choose = Random(5).choice

    def follow() -> None:
        for name in ("CreateProductOrder", *(["SubmitProductOrder", "AddOrderNote"] * 20)):
            follower.send(name, choose)

    with pytest.raises(AssertionError):
        follow()
