"""Calls that may never return: who waits for them, and for how long."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from confluent_kafka import KafkaError
from structlog.testing import capture_logs

from streams.engine.bound import CallThread
from streams.engine.outage import OutageLog


def test_calls_are_made_one_after_the_other_and_their_errors_come_back() -> None:
    calls = CallThread("test")
    order: list[int] = []

    def call(number: int) -> int:
        time.sleep(0.02)
        order.append(number)
        return number

    def failing() -> None:
        raise LookupError("no")

    futures = [calls.submit(lambda n=n: call(n)) for n in range(3)]
    assert [future.result(5) for future in futures] == [0, 1, 2] == order
    with pytest.raises(LookupError):
        calls.submit(failing).result(5)


def test_a_call_that_hangs_is_given_up_and_the_loop_goes_on_meanwhile() -> None:
    calls, released = CallThread("test"), threading.Event()

    async def life() -> int:
        turns = 0

        async def turning() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0.01)
                turns += 1

        turner = asyncio.create_task(turning())
        with pytest.raises(TimeoutError):
            await calls.within(0.3, released.wait)
        turner.cancel()
        return turns

    assert asyncio.run(life()) > 5
    released.set()
    assert calls.submit(lambda: 7).result(5) == 7, "the thread is free again when the call returns after all"


def test_a_call_whose_caller_is_cancelled_is_waited_for() -> None:
    calls, done = CallThread("test"), threading.Event()

    def slow() -> None:
        time.sleep(0.2)
        done.set()

    async def life() -> None:
        task = asyncio.create_task(calls.within(5.0, slow))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done.is_set()

    asyncio.run(life())


def test_the_thread_ends_after_the_calls_it_was_given() -> None:
    calls = CallThread("test-that-ends")
    done = threading.Event()
    calls.submit(done.set)
    calls.end()
    assert done.wait(5)
    deadline = time.monotonic() + 5
    while any(thread.name == "test-that-ends" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_outage_is_told_once() -> None:
    told = OutageLog("consumer")
    with capture_logs() as logs:
        for _ in range(50):
            told(KafkaError(KafkaError._ALL_BROKERS_DOWN))
            told(KafkaError(KafkaError._TRANSPORT))
    assert [log["event"] for log in logs] == ["no broker answers"]
