-- name: steps
SELECT step.key, step.mark, step.attempt, step.effect, step.started, step.ended, step.output, step.usage, step.error
FROM step JOIN run ON run.seq = step.run
WHERE run.id = :id
ORDER BY step.started, step.rowid;

-- name: record
INSERT INTO step (run, key, mark, attempt, effect, started, ended, output, usage, error)
VALUES (:run, :key, :mark, :attempt, :effect, :started, :ended, :output, :usage, :error)
ON CONFLICT (run, key) DO UPDATE SET
    mark = excluded.mark, attempt = excluded.attempt, effect = excluded.effect, ended = excluded.ended,
    output = excluded.output, usage = excluded.usage, error = excluded.error
WHERE step.mark <> 'done';

-- name: got_on
UPDATE run SET claims = 1 WHERE seq = :seq;

-- name: put_blob
INSERT INTO blob (digest, content) VALUES (:digest, :content) ON CONFLICT DO NOTHING;

-- name: use_blob
INSERT INTO blob_use (run, key, digest) VALUES (:run, :key, :digest) ON CONFLICT DO NOTHING;

-- name: blob
SELECT content FROM blob WHERE digest = :digest;

-- name: uses_of
SELECT digest FROM blob_use WHERE run = :run AND key = :key;

-- name: drop_uses
DELETE FROM blob_use WHERE run = :run AND key = :key;

-- name: drop_unused_blob
DELETE FROM blob WHERE digest = :digest AND NOT EXISTS (SELECT 1 FROM blob_use WHERE digest = :digest);

-- name: put_subject
INSERT INTO subject (hash, run, key) VALUES (:hash, :run, :key) ON CONFLICT DO NOTHING;

-- name: runs_of_subject
SELECT run.id, subject.key FROM subject JOIN run ON run.seq = subject.run WHERE subject.hash = :hash;

-- name: drop_subject
DELETE FROM subject WHERE hash = :hash AND run = :run AND key = :key;

-- name: rewrite_step
UPDATE step SET output = :output WHERE run = :run AND key = :key;

-- name: rewrite_payload
UPDATE payload SET content = :output WHERE run = :run AND part = :key;

-- name: rewrite_approval
UPDATE approval SET effect = :output, edit = NULL WHERE run = :run AND '$approval/' || step || '/' || item = :key;
