-- name: schema_version
PRAGMA user_version;

-- name: application
PRAGMA application_id;

-- name: tables
SELECT count(*) FROM sqlite_schema;

-- name: check
PRAGMA quick_check(1);

-- name: write_ahead
PRAGMA journal_mode = WAL;

-- name: full_sync
PRAGMA synchronous = FULL;

-- name: overwrite_deleted
PRAGMA secure_delete = ON;

-- name: seldom_checkpoint
-- Pages in the write-ahead log (16 MB) before it is moved into the file: at many runs at once a commit is a hundred
-- pages, and each move waits for the disk twice.
PRAGMA wal_autocheckpoint = 4000;

-- name: cache
PRAGMA cache_size = -16000;

-- name: only_read
PRAGMA query_only = ON;

-- name: data_version
PRAGMA data_version;

-- name: begin
BEGIN IMMEDIATE;

-- name: commit
COMMIT;

-- name: rollback
ROLLBACK;

-- name: mark
SAVEPOINT job;

-- name: keep
RELEASE job;

-- name: undo
ROLLBACK TO job;

-- name: put_meta
INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING;

-- name: meta
SELECT value FROM meta WHERE name = :name;
