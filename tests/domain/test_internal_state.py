"""The internal steps of fulfillment, by the names operators know them by (R144)."""

from __future__ import annotations

from domain.fulfillment_plan import commands as c
from domain.fulfillment_plan.internal_state import InternalState, internal_state
from domain.fulfillment_plan.states import TERMINAL_PLAN_STATES
from tests.domain.plans import PlanDesk, accepted

S = InternalState


def step(desk: PlanDesk) -> InternalState | None:
    return internal_state(desk.plan, decomposing=True)


def test_the_chain_of_the_reference_documents_is_gone_through() -> None:
    assert internal_state(None, decomposing=False) is None
    assert internal_state(None, decomposing=True) is S.DECOMPOSITION_STARTED
    desk = PlanDesk(accepted("a"))
    assert step(desk) is S.SERVICE_ORDER_CREATED
    desk.start("a/reservation")
    assert step(desk) is S.RESOURCE_RESERVATION_PENDING
    desk.send(c.CompleteFulfillmentTask, task="a/reservation", attempt=1, result_ref="port-1")
    assert step(desk) is S.SERVICE_ORDER_CREATED
    desk.start("a/service")
    assert step(desk) is S.SERVICE_ORDER_CREATED
    desk.fail("a/service")
    assert step(desk) is S.PROVISIONING_RETRYING
    desk.now += desk.standing.tasks["acme:order-1/a/service"].task.retry.delay(1)
    desk.send(c.RetryFulfillmentTask, task="a/service")
    assert step(desk) is S.PROVISIONING_RETRYING
    desk.send(c.CompleteFulfillmentTask, task="a/service", attempt=2, result_ref="answer-2")
    assert step(desk) is S.SERVICE_ORDER_CREATED
    desk.finish_all()
    assert desk.state in TERMINAL_PLAN_STATES
    assert step(desk) is None


def test_what_is_given_up_is_not_being_retried() -> None:
    desk = PlanDesk(accepted("a")).finish("a/reservation")
    desk.start("a/service")
    desk.fail("a/service", retryable=False)
    assert step(desk) is S.SERVICE_ORDER_CREATED


def test_the_network_comes_before_the_stores() -> None:
    """Two items: one waits for its port, the other is tried again on the network."""
    desk = PlanDesk(accepted("a"), accepted("b")).finish("a/reservation")
    desk.start("b/reservation")
    desk.start("a/service")
    assert step(desk) is S.RESOURCE_RESERVATION_PENDING
    desk.fail("a/service")
    assert step(desk) is S.PROVISIONING_RETRYING


def test_there_are_four() -> None:
    assert [s.value for s in S] == [
        "DecompositionStarted",
        "ServiceOrderCreated",
        "ResourceReservationPending",
        "ProvisioningRetrying",
    ]
