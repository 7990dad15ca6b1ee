"""The journal in one SQLite file: one machine, any number of processes."""

from pointsman.journal.sqlite.journal import SqliteJournal as SqliteJournal
