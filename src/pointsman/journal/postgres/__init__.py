"""The journal in a PostgreSQL database: many machines."""

from pointsman.journal.postgres.journal import PostgresJournal as PostgresJournal
from pointsman.journal.postgres.links import Place as Place
