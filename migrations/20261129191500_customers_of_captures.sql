-- Captures of before rows said themselves what they are for count for whom their holds were placed, and what pays such a
-- capture back as well. Looked up only where a row says nothing; all else counts as it did.
--
-- The row that is paid back is looked up by its key, and only where there is one. As a plain join it could be planned as a
-- read of the whole wallet for each row, where a table that has grown quickly has no statistics yet: 20 000 rows of a
-- million took hours.
CREATE OR REPLACE VIEW spent_lines AS
SELECT e.shard, e.wallet_id, e.seq, e.created_at,
       coalesce(line.operation, e.operation, told.operation) AS operation,
       coalesce(line.category, e.category, told.category) AS category,
       coalesce(e.metadata, told.metadata, held.metadata) AS metadata,
       CASE WHEN line.taken IS NULL THEN -e.amount WHEN e.kind = 8 THEN -line.taken ELSE line.taken END AS credits,
       -- A row is one charge of each operation, one of each category, and one in all.
       (e.kind IN (2, 4))::integer AS charges,
       (e.kind IN (2, 4) AND coalesce(line.is_first_of_category, true))::integer AS charges_of_categories,
       (e.kind IN (2, 4) AND coalesce(line.is_first, true))::integer AS charges_of_rows
FROM entries AS e
LEFT JOIN LATERAL (
    SELECT t.kind, t.refers_to, t.operation, t.category, t.metadata, t.detail
    FROM entries AS t
    WHERE e.kind = 8
      AND t.shard = e.shard
      AND t.wallet_id = e.wallet_id
      AND t.seq = e.refers_to
    -- There is at most one; saying so keeps the lookup apart from the rest of the plan.
    LIMIT 1
) AS told ON true
LEFT JOIN LATERAL (
    SELECT h.metadata
    FROM entries AS h
    WHERE h.shard = e.shard AND h.wallet_id = e.wallet_id
      AND h.seq = CASE WHEN e.kind = 4 THEN e.refers_to ELSE told.refers_to END
      AND h.kind = 3
      AND e.metadata IS NULL AND told.metadata IS NULL AND 4 IN (e.kind, told.kind)
    LIMIT 1
) AS held ON true
LEFT JOIN LATERAL (
    SELECT operation, category, taken,
           row_number() OVER (ORDER BY category, operation) = 1 AS is_first,
           row_number() OVER (PARTITION BY category ORDER BY operation) = 1 AS is_first_of_category
    FROM (
        SELECT part ->> 'o' AS operation, part ->> 'c' AS category, sum((part ->> 'k')::bigint)::bigint AS taken
        FROM json_array_elements(coalesce(told.detail, e.detail)::json -> 'l') AS lines (part)
        WHERE e.kind IN (4, 8) AND (part ->> 'k')::bigint <> 0
        GROUP BY 1, 2
    ) AS of_operation
) AS line ON true
WHERE e.kind IN (2, 4, 8, 10, 11, 12);

-- The job makes the sums anew.
TRUNCATE usage_sums, usage_summed;
