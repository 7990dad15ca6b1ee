-- name: ask
INSERT INTO approval (
    id, run, step, item, effect, hash, role, requester, title, decision, otherwise, four_eyes, created, expires
) VALUES (
    :id, :run, :step, :item, :effect, :hash, :role, :requester, :title, 'waiting', :otherwise, :four_eyes, :now,
    :expires
)
ON CONFLICT (run, step, item) DO UPDATE SET
    effect = excluded.effect, hash = excluded.hash, role = excluded.role, requester = excluded.requester,
    title = excluded.title, decision = 'waiting', otherwise = excluded.otherwise, four_eyes = excluded.four_eyes,
    created = excluded.created, expires = excluded.expires, snoozed_until = NULL, decided_by = NULL, decided = NULL,
    reason = NULL, edit = NULL
WHERE approval.decision IN ('withdrawn', 'redraft');

-- name: approval
SELECT approval.*, run.id AS run_id, run.tenant
FROM approval JOIN run ON run.seq = approval.run
WHERE approval.id = :id AND run.tenant = :tenant;

-- name: approval_by_seq
SELECT approval.*, run.id AS run_id, run.tenant
FROM approval JOIN run ON run.seq = approval.run
WHERE approval.seq = :seq;

-- name: approvals_of
SELECT approval.*, run.id AS run_id, run.tenant
FROM approval JOIN run ON run.seq = approval.run
WHERE run.id = :run AND approval.step = :step
ORDER BY approval.seq;

-- name: approvals
SELECT approval.*, run.id AS run_id, run.tenant
FROM approval JOIN run ON run.seq = approval.run
WHERE run.tenant = :tenant
    AND (:decision IS NULL OR approval.decision = :decision)
    AND (:decision IS NOT 'waiting' OR approval.snoozed_until IS NULL OR approval.snoozed_until <= :now)
    AND (:flow IS NULL OR run.flow = :flow)
    AND (:role IS NULL OR approval.role = :role)
    AND (:run IS NULL OR run.id = :run)
    AND (:requester IS NULL OR approval.requester = :requester)
    AND (:before IS NULL OR (approval.expires, approval.id) > (
        SELECT last.expires, last.id FROM approval AS last JOIN run AS its ON its.seq = last.run
        WHERE last.id = :before AND its.tenant = :tenant
    ))
ORDER BY approval.expires, approval.id
LIMIT :limit;

-- name: decide
UPDATE approval SET
    decision = :decision, decided_by = :by, decided = :now, reason = :reason, effect = :effect, hash = :hash,
    edit = :edit, snoozed_until = NULL
WHERE seq = :seq;

-- name: snooze
UPDATE approval SET snoozed_until = :until
WHERE id = :id AND decision = 'waiting' AND run IN (SELECT seq FROM run WHERE tenant = :tenant);

-- name: expire
UPDATE approval SET
    decision = iif(otherwise = 'approve', 'approved', 'expired'),
    decided_by = iif(otherwise = 'approve', 'time', NULL), decided = :now, snoozed_until = NULL
WHERE decision = 'waiting' AND expires <= :now
RETURNING seq, run;
