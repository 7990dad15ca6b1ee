-- name: promote
-- What was delayed, or waited for a time, is queued once its time has come: at most a thousand, the latest first. No
-- lease ends later than its length from now, unless the clock was set back; then it ends, or what a dead worker held
-- would wait as long as the clock went back.
WITH come AS (
    SELECT id FROM run
    WHERE due <= statement_timestamp() AND state IN ('queued', 'waiting') AND ($1::text IS NULL OR id = $1)
    ORDER BY due LIMIT 1000 FOR UPDATE SKIP LOCKED
), promoted AS (
    UPDATE run SET state = 'queued', due = NULL FROM come WHERE run.id = come.id RETURNING run.id
), freed AS (
    UPDATE run SET lease_until = statement_timestamp()
    WHERE state = 'running' AND lease_until > statement_timestamp() + make_interval(secs => lease + 2)
      AND ($1::text IS NULL OR id = $1) RETURNING id
)
SELECT (SELECT count(*) FROM promoted) + (SELECT count(*) FROM freed);

-- name: one_claim_at_a_time
-- Claims under limits count what is running: two that count at once would both see the last free place.
SELECT pg_advisory_xact_lock(hashtextextended('pointsman journal limits', 0));

-- name: any_ready
-- Whether a run of these flows could be claimed; without one there is nothing to count.
SELECT EXISTS (SELECT FROM run WHERE state = 'queued' AND due IS NULL AND flow = ANY ($1::text[]));

-- name: claim
-- Takes the best runs: $1 worker, $2 lease in seconds, $3 most, $4 this call, $5 flows or null, $6 no new ones of these,
-- $7 this run alone or null; limits as columns: $8 flows, $9 concurrent or null, $10 starts, $11 in so many seconds.
-- A lane is what shares a place in limits: (flow, tenant, concurrency key), claimed before or not. The lanes that have
-- runs are found by hopping from one to the next in run_ready, first over the flows, then within those asked for; each
-- gives as many of its best as it has room for; the best of those say how many each lane may lock. So nothing is locked
-- that is not taken, and a worker that meets locked runs takes the next ones of the lane.
WITH RECURSIVE flow_hop AS (
    (SELECT flow FROM run WHERE state = 'queued' AND due IS NULL AND $7::text IS NULL ORDER BY flow LIMIT 1)
    UNION ALL
    SELECT next.flow FROM flow_hop CROSS JOIN LATERAL (
        SELECT flow FROM run WHERE state = 'queued' AND due IS NULL AND flow > flow_hop.flow ORDER BY flow LIMIT 1
    ) AS next
), hop AS (
    SELECT first.* FROM flow_hop CROSS JOIN LATERAL (
        SELECT flow, tenant, concurrency_key, fresh FROM run
        WHERE state = 'queued' AND due IS NULL AND flow = flow_hop.flow
        ORDER BY tenant, concurrency_key, fresh LIMIT 1
    ) AS first
    WHERE flow_hop.flow <> ALL ($6::text[]) AND ($5::text[] IS NULL OR flow_hop.flow = ANY ($5))
    UNION ALL
    SELECT next.* FROM hop CROSS JOIN LATERAL (
        SELECT flow, tenant, concurrency_key, fresh FROM run
        WHERE state = 'queued' AND due IS NULL AND flow = hop.flow
          AND (tenant, concurrency_key, fresh) > (hop.tenant, hop.concurrency_key, hop.fresh)
        ORDER BY tenant, concurrency_key, fresh LIMIT 1
    ) AS next
), lane AS (
    TABLE hop
    UNION ALL
    SELECT flow, tenant, concurrency_key, fresh FROM run -- by its id: for what is written so, run_ready is no use
    WHERE id = $7 AND state || '' = 'queued' AND due IS NULL
      AND flow <> ALL ($6) AND ($5 IS NULL OR flow = ANY ($5))
), flow_limit AS (
    SELECT * FROM unnest($8::text[], $9::integer[], $10::integer[], $11::double precision[])
        AS flow_limit (flow, concurrent, starts, seconds)
), busy AS (
    SELECT flow, tenant, concurrency_key, count(*) AS runs FROM run
    WHERE state = 'running' AND flow IN (SELECT flow FROM flow_limit WHERE concurrent IS NOT NULL)
    GROUP BY flow, tenant, concurrency_key
), recent AS (
    SELECT flow, tenant, count(*) AS starts FROM start JOIN flow_limit USING (flow)
    WHERE at > statement_timestamp() - make_interval(secs => seconds) AND at <= statement_timestamp()
    GROUP BY flow, tenant
), room AS (
    SELECT lane.*, coalesce(flow_limit.concurrent - coalesce(busy.runs, 0), $3) AS places,
           coalesce(flow_limit.starts - coalesce(recent.starts, 0), $3) AS starts
    FROM lane LEFT JOIN flow_limit USING (flow) LEFT JOIN busy USING (flow, tenant, concurrency_key)
         LEFT JOIN recent USING (flow, tenant)
), head AS (
    SELECT room.*, best.priority, best.seq,
           row_number() OVER (PARTITION BY room.flow, room.tenant, room.concurrency_key
                              ORDER BY best.priority DESC, best.seq) AS place,
           row_number() OVER (PARTITION BY room.flow, room.tenant, room.fresh
                              ORDER BY best.priority DESC, best.seq) AS start
    FROM room CROSS JOIN LATERAL (
        SELECT priority, seq FROM run
        WHERE state = 'queued' AND due IS NULL AND (flow, tenant) = (room.flow, room.tenant)
          AND concurrency_key = room.concurrency_key AND fresh = room.fresh
        ORDER BY priority DESC, seq
        LIMIT greatest(0, least($3, room.places, CASE WHEN room.fresh THEN room.starts ELSE $3 END))
    ) AS best
), chosen AS (
    SELECT flow, tenant, concurrency_key, fresh FROM head
    WHERE place <= places AND (start <= starts OR NOT fresh)
    ORDER BY priority DESC, seq LIMIT $3
), quota AS (
    SELECT flow, tenant, concurrency_key, fresh, count(*) AS runs FROM chosen GROUP BY 1, 2, 3, 4
), ready AS (
    SELECT locked.* FROM quota CROSS JOIN LATERAL (
        SELECT id, priority, seq FROM run
        WHERE state = 'queued' AND due IS NULL AND (flow, tenant) = (quota.flow, quota.tenant)
          AND concurrency_key = quota.concurrency_key AND fresh = quota.fresh AND $7 IS NULL
        ORDER BY priority DESC, seq LIMIT quota.runs FOR UPDATE SKIP LOCKED
    ) AS locked
), alone AS (
    SELECT id, priority, seq FROM run
    WHERE id = $7 AND state || '' = 'queued' AND due IS NULL AND EXISTS (SELECT FROM quota) FOR UPDATE SKIP LOCKED
), abandoned AS (
    SELECT id, priority, seq FROM run
    WHERE state = 'running' AND lease_until <= statement_timestamp() AND ($7 IS NULL OR id = $7)
      AND ($5 IS NULL OR flow = ANY ($5))
    ORDER BY priority DESC, seq LIMIT $3 FOR UPDATE SKIP LOCKED
), taken AS (
    SELECT id FROM (TABLE ready UNION ALL TABLE alone UNION ALL TABLE abandoned) AS found
    ORDER BY priority DESC, seq LIMIT $3
), claimed AS (
    UPDATE run SET state = 'running', owner = $1, epoch = epoch + 1, claims = claims + 1, claim = $4,
                   lease_until = clock_timestamp() + make_interval(secs => $2), lease = $2, signalled = false, reason = NULL,
                   started = coalesce(started, clock_timestamp()), fresh = false
    FROM taken WHERE run.id = taken.id
    RETURNING run.*
), counted AS (
    INSERT INTO start (tenant, flow, at)
    SELECT tenant, flow, started FROM claimed JOIN flow_limit USING (flow) WHERE epoch = 1 AND starts IS NOT NULL
), forgotten AS (
    DELETE FROM start USING flow_limit
    WHERE start.flow = flow_limit.flow AND at <= statement_timestamp() - make_interval(secs => seconds)
)
SELECT claimed.id, epoch, flow, version, definition, tenant, principal, door, input, payload AS input_payload, claims,
       created
FROM claimed LEFT JOIN blob ON digest = input_blob ORDER BY priority DESC, seq;

-- name: claimed_by_call
-- What a call took whose answer was lost on its way.
SELECT id, epoch, flow, version, definition, tenant, principal, door, input, payload AS input_payload, claims, created
FROM run LEFT JOIN blob ON digest = input_blob
WHERE state = 'running' AND owner = $1 AND claim = $2 ORDER BY priority DESC, seq;

-- name: renew
-- The heartbeat of workers $1 with leases $2, without what calls $3 took: their answers were lost, so nobody works on
-- those runs.
WITH held AS (
    SELECT id, owner FROM run
    WHERE state = 'running' AND owner = ANY ($1::text[]) AND claim <> ALL ($3::uuid[]) ORDER BY id FOR NO KEY UPDATE
)
UPDATE run SET lease_until = clock_timestamp() + make_interval(secs => beat.lease), lease = beat.lease
FROM held JOIN unnest($1::text[], $2::double precision[]) AS beat (worker, lease) ON worker = owner
WHERE run.id = held.id RETURNING run.id, run.owner;
