-- name: put_schedule
INSERT INTO schedule (name, flow, tenant, next) VALUES (:name, :flow, :tenant, :next)
ON CONFLICT (name) DO UPDATE SET
    flow = excluded.flow, tenant = excluded.tenant, next = min(schedule.next, excluded.next);

-- name: drop_schedules
DELETE FROM schedule WHERE name NOT IN (SELECT value FROM json_each(:names));

-- name: schedules
SELECT name, flow, tenant, next, last FROM schedule ORDER BY name;

-- name: due
SELECT name, flow, tenant, next, last FROM schedule WHERE next <= :now ORDER BY next, name;

-- name: fire
UPDATE schedule SET last = next, next = :next WHERE name = :name AND next = :was;
