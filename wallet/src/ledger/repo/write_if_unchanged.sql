-- Rows of remembered wallets: see write_if_unchanged.rs.
-- Arrays are unnested in lists of columns, in step: in FROM, each of them would first be written to a store of its own.
WITH w AS (
    UPDATE wallets AS w
    SET version = n.version, seq = n.seq, settled = n.settled, held = n.held, debt = n.debt,
        last_refill = n.last_refill, head_hash = n.head_hash, last_at = n.last_at, active_at = n.active_at
    FROM (
        SELECT unnest($1::smallint[]) AS shard, unnest($2::bigint[]) AS wallet_id,
               unnest($3::bigint[]) AS version_before, unnest($4::bigint[]) AS seq_before,
               unnest($5::bigint[]) AS version, unnest($6::bigint[]) AS seq, unnest($7::bigint[]) AS settled,
               unnest($8::bigint[]) AS held, unnest($9::bigint[]) AS debt, unnest($10::bigint[]) AS last_refill,
               unnest($11::bytea[]) AS head_hash,
               unnest($12::timestamptz[]) AS last_at, unnest($13::timestamptz[]) AS active_at
    ) AS n
    WHERE w.shard = n.shard AND w.wallet_id = n.wallet_id AND w.version = n.version_before
      AND w.seq = n.seq_before
    RETURNING n.seq - n.seq_before AS added
), g AS (
    UPDATE grants AS g
    SET remaining = n.remaining, held = n.held, open = n.open
    FROM (
        SELECT unnest($14::smallint[]) AS shard, unnest($15::bigint[]) AS wallet_id, unnest($16::bigint[]) AS grant_id,
               unnest($17::bigint[]) AS remaining, unnest($18::bigint[]) AS held, unnest($19::boolean[]) AS open
    ) AS n
    WHERE g.shard = n.shard AND g.wallet_id = n.wallet_id AND g.grant_id = n.grant_id
    RETURNING 1
), e AS (
    INSERT INTO entries (shard, wallet_id, seq, kind, actor_kind, amount, held_change, settled_after, held_after, quantity,
                         grant_id, refers_to, counterpart, created_at, actor_id, actor_name, operation, title, category,
                         metadata, detail, expires_at, idem_key, request_hash, hash)
    SELECT unnest($20::smallint[]), unnest($21::bigint[]), unnest($22::bigint[]), unnest($23::smallint[]),
           unnest($24::smallint[]), unnest($25::bigint[]), unnest($26::bigint[]), unnest($27::bigint[]),
           unnest($28::bigint[]), unnest($29::bigint[]), unnest($30::bigint[]), unnest($31::bigint[]),
           unnest($32::bigint[]), unnest($33::timestamptz[]), unnest($34::uuid[]), unnest($35::text[]),
           unnest($36::text[]), unnest($37::text[]), unnest($38::text[]), unnest($39::text[]), unnest($40::text[]),
           unnest($41::timestamptz[]), unnest($42::text[]), unnest($43::bytea[]), unnest($44::bytea[])
), a AS (
    INSERT INTO allocations (shard, wallet_id, seq, place, grant_id, amount, held_change)
    SELECT unnest($45::smallint[]), unnest($46::bigint[]), unnest($47::bigint[]), unnest($48::smallint[]),
           unnest($49::bigint[]), unnest($50::bigint[]), unnest($51::bigint[])
), b AS (
    UPDATE budgets AS b
    SET window_start = n.window_start, window_end = n.window_end, spent = n.spent
    FROM (
        SELECT unnest($56::smallint[]) AS shard, unnest($57::uuid[]) AS budget_id,
               unnest($58::timestamptz[]) AS window_start, unnest($59::timestamptz[]) AS window_end,
               unnest($60::bigint[]) AS spent
    ) AS n
    WHERE b.shard = n.shard AND b.budget_id = n.budget_id
    RETURNING 1
)
SELECT ledger_require(
    (SELECT count(*) = cardinality($1::smallint[]) AND coalesce(sum(added), 0) = cardinality($20::smallint[]) FROM w)
    AND (SELECT count(*) FROM g) = cardinality($14::smallint[])
    AND (SELECT count(*) FROM b) = cardinality($56::smallint[])
    AND (
        cardinality($52::smallint[]) = 0
        OR NOT EXISTS (
            SELECT
            FROM unnest($52::smallint[], $53::bigint[], $54::text[]) AS n (shard, wallet_id, idem_key)
            JOIN archived_keys AS k ON k.shard = n.shard AND k.wallet_id = n.wallet_id AND k.idem_key = n.idem_key
        )
    )
    -- No hold is placed where the sweep has been.
    AND ($55::timestamptz IS NULL OR NOT EXISTS (SELECT FROM hold_sweep WHERE swept_until >= $55::timestamptz))
)
