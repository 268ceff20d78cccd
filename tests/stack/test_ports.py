from __future__ import annotations

import socket

import pytest

from compose.stack.ports import LOOPBACK, PORT_HIGHEST, PORT_LOWEST, choose, is_free
from domain.errors import ConfigurationError


@pytest.fixture
def taken_port() -> int:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_taken_port_is_not_free(taken_port: int) -> None:
    assert not is_free(taken_port)


def test_ports_are_distinct_and_in_range() -> None:
    ports = choose(["kafka", "registry", "postgres"], {}, {})

    assert len(set(ports.values())) == 3
    assert all(PORT_LOWEST <= port <= PORT_HIGHEST for port in ports.values())


def test_port_of_the_last_start_is_kept() -> None:
    first = choose(["kafka", "registry"], {}, {})

    assert choose(["kafka", "registry"], first, {}) == first


def test_taken_port_of_the_last_start_is_replaced(taken_port: int) -> None:
    assert choose(["kafka"], {"kafka": taken_port}, {})["kafka"] != taken_port


def test_taken_port_that_was_asked_for_is_refused(taken_port: int) -> None:
    with pytest.raises(ConfigurationError, match=f"ORDERTRUTH_STACK__KAFKA_PORT: port {taken_port} is taken"):
        choose(["kafka"], {}, {"kafka": taken_port})


def test_port_given_twice_is_refused() -> None:
    free = choose(["kafka"], {}, {})["kafka"]

    with pytest.raises(ConfigurationError, match="two parts"):
        choose(["kafka", "registry"], {}, {"kafka": free, "registry": free})


def test_kept_port_yields_to_one_that_was_asked_for() -> None:
    free = choose(["kafka"], {}, {})["kafka"]

    ports = choose(["kafka", "registry"], {"kafka": free}, {"registry": free})

    assert ports["registry"] == free
    assert ports["kafka"] != free
