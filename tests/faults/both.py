"""The two journals that a trial may be on."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def journal_server(request: pytest.FixtureRequest) -> "PostgresServer | None":
    """The server of a PostgreSQL journal; none for a file of this machine."""
    return request.getfixturevalue("postgres_server") if request.param == "postgres" else None
