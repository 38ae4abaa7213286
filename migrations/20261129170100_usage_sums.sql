-- What rows count for in sums of usage, line by line: a capture counts by its lines, each for its own operation and
-- category; what pays back counts where the row counts that it pays back, but at its own time. Whoever sums up reads this
-- view and nothing else, so that there is one answer. A later migration that changes what a row counts for replaces the
-- view and empties `usage_sums` and `usage_summed`: the job makes them anew.
CREATE VIEW spent_lines AS
SELECT e.shard, e.wallet_id, e.seq, e.created_at,
       coalesce(line.operation, e.operation, told.operation) AS operation,
       coalesce(line.category, e.category, told.category) AS category,
       coalesce(e.metadata, told.metadata) AS metadata,
       CASE WHEN line.taken IS NULL THEN -e.amount WHEN e.kind = 8 THEN -line.taken ELSE line.taken END AS credits,
       -- A row is one charge of each operation, one of each category, and one in all.
       (e.kind IN (2, 4))::integer AS charges,
       (e.kind IN (2, 4) AND coalesce(line.is_first_of_category, true))::integer AS charges_of_categories,
       (e.kind IN (2, 4) AND coalesce(line.is_first, true))::integer AS charges_of_rows
FROM entries AS e
LEFT JOIN entries AS told
  ON e.kind = 8 AND told.shard = e.shard AND told.wallet_id = e.wallet_id AND told.seq = e.refers_to
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

-- What a job has summed up of usage, so that asking for a month of a large wallet reads thousands of rows and not a million.
-- Each row of the ledger is in two kinds of sums: in all, by quarters of an hour, of which the days of every time zone are
-- made; and by `metadata.customer_id`, by the days of the account's zone, since by quarters there would be as many sums as
-- rows.
CREATE TABLE usage_sums (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    by_customer boolean NOT NULL,
    -- When the quarter begins; of a day, its midnight in UTC.
    begins_at timestamptz NOT NULL,
    -- The group's name: customers' names can be longer than what an index takes.
    group_hash uuid NOT NULL,
    operation text,
    category text,
    customer text,
    charges bigint NOT NULL,
    charges_of_categories bigint NOT NULL,
    charges_of_rows bigint NOT NULL,
    credits bigint NOT NULL,
    CONSTRAINT usage_sums_pkey PRIMARY KEY (shard, wallet_id, by_customer, begins_at, group_hash),
    CONSTRAINT usage_sums_customer CHECK (by_customer OR customer IS NULL)
);

-- Up to which row a wallet's usage is summed up, and by the days of which zone: where the account's is another one by now,
-- the job begins anew. Rows after it are read as they are.
CREATE TABLE usage_summed (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    seq bigint NOT NULL,
    time_zone text NOT NULL,
    CONSTRAINT usage_summed_pkey PRIMARY KEY (shard, wallet_id),
    CONSTRAINT usage_summed_seq CHECK (seq >= 0)
);
