"""A database of its own for each test, on the session's server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import conninfo, sql

from topics.store import AggregateStore, migrate

if TYPE_CHECKING:
    from compose.stack.endpoints import Endpoints


@contextmanager
def new_database(stack: Endpoints) -> Iterator[str]:
    """The address of a database without any schema of ours, for the length of a block."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(stack.database_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield conninfo.make_conninfo(stack.database_url, dbname=name)
    # a connection of its own: the test may have killed the server
    with psycopg.connect(stack.database_url, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def empty_database(stack: Endpoints) -> Iterator[str]:
    """The address of a database without any schema of ours."""
    with new_database(stack) as made:
        yield made


@pytest.fixture
def database(empty_database: str) -> str:
    """The address of a database with the schema `aggregates`, empty."""
    with psycopg.connect(empty_database) as connection:
        assert migrate(connection) > 0
    return empty_database


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    """A connection to look at the tables with; every statement is its own transaction."""
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


@pytest.fixture
def store(database: str) -> Iterator[AggregateStore]:
    """A store of product orders."""
    with psycopg.connect(database) as opened:
        yield AggregateStore(opened)
