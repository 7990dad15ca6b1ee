-- name: create
-- New runs; one whose id or deduplication key is known is left out of the answer. Tells those who claim.
WITH made AS (
    INSERT INTO run (id, tenant, flow, version, definition, door, principal, parent, dedup, concurrency_key, priority,
                     due, created, input, input_blob)
    SELECT id, tenant, flow, version, definition, door, principal, parent, dedup, concurrency_key, priority,
           CASE WHEN ready_in > 0 THEN clock_timestamp() + make_interval(secs => ready_in) END, clock_timestamp(),
           input, input_blob
    FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::bytea[], $10::bytea[], $11::integer[], $12::double precision[], $13::bytea[], $14::bytea[])
        WITH ORDINALITY AS new (id, tenant, flow, version, definition, door, principal, parent, dedup, concurrency_key,
                                priority, ready_in, input, input_blob, number)
    ORDER BY number
    ON CONFLICT DO NOTHING
    RETURNING id, due
)
SELECT id, CASE WHEN row_number() OVER (ORDER BY due NULLS FIRST) = 1 AND due IS NULL
                THEN pg_notify('pointsman_journal', '') END
FROM made;

-- name: known_runs
-- The runs that have these deduplication keys (tenant, flow, hash; an old key's hash counts too).
SELECT number, id FROM run JOIN unnest($1::integer[], $2::text[], $3::text[], $4::bytea[]) AS asked
    (number, tenant, flow, dedup) USING (tenant, flow, dedup);

-- name: reply
-- Keeps answers; gives the (run, epoch) pairs that were still the running ones. The time of the first reply stays.
WITH new AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bytea[]) AS new (run, epoch, answer, answer_blob)
    ORDER BY run
), held AS (
    SELECT id, new.* FROM new CROSS JOIN LATERAL (
        SELECT id FROM run WHERE id = new.run AND epoch = new.epoch AND (owner IS NOT NULL OR $5) FOR NO KEY UPDATE
    ) AS found
)
UPDATE run SET answer = held.answer, answer_blob = held.answer_blob, replied = coalesce(replied, clock_timestamp())
FROM held WHERE run.id = held.id RETURNING run.id, run.epoch;

-- name: park
-- Runs that wait: $3 reasons, $4 seconds or null. One that was woken meanwhile is queued at once.
WITH new AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::double precision[]) AS new (run, epoch, why, ready_in)
    ORDER BY run
), held AS (
    SELECT id, new.*, state, signalled AS ready FROM new CROSS JOIN LATERAL (
        SELECT id, state, signalled FROM run
        WHERE id = new.run AND epoch = new.epoch AND (owner IS NOT NULL OR $5) FOR NO KEY UPDATE
    ) AS found
), parked AS (
    UPDATE run SET state = CASE WHEN ready THEN 'queued' ELSE 'waiting' END, reason = why,
                   due = CASE WHEN NOT ready THEN clock_timestamp() + make_interval(secs => ready_in) END,
                   owner = NULL, lease_until = NULL, signalled = false, claims = 0
    FROM held WHERE run.id = held.id AND held.state = 'running'
)
SELECT id, epoch, CASE WHEN (ready OR ready_in <= 0) AND state = 'running' THEN pg_notify('pointsman_journal', '') END FROM held;

-- name: finish
-- Ends runs: $3 states, $4 errors; withdraws what nobody has decided.
WITH new AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bytea[]) AS new (run, epoch, becomes, why)
    ORDER BY run
), held AS (
    SELECT id, new.*, state FROM new CROSS JOIN LATERAL (
        SELECT id, state FROM run
        WHERE id = new.run AND epoch = new.epoch AND (owner IS NOT NULL OR $5) FOR NO KEY UPDATE
    ) AS found
), finished AS (
    UPDATE run SET state = becomes, error = why, ended = clock_timestamp(), owner = NULL, lease_until = NULL
    FROM held WHERE run.id = held.id AND held.state = 'running' RETURNING run.id
), withdrawn AS (
    UPDATE approval SET decision = 'withdrawn', decided = clock_timestamp()
    FROM finished WHERE approval.run = finished.id AND decision = 'waiting'
)
SELECT id, epoch FROM held;

-- name: wake
-- One that waits is queued, one that runs remembers it.
WITH woken AS (
    UPDATE run SET state = CASE state WHEN 'waiting' THEN 'queued' ELSE state END, due = NULL,
                   signalled = (state = 'running')
    WHERE id = $1 AND state IN ('waiting', 'running') RETURNING state
)
SELECT pg_notify('pointsman_journal', '') FROM woken WHERE state = 'queued';

-- name: cancel
-- Ends a run of this tenant, whoever holds it; $4: a call before this one may have done it.
WITH cancelled AS (
    UPDATE run SET state = 'cancelled', reason = $3, epoch = epoch + 1, ended = clock_timestamp(), due = NULL,
                   owner = NULL, lease_until = NULL
    WHERE id = $1 AND tenant = $2 AND state IN ('queued', 'running', 'waiting') RETURNING id
), withdrawn AS (
    UPDATE approval SET decision = 'withdrawn', decided = clock_timestamp()
    FROM cancelled WHERE approval.run = cancelled.id AND decision = 'waiting'
)
SELECT EXISTS (SELECT FROM cancelled)
    OR ($4 AND EXISTS (SELECT FROM run WHERE id = $1 AND tenant = $2 AND state = 'cancelled'));

-- name: retry
-- Queues a failed or cancelled run of this tenant again; $3: a call before this one may have done it.
WITH again AS (
    UPDATE run SET state = 'queued', epoch = epoch + 1, due = NULL, signalled = false, claims = 0, ended = NULL,
                   error = NULL, reason = NULL
    WHERE id = $1 AND tenant = $2 AND state IN ('failed', 'cancelled') RETURNING id
), told AS (
    SELECT count(pg_notify('pointsman_journal', '')) AS runs FROM again
)
SELECT runs > 0 OR ($3 AND EXISTS (
    SELECT FROM run WHERE id = $1 AND tenant = $2 AND state IN ('queued', 'running', 'waiting'))) FROM told;

-- name: view
-- One run of this tenant.
SELECT run.*, asked.payload AS input_payload, answered.payload AS answer_payload
FROM run LEFT JOIN blob AS asked ON asked.digest = input_blob LEFT JOIN blob AS answered ON answered.digest = answer_blob
WHERE id = $1 AND tenant = $2;

-- name: newest
-- Runs of this tenant, the youngest first, after the one that was seen last; null filters let all through.
SELECT run.*, asked.payload AS input_payload, answered.payload AS answer_payload
FROM run LEFT JOIN blob AS asked ON asked.digest = input_blob LEFT JOIN blob AS answered ON answered.digest = answer_blob
WHERE tenant = $1 AND ($3::text IS NULL OR seq < (SELECT seq FROM run WHERE id = $3 AND tenant = $1))
  AND ($4::text IS NULL OR flow = $4) AND ($5::text IS NULL OR state = $5) AND ($6::text IS NULL OR principal = $6)
  AND ($7::text IS NULL OR door = $7) AND ($8::text IS NULL OR parent = $8)
ORDER BY seq DESC LIMIT $2;
