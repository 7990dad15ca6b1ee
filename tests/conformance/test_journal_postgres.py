"""The PostgreSQL journal holds the journals' contract."""

import itertools
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from tests.conformance.journals import JournalContract
from tests.journal_database import JournalDatabase

from pointsman.clock import Clock

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

pytest_plugins = ["tests.postgres_server"]
_numbers = itertools.count()


@pytest.fixture
async def store(postgres_server: "PostgresServer") -> AsyncIterator[JournalDatabase]:
    name = await postgres_server.create_database(f"journal_{next(_numbers)}")
    made = JournalDatabase(postgres_server, name)
    await made.make_clock()
    yield made
    await made.close()


@pytest.fixture
def store_clock(store: JournalDatabase) -> Clock:
    return store.clock


class TestPostgresJournal(JournalContract):
    pass
