-- Times are microseconds since 1970 in UTC. Blobs are sealed payloads or keyed hashes.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE definition (
    digest TEXT NOT NULL PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;

-- ready: 0 = cannot be claimed now, 1 = can, and never started, 2 = can, and goes on.
-- due: when time alone makes it ready (a delayed start, a sleep's end, a lease's end). lease: how long that lease was.
CREATE TABLE run (
    seq INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    flow TEXT NOT NULL,
    version INTEGER NOT NULL,
    definition TEXT NOT NULL,
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    door TEXT NOT NULL,
    parent TEXT,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'done', 'failed', 'cancelled')),
    ready INTEGER NOT NULL,
    due INTEGER,
    lease INTEGER NOT NULL DEFAULT 0,
    priority INTEGER NOT NULL,
    concurrency BLOB,
    dedup BLOB,
    owner TEXT,
    epoch INTEGER NOT NULL DEFAULT 0,
    claims INTEGER NOT NULL DEFAULT 0,
    woken INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    started INTEGER,
    replied INTEGER,
    ended INTEGER,
    error BLOB,
    reason BLOB
) STRICT;
CREATE UNIQUE INDEX run_dedup ON run (tenant, flow, dedup) WHERE dedup IS NOT NULL;
CREATE INDEX run_ready ON run (ready, flow, priority DESC, seq, concurrency, state) WHERE ready > 0;
CREATE INDEX run_due ON run (due) WHERE due IS NOT NULL;
CREATE INDEX run_leased ON run (due) WHERE state = 'running';
CREATE INDEX run_owner ON run (owner) WHERE owner IS NOT NULL;
CREATE INDEX run_running ON run (flow, concurrency) WHERE state = 'running';
CREATE INDEX run_started ON run (flow, started) WHERE started IS NOT NULL;
CREATE INDEX run_newest ON run (tenant, seq);

-- Apart from the run, because a run's row is rewritten at every heartbeat.
CREATE TABLE payload (
    run INTEGER NOT NULL,
    part TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (run, part)
) STRICT, WITHOUT ROWID;

-- With a rowid: steps of all runs are appended to one end, and a commit writes a few pages. Ordered by run they would
-- touch a page for each run, three to seven times the bytes.
CREATE TABLE step (
    run INTEGER NOT NULL,
    key TEXT NOT NULL,
    mark TEXT NOT NULL CHECK (mark IN ('started', 'done', 'failed', 'uncertain')),
    attempt INTEGER NOT NULL,
    effect TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER,
    output BLOB,
    usage BLOB,
    error BLOB,
    PRIMARY KEY (run, key)
) STRICT;

CREATE TABLE blob (
    digest BLOB NOT NULL PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;

CREATE TABLE blob_use (
    run INTEGER NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (run, key, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_use_digest ON blob_use (digest);

CREATE TABLE approval (
    seq INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    run INTEGER NOT NULL,
    step TEXT NOT NULL,
    item TEXT NOT NULL,
    effect BLOB NOT NULL,
    hash TEXT NOT NULL,
    role TEXT NOT NULL,
    requester TEXT NOT NULL,
    title BLOB NOT NULL,
    decision TEXT NOT NULL
        CHECK (decision IN ('waiting', 'approved', 'rejected', 'redraft', 'expired', 'withdrawn')),
    otherwise TEXT NOT NULL CHECK (otherwise IN ('reject', 'approve')),
    four_eyes INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    snoozed_until INTEGER,
    decided_by TEXT,
    decided INTEGER,
    reason BLOB,
    edit BLOB,
    UNIQUE (run, step, item)
) STRICT;
CREATE INDEX approval_soonest ON approval (decision, expires, id);

CREATE TABLE schedule (
    name TEXT NOT NULL PRIMARY KEY,
    flow TEXT NOT NULL,
    tenant TEXT NOT NULL,
    next INTEGER NOT NULL,
    last INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE subject (
    hash BLOB NOT NULL,
    run INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (hash, run, key)
) STRICT, WITHOUT ROWID;

-- "PmJ1": by it a file is known as a journal.
PRAGMA application_id = 1349339697;
PRAGMA user_version = 1;
