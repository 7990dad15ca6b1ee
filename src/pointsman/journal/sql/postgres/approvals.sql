-- name: ask
-- Items of one run ($1, epoch $2), which stays locked until the commit; none come back when it is another's. An item
-- that is there stays, unless it was withdrawn or sent back: then it is asked anew, under its first id.
WITH held AS (
    SELECT id, tenant, flow FROM run WHERE id = $1 AND epoch = $2 AND state = 'running' FOR NO KEY UPDATE
), asked AS (
    INSERT INTO approval (id, run, step, item, tenant, flow, role, requester, four_eyes, otherwise, hash, created,
                          expires, title, effect, effect_blob)
    SELECT new.id, held.id, step, item, tenant, flow, role, requester, four_eyes, otherwise, hash,
           statement_timestamp(), statement_timestamp() + make_interval(secs => within), title, effect, effect_blob
    FROM held CROSS JOIN unnest(
        $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::text[], $10::text[],
        $11::double precision[], $12::bytea[], $13::bytea[], $14::bytea[]
    ) WITH ORDINALITY AS new (id, step, item, role, requester, four_eyes, otherwise, hash, within, title, effect,
                              effect_blob, number)
    ORDER BY number
    ON CONFLICT (run, step, item) DO UPDATE
    SET role = EXCLUDED.role, requester = EXCLUDED.requester, four_eyes = EXCLUDED.four_eyes,
        otherwise = EXCLUDED.otherwise, decision = 'waiting', hash = EXCLUDED.hash, created = EXCLUDED.created,
        expires = EXCLUDED.expires, title = EXCLUDED.title, effect = EXCLUDED.effect,
        effect_blob = EXCLUDED.effect_blob, snoozed_until = NULL, decided_by = NULL, decided = NULL, call = NULL,
        reason = NULL, edit = NULL
    WHERE approval.decision IN ('withdrawn', 'redraft')
)
SELECT id FROM held;

-- name: decide
-- The first of two racers wins. $1 id, $2 tenant, $3 the hash that was seen, $4 decision, $5 by, $6 this call, $7
-- reason, $8 edited effect or null with $9 its blob and $10 its hash, $11 edit. The run is locked before its item, as
-- everywhere, so that no two wait for each other.
WITH held AS (
    SELECT run.id FROM run JOIN approval ON approval.run = run.id
    WHERE approval.id = $1 AND approval.tenant = $2 FOR NO KEY UPDATE OF run
), decided AS (
    UPDATE approval SET decision = $4, decided_by = $5, decided = clock_timestamp(), call = $6, reason = $7,
                        effect = coalesce($8, effect), hash = coalesce($10, hash), edit = $11,
                        effect_blob = CASE WHEN $8::bytea IS NULL THEN effect_blob ELSE $9::bytea END
    FROM held WHERE approval.run = held.id AND approval.id = $1 AND decision = 'waiting' AND hash = $3
               AND expires > statement_timestamp() AND NOT (four_eyes AND requester = $5)
    RETURNING approval.id, approval.run
), woken AS (
    UPDATE run SET state = CASE state WHEN 'waiting' THEN 'queued' ELSE state END, due = NULL,
                   signalled = (state = 'running')
    FROM decided WHERE run.id = decided.run AND state IN ('waiting', 'running') RETURNING state
)
SELECT id, (SELECT count(pg_notify('pointsman_journal', '')) FROM woken WHERE state = 'queued') FROM decided;

-- name: snooze
-- Off the list for a while.
UPDATE approval SET snoozed_until = clock_timestamp() + make_interval(secs => $3)
WHERE id = $1 AND tenant = $2 AND decision = 'waiting' AND expires > statement_timestamp() RETURNING id;

-- name: expire
-- Lets time decide, a thousand at once, for this call ($1) alone; wakes their runs. Runs are locked before their items,
-- as everywhere.
WITH late AS (
    SELECT id, run FROM approval WHERE decision = 'waiting' AND expires <= statement_timestamp()
    ORDER BY expires LIMIT 1000
), held AS (
    SELECT id FROM run WHERE id IN (SELECT run FROM late) ORDER BY id FOR NO KEY UPDATE
), decided AS (
    UPDATE approval SET decision = CASE otherwise WHEN 'approve' THEN 'approved' ELSE 'expired' END,
                        decided_by = CASE otherwise WHEN 'approve' THEN 'time' END, decided = clock_timestamp(), call = $1
    FROM late JOIN held ON held.id = late.run
    WHERE approval.id = late.id AND decision = 'waiting' AND expires <= statement_timestamp() RETURNING approval.run
), woken AS (
    UPDATE run SET state = CASE state WHEN 'waiting' THEN 'queued' ELSE state END, due = NULL,
                   signalled = (state = 'running')
    WHERE id IN (SELECT run FROM decided) AND state IN ('waiting', 'running') RETURNING state
)
SELECT (SELECT count(*) FROM decided), (SELECT count(pg_notify('pointsman_journal', '')) FROM woken WHERE state = 'queued');

-- name: decided_by_call
-- What a call of `decide` or `expire` decided.
SELECT approval.*, payload AS effect_payload
FROM approval LEFT JOIN blob ON digest = effect_blob
WHERE call = $1 ORDER BY expires, id;

-- name: approval
-- One item of this tenant.
SELECT approval.*, payload AS effect_payload
FROM approval LEFT JOIN blob ON digest = effect_blob
WHERE id = $1 AND tenant = $2;

-- name: approvals
-- Items of this tenant that end soonest, after the one that was seen last; null filters let all through.
SELECT approval.*, payload AS effect_payload
FROM approval LEFT JOIN blob ON digest = effect_blob
WHERE tenant = $1
  AND ($3::text IS NULL OR (expires, id) > (SELECT expires, id FROM approval WHERE id = $3 AND tenant = $1))
  AND ($4::text IS NULL OR (decision = $4
       AND ($4 <> 'waiting' OR snoozed_until IS NULL OR snoozed_until <= statement_timestamp())))
  AND ($5::text IS NULL OR flow = $5) AND ($6::text IS NULL OR role = $6) AND ($7::text IS NULL OR run = $7)
  AND ($8::text IS NULL OR requester = $8)
ORDER BY expires, id LIMIT $2;

-- name: approvals_of
-- The items of one step.
SELECT approval.*, payload AS effect_payload
FROM approval LEFT JOIN blob ON digest = effect_blob
WHERE run = $1 AND step = $2 ORDER BY created, item;
