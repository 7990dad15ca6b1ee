-- name: keep_schedules
-- Those that there are now; the next time of one that is known only comes nearer.
INSERT INTO schedule (tenant, name, flow, next)
SELECT tenant, name, flow, next FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
    AS new (tenant, name, flow, next) ORDER BY tenant, name
ON CONFLICT (tenant, name) DO UPDATE SET flow = EXCLUDED.flow, next = least(schedule.next, EXCLUDED.next);

-- name: drop_schedules
-- Those that are not named.
DELETE FROM schedule WHERE (tenant, name) NOT IN (SELECT * FROM unnest($1::text[], $2::text[]));

-- name: schedules
-- All of them.
SELECT name, flow, next, last, tenant FROM schedule ORDER BY tenant, name;

-- name: due
-- Whose time has come, by the database's clock.
SELECT name, flow, next, last, tenant FROM schedule WHERE next <= statement_timestamp() ORDER BY next, tenant, name;

-- name: fire
-- Moves one on; nothing comes back when another scheduler did.
UPDATE schedule SET last = next, next = $4 WHERE tenant = $1 AND name = $2 AND next = $3 RETURNING name;

-- name: fired
-- After a lost answer: whether it stands where this call moved it.
SELECT EXISTS (SELECT FROM schedule WHERE tenant = $1 AND name = $2 AND last = $3 AND next = $4);
