-- name: in_recovery
-- Whether this server is a replica, which engine state is never read from.
SELECT pg_is_in_recovery();

-- name: be_durable
-- A server whose default is to confirm before the disk has it does not apply to a journal.
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';

-- name: one_migration_at_a_time
-- Held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('pointsman journal migration', 0));

-- name: make_schema
-- Where every table of the journal is.
CREATE SCHEMA IF NOT EXISTS pointsman;

-- name: has_migrations
-- False in a database that has no journal yet.
SELECT to_regclass('pointsman.migration') IS NOT NULL;

-- name: make_migrations
-- Which migrations were applied, and when.
CREATE TABLE pointsman.migration (number integer PRIMARY KEY, name text NOT NULL, applied timestamptz NOT NULL);

-- name: newest_migration
-- The schema's version.
SELECT coalesce(max(number), 0) FROM pointsman.migration;

-- name: applied
-- After a migration, in its transaction.
INSERT INTO pointsman.migration VALUES ($1, $2, now());

-- name: keep_proof
-- By the first process that opens the journal.
INSERT INTO proof (sealed) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: proof
-- What a process with the right key can open.
SELECT sealed FROM proof;

-- name: keep_definition
-- The same digest is the same content: one that is there stays.
INSERT INTO definition (digest, content) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING;

-- name: definition
-- The files of a project as they were.
SELECT content FROM definition WHERE digest = $1;

-- name: keep_blobs
-- Locks those that are there, so that an erasure at the same time does not take one that is about to be referred to.
INSERT INTO blob (digest, payload)
SELECT digest, payload FROM unnest($1::bytea[], $2::bytea[]) AS new (digest, payload) ORDER BY digest
ON CONFLICT (digest) DO UPDATE SET digest = EXCLUDED.digest;

-- name: keep_subjects
-- Where a subject's values are.
INSERT INTO subject (hash, run, key)
SELECT hash, run, key FROM unnest($1::bytea[], $2::text[], $3::text[]) AS new (hash, run, key) ORDER BY hash, run, key
ON CONFLICT DO NOTHING;
