-- Runs, their steps, what people decide, schedules. Ids, states, times and hashes are plain; everything else is sealed.
-- Texts that are compared are of collation C: ids have no language, and their order must not change with the system's.

-- A known text, sealed: a process with another key is told at once.
CREATE TABLE proof (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    sealed bytea NOT NULL
);

CREATE TABLE definition (
    digest  text COLLATE "C" PRIMARY KEY,
    content bytea NOT NULL,
    kept    timestamptz NOT NULL DEFAULT now()
);

-- Large payloads, by the keyed hash of their content. They are compressed before they are sealed.
CREATE TABLE blob (
    digest  bytea PRIMARY KEY,
    payload bytea NOT NULL
);
ALTER TABLE blob ALTER payload SET STORAGE EXTERNAL; -- what is sealed does not shrink

CREATE TABLE run (
    id              text COLLATE "C" PRIMARY KEY,
    seq             bigint NOT NULL GENERATED ALWAYS AS IDENTITY, -- the order in which they came
    tenant          text COLLATE "C" NOT NULL,
    flow            text COLLATE "C" NOT NULL,
    version         integer NOT NULL,
    definition      text COLLATE "C" NOT NULL,
    door            text COLLATE "C" NOT NULL,
    principal       text COLLATE "C" NOT NULL,
    parent          text COLLATE "C",
    dedup           bytea,                                        -- keyed hash
    concurrency_key bytea NOT NULL DEFAULT '',                    -- keyed hash; empty: none
    priority        integer NOT NULL DEFAULT 0,
    state           text COLLATE "C" NOT NULL DEFAULT 'queued'
                    CHECK (state IN ('queued', 'running', 'waiting', 'done', 'failed', 'cancelled')),
    fresh           boolean NOT NULL DEFAULT true,                -- never claimed yet
    due             timestamptz,       -- queued or waiting: from when on it may be claimed; queued without one: now
    signalled       boolean NOT NULL DEFAULT false,               -- woken while it was running
    owner           text COLLATE "C",
    epoch           bigint NOT NULL DEFAULT 0,
    claims          integer NOT NULL DEFAULT 0,
    claim           uuid,                                         -- the call of `claim` that took it
    lease_until     timestamptz,
    lease           double precision,                             -- its length in seconds
    created         timestamptz NOT NULL,
    started         timestamptz,
    replied         timestamptz,
    ended           timestamptz,
    error           bytea,
    reason          bytea,
    input           bytea NOT NULL,
    input_blob      bytea,
    answer          bytea,
    answer_blob     bytea
) WITH (fillfactor = 70); -- room for new versions of a row on its own page: a run's row changes a few times

-- Only runs that can be claimed are in run_ready: ten thousand that wait for people cost a claim nothing.
-- Its head is the lane: of each lane the best is found without walking past the others.
CREATE INDEX run_ready ON run (flow, tenant, concurrency_key, fresh, priority DESC, seq)
    WHERE state = 'queued' AND due IS NULL;
CREATE INDEX run_due ON run (due) WHERE due IS NOT NULL AND state IN ('queued', 'waiting');
CREATE INDEX run_lease ON run (lease_until) WHERE state = 'running';
CREATE UNIQUE INDEX run_dedup ON run (tenant, flow, dedup) WHERE dedup IS NOT NULL;
CREATE UNIQUE INDEX run_newest ON run (tenant, seq);
CREATE INDEX run_input_blob ON run (input_blob) WHERE input_blob IS NOT NULL;
CREATE INDEX run_answer_blob ON run (answer_blob) WHERE answer_blob IS NOT NULL;

CREATE TABLE step (
    run         text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    mark        text COLLATE "C" NOT NULL CHECK (mark IN ('started', 'done', 'failed', 'uncertain')),
    attempt     integer NOT NULL,
    effect      text COLLATE "C" NOT NULL,
    output      bytea,
    output_blob bytea,
    error       bytea,
    usage       bytea,
    started     timestamptz NOT NULL,
    ended       timestamptz,
    PRIMARY KEY (run, key)
);
CREATE INDEX step_blob ON step (output_blob) WHERE output_blob IS NOT NULL;

-- First claims of flows that have a rate; a row is gone when its flow is claimed after its window.
CREATE TABLE start (
    tenant text COLLATE "C" NOT NULL,
    flow   text COLLATE "C" NOT NULL,
    at     timestamptz NOT NULL
);
CREATE INDEX start_at ON start (flow, tenant, at);

CREATE TABLE approval (
    id            text COLLATE "C" PRIMARY KEY,
    run           text COLLATE "C" NOT NULL,
    step          text COLLATE "C" NOT NULL,
    item          text COLLATE "C" NOT NULL,
    tenant        text COLLATE "C" NOT NULL,
    flow          text COLLATE "C" NOT NULL,
    role          text COLLATE "C" NOT NULL,
    requester     text COLLATE "C" NOT NULL,
    four_eyes     boolean NOT NULL,
    otherwise     text COLLATE "C" NOT NULL CHECK (otherwise IN ('reject', 'approve')),
    decision      text COLLATE "C" NOT NULL DEFAULT 'waiting'
                  CHECK (decision IN ('waiting', 'approved', 'rejected', 'redraft', 'expired', 'withdrawn')),
    hash          text COLLATE "C" NOT NULL,
    created       timestamptz NOT NULL,
    expires       timestamptz NOT NULL,
    snoozed_until timestamptz,
    decided_by    text COLLATE "C",
    decided       timestamptz,
    call          uuid,                                           -- the call of `decide` or `expire` that decided it
    title         bytea NOT NULL,
    reason        bytea,
    effect        bytea NOT NULL,
    effect_blob   bytea,
    edit          bytea,
    UNIQUE (run, step, item)
);
CREATE INDEX approval_waiting ON approval (tenant, expires, id) WHERE decision = 'waiting';
CREATE INDEX approval_soonest ON approval (tenant, expires, id);
CREATE INDEX approval_late ON approval (expires) WHERE decision = 'waiting';
CREATE INDEX approval_call ON approval (call) WHERE call IS NOT NULL;
CREATE INDEX approval_effect_blob ON approval (effect_blob) WHERE effect_blob IS NOT NULL;

CREATE TABLE schedule (
    tenant text COLLATE "C" NOT NULL,
    name   text COLLATE "C" NOT NULL,
    flow   text COLLATE "C" NOT NULL,
    next   timestamptz NOT NULL,
    last   timestamptz,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE subject (
    hash bytea NOT NULL,
    run  text COLLATE "C" NOT NULL,
    key  text COLLATE "C" NOT NULL,
    PRIMARY KEY (hash, run, key)
);
