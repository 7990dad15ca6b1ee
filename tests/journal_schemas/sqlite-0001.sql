BEGIN TRANSACTION;
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
CREATE TABLE definition (
    digest TEXT NOT NULL PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('proof',X'01026B31FC4E03710E10A662FCD42F8EF327886B6B3CE2500FD1B6E06AB1B0868E8456DBF7737E9AE53AEF91847E09BD2447A94B3FBDB133');
CREATE TABLE payload (
    run INTEGER NOT NULL,
    part TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (run, part)
) STRICT, WITHOUT ROWID;
INSERT INTO "payload" VALUES(1,'$input',X'01026B31FC4E03710E10A662FCD42F8EF327886BE99F3ED4FEB8A73B934D0D7A712F770336451052867DF75AA2B03F089F11CBAB1564CA4AABE99F360EE9CB5CC67E');
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
INSERT INTO "run" VALUES(1,'run-of-1','at-risk',1,'d1','default','anna','http',NULL,'queued',2,NULL,30000000,0,NULL,NULL,NULL,2,0,0,1795187716635057,1795187716648903,NULL,NULL,NULL,NULL);
CREATE TABLE schedule (
    name TEXT NOT NULL PRIMARY KEY,
    flow TEXT NOT NULL,
    tenant TEXT NOT NULL,
    next INTEGER NOT NULL,
    last INTEGER
) STRICT, WITHOUT ROWID;
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
INSERT INTO "step" VALUES(1,'a','done',1,'none',1795187716663199,1795187716663199,X'01026B31FC4E03710E10A662FCD42F8EF327886B21E7E00CC6AB8E277FF94E8325C4B6D7EDC80EC2FA280CD3440159CFB21A',NULL,NULL);
CREATE TABLE subject (
    hash BLOB NOT NULL,
    run INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (hash, run, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "subject" VALUES(X'1C49F258925793A60F9C02CF2D1D48E6F562FAE8D07C935439FAAC3ED6E7105F',1,'a');
CREATE UNIQUE INDEX run_dedup ON run (tenant, flow, dedup) WHERE dedup IS NOT NULL;
CREATE INDEX run_ready ON run (ready, flow, priority DESC, seq, concurrency, state) WHERE ready > 0;
CREATE INDEX run_due ON run (due) WHERE due IS NOT NULL;
CREATE INDEX run_leased ON run (due) WHERE state = 'running';
CREATE INDEX run_owner ON run (owner) WHERE owner IS NOT NULL;
CREATE INDEX run_running ON run (flow, concurrency) WHERE state = 'running';
CREATE INDEX run_started ON run (flow, started) WHERE started IS NOT NULL;
CREATE INDEX run_newest ON run (tenant, seq);
CREATE INDEX blob_use_digest ON blob_use (digest);
CREATE INDEX approval_soonest ON approval (decision, expires, id);
COMMIT;
PRAGMA application_id = 1349339697;
PRAGMA user_version = 1;
