-- name: runs_of
-- Where a subject's values are, by any of its hashes.
SELECT DISTINCT run, key FROM subject WHERE hash = ANY ($1::bytea[]) ORDER BY run, key;

-- name: rewrite_step
-- Another output for a finished step; gives the blob that it referred to.
WITH old AS (
    SELECT run, key, output_blob FROM step WHERE run = $1 AND key = $2 AND ended IS NOT NULL FOR UPDATE
)
UPDATE step SET output = $3, output_blob = $4 FROM old
WHERE step.run = old.run AND step.key = old.key RETURNING old.output_blob;

-- name: rewrite_input
-- Another input for a run.
WITH old AS (SELECT id, input_blob FROM run WHERE id = $1 FOR UPDATE)
UPDATE run SET input = $2, input_blob = $3 FROM old
WHERE run.id = old.id RETURNING old.input_blob;

-- name: rewrite_answer
-- Another answer for a run.
WITH old AS (SELECT id, answer_blob FROM run WHERE id = $1 AND answer IS NOT NULL FOR UPDATE)
UPDATE run SET answer = $2, answer_blob = $3 FROM old
WHERE run.id = old.id RETURNING old.answer_blob;

-- name: rewrite_approval
-- Another effect for an item; what a person changed in it goes.
WITH old AS (
    SELECT id, effect_blob FROM approval WHERE run = $1 AND '$approval/' || step || '/' || item = $2 FOR UPDATE
)
UPDATE approval SET effect = $3, effect_blob = $4, edit = NULL FROM old
WHERE approval.id = old.id RETURNING old.effect_blob;

-- name: forget_subject
-- The index no longer leads here for this subject.
DELETE FROM subject WHERE hash = ANY ($1::bytea[]) AND run = $2 AND key = $3;

-- name: hold_blobs
-- Before looking whether anyone refers to them: who is about to must wait, or has committed.
SELECT digest FROM blob WHERE digest = ANY ($1::bytea[]) ORDER BY digest FOR UPDATE;

-- name: drop_blobs
-- Those of them that nobody refers to any more.
DELETE FROM blob WHERE digest = ANY ($1::bytea[])
    AND NOT EXISTS (SELECT FROM step WHERE output_blob = digest)
    AND NOT EXISTS (SELECT FROM run WHERE input_blob = digest)
    AND NOT EXISTS (SELECT FROM run WHERE answer_blob = digest)
    AND NOT EXISTS (SELECT FROM approval WHERE effect_blob = digest);
