-- name: hold
-- Which of the (run, epoch) pairs are still the running ones; their rows stay locked until the transaction ends. Here
-- and below: a running run is known by its owner, for which there is no index, and each is looked up for itself; a join
-- that was planned while the table was small would go through all that run. The last value: this is a repetition after
-- a lost answer, so the run may have been given up by the very same commit; that nobody took it since is enough then.
SELECT held.* FROM (SELECT * FROM unnest($1::text[], $2::bigint[]) AS call (run, epoch) ORDER BY run) AS call
    CROSS JOIN LATERAL (
        SELECT id, epoch FROM run
        WHERE id = call.run AND epoch = call.epoch AND (owner IS NOT NULL OR $3) FOR NO KEY UPDATE
    ) AS held;

-- name: record
-- Steps of many runs at once, $1 and $2 their runs and epochs; gives the pairs that were still the running ones. The
-- lock lets nobody claim a run between the look at its epoch and the commit. A done step stays as it is. A run that
-- gets a step done does not kill its workers, so its claims are counted anew.
WITH held AS (
    SELECT held.* FROM (SELECT * FROM unnest($1::text[], $2::bigint[]) AS call (run, epoch) ORDER BY run) AS call
    CROSS JOIN LATERAL (
        SELECT id, epoch, claims FROM run
        WHERE id = call.run AND epoch = call.epoch AND (owner IS NOT NULL OR $14) FOR NO KEY UPDATE
    ) AS held
), new AS (
    SELECT new.*, held.claims FROM unnest(
        $3::text[], $4::bigint[], $5::text[], $6::text[], $7::integer[], $8::text[], $9::bytea[], $10::bytea[],
        $11::bytea[], $12::bytea[], $13::double precision[]
    ) WITH ORDINALITY AS new (run, epoch, key, mark, attempt, effect, output, output_blob, error, usage, took, number)
    JOIN held ON held.id = new.run AND held.epoch = new.epoch
), written AS (
    INSERT INTO step (run, key, mark, attempt, effect, output, output_blob, error, usage, started, ended)
    SELECT run, key, mark, attempt, effect, output, output_blob, error, usage,
           statement_timestamp() - make_interval(secs => took),
           CASE WHEN mark <> 'started' THEN statement_timestamp() END
    FROM new ORDER BY number
    ON CONFLICT (run, key) DO UPDATE
    SET mark = EXCLUDED.mark, attempt = EXCLUDED.attempt, effect = EXCLUDED.effect, output = EXCLUDED.output,
        output_blob = EXCLUDED.output_blob, error = EXCLUDED.error, usage = EXCLUDED.usage, ended = EXCLUDED.ended
    WHERE step.mark <> 'done'
), proven AS (
    UPDATE run SET claims = 1 FROM (SELECT DISTINCT run FROM new WHERE mark = 'done' AND claims > 1) AS done
    WHERE run.id = done.run
)
SELECT id, epoch FROM held;

-- name: steps
-- Everything recorded of a run, in the order in which it started.
SELECT key, mark, attempt, output, payload AS output_payload, error, started, ended, usage, effect
FROM step LEFT JOIN blob ON digest = output_blob WHERE run = $1 ORDER BY started, seq;
