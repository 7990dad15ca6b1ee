-- name: keep_definition
INSERT INTO definition (digest, content) VALUES (:digest, :content) ON CONFLICT DO NOTHING;

-- name: definition
SELECT content FROM definition WHERE digest = :digest;

-- name: run_with_dedup
SELECT id FROM run WHERE tenant = :tenant AND flow = :flow AND dedup = :dedup;

-- name: insert_run
INSERT INTO run (
    id, flow, version, definition, tenant, principal, door, parent, state, ready, due, priority, concurrency, dedup,
    created
) VALUES (
    :id, :flow, :version, :definition, :tenant, :principal, :door, :parent, 'queued', :ready, :due, :priority,
    :concurrency, :dedup, :now
) ON CONFLICT (id) DO NOTHING RETURNING seq;

-- name: seq_of_run
SELECT seq FROM run WHERE id = :id;

-- name: put_payload
INSERT INTO payload (run, part, content) VALUES (:run, :part, :content)
ON CONFLICT (run, part) DO UPDATE SET content = excluded.content;

-- name: held
SELECT seq, claims FROM run WHERE id = :id AND epoch = :epoch AND state = 'running';

-- name: replied
UPDATE run SET replied = :now WHERE seq = :seq;

-- name: park
UPDATE run SET
    state = iif(woken, 'queued', 'waiting'), ready = iif(woken, 2, 0), due = iif(woken, NULL, :due),
    reason = :reason, owner = NULL, woken = 0, claims = 0
WHERE seq = :seq;

-- name: wake
UPDATE run SET
    state = iif(state = 'waiting', 'queued', state), ready = iif(state = 'waiting', 2, ready),
    due = iif(state = 'waiting', NULL, due), woken = iif(state = 'running', 1, woken)
WHERE seq = :seq AND state IN ('waiting', 'running');

-- name: finish
UPDATE run SET state = :state, error = :error, ended = :now, owner = NULL, ready = 0, due = NULL WHERE seq = :seq;

-- name: cancel
UPDATE run SET
    state = 'cancelled', reason = :reason, ended = :now, epoch = epoch + 1, owner = NULL, ready = 0, due = NULL
WHERE id = :id AND tenant = :tenant AND state IN ('queued', 'running', 'waiting') RETURNING seq;

-- name: withdraw
UPDATE approval SET decision = 'withdrawn', decided = :now WHERE run = :seq AND decision = 'waiting';

-- name: retry
UPDATE run SET
    state = 'queued', ready = iif(started IS NULL, 1, 2), due = NULL, ended = NULL, error = NULL, reason = NULL,
    claims = 0, woken = 0
WHERE id = :id AND tenant = :tenant AND state IN ('failed', 'cancelled');

-- name: view
SELECT
    run.seq, run.id, run.flow, run.version, run.state, run.tenant, run.principal, run.door, run.created, run.started,
    run.replied, run.ended, run.error, run.reason, run.claims, run.owner, run.parent, input.content AS input,
    answer.content AS answer
FROM run
JOIN payload AS input ON input.run = run.seq AND input.part = '$input'
LEFT JOIN payload AS answer ON answer.run = run.seq AND answer.part = '$answer'
WHERE run.id = :id AND run.tenant = :tenant;

-- name: newest
SELECT
    run.seq, run.id, run.flow, run.version, run.state, run.tenant, run.principal, run.door, run.created, run.started,
    run.replied, run.ended, run.error, run.reason, run.claims, run.owner, run.parent, input.content AS input,
    answer.content AS answer
FROM run
JOIN payload AS input ON input.run = run.seq AND input.part = '$input'
LEFT JOIN payload AS answer ON answer.run = run.seq AND answer.part = '$answer'
WHERE run.tenant = :tenant
    AND (:before IS NULL OR run.seq < (SELECT seq FROM run WHERE id = :before AND tenant = :tenant))
    AND (:flow IS NULL OR run.flow = :flow)
    AND (:state IS NULL OR run.state = :state)
    AND (:principal IS NULL OR run.principal = :principal)
    AND (:door IS NULL OR run.door = :door)
    AND (:parent IS NULL OR run.parent = :parent)
ORDER BY run.seq DESC
LIMIT :limit;

-- name: promote
UPDATE run SET ready = iif(started IS NULL, 1, 2), due = NULL WHERE due <= :now;

-- name: promote_after_clock_went_back
-- No lease ends later than its length from now, unless the clock was set back; without this, what a dead worker held
-- would wait as long as the clock went back.
UPDATE run SET ready = 2, due = NULL WHERE state = 'running' AND due > :now + lease + 2000000;

-- name: ready_flows
-- From one pair of (ready, flow) to the next: a step a flow, however many runs are queued.
WITH RECURSIVE
pair (ready, flow) AS (
    SELECT * FROM (SELECT ready, flow FROM run WHERE ready > 0 ORDER BY ready, flow LIMIT 1)
    UNION ALL
    SELECT next.ready, next.flow FROM pair JOIN run AS next ON next.seq = (
        SELECT seq FROM run WHERE ready > 0 AND (ready, flow) > (pair.ready, pair.flow) ORDER BY ready, flow LIMIT 1
    )
)
SELECT ready, flow FROM pair;

-- name: candidates
SELECT seq, flow, ready, priority, concurrency, state FROM run
WHERE ready = :ready AND ready > 0 AND flow = :flow
    AND (:concurrent IS NULL OR state = 'running' OR coalesce(concurrency, x'') NOT IN (
        SELECT coalesce(concurrency, x'') FROM run WHERE flow = :flow AND state = 'running'
        GROUP BY concurrency HAVING count(*) >= :concurrent
    ))
ORDER BY priority DESC, seq
LIMIT :most;

-- name: candidate
SELECT seq, flow, ready, priority, concurrency, state FROM run WHERE id = :id AND ready > 0;

-- name: running_with_key
SELECT count(*) FROM run WHERE flow = :flow AND concurrency IS :concurrency AND state = 'running';

-- name: started_since
SELECT count(*) FROM run WHERE flow = :flow AND started > :since AND started <= :now;

-- name: claim
UPDATE run SET
    state = 'running', owner = :owner, epoch = epoch + 1, claims = claims + 1, woken = 0, ready = 0, due = :now + :lease,
    lease = :lease, started = coalesce(started, :now), reason = NULL
WHERE seq = :seq
RETURNING seq, id, epoch, flow, version, definition, tenant, principal, door, claims, created;

-- name: payload
SELECT content FROM payload WHERE run = :run AND part = :part;

-- name: renew
UPDATE run SET due = :now + :lease, lease = :lease, ready = 0 WHERE owner = :owner AND state = 'running' RETURNING id;
