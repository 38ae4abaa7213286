-- What quick.sql does, of a batch that only spends: the same text without what such a batch has no rows for.
-- Arrays are unnested in lists of columns, in step: in FROM, each of them would first be written to a store of its own.
WITH w AS (
    UPDATE wallets AS w
    SET version = n.version, seq = n.seq, settled = n.settled, held = n.held, debt = n.debt,
        last_refill = n.last_refill, head_hash = n.head_hash, last_at = n.last_at, active_at = n.active_at
    FROM (
        SELECT unnest($1::smallint[]) AS shard, unnest($2::bigint[]) AS wallet_id,
               unnest($3::bigint[]) AS version_before, unnest($4::bigint[]) AS version, unnest($5::bigint[]) AS seq,
               unnest($6::bigint[]) AS settled, unnest($7::bigint[]) AS held, unnest($8::bigint[]) AS debt,
               unnest($9::bigint[]) AS last_refill, unnest($10::bytea[]) AS head_hash,
               unnest($11::timestamptz[]) AS last_at, unnest($12::timestamptz[]) AS active_at
    ) AS n
    WHERE w.shard = n.shard AND w.wallet_id = n.wallet_id AND w.version = n.version_before
    RETURNING 1
), g AS (
    UPDATE grants AS g
    SET remaining = n.remaining, held = n.held, open = n.open
    FROM (
        SELECT unnest($13::smallint[]) AS shard, unnest($14::bigint[]) AS wallet_id, unnest($15::bigint[]) AS grant_id,
               unnest($16::bigint[]) AS remaining, unnest($17::bigint[]) AS held, unnest($18::boolean[]) AS open
    ) AS n
    WHERE g.shard = n.shard AND g.wallet_id = n.wallet_id AND g.grant_id = n.grant_id
    RETURNING 1
), e AS (
    INSERT INTO entries (shard, wallet_id, seq, kind, actor_kind, amount, held_change, settled_after, held_after, quantity,
                         grant_id, refers_to, counterpart, created_at, actor_id, actor_name, operation, title, category,
                         metadata, detail, expires_at, idem_key, request_hash, hash)
    SELECT unnest($19::smallint[]), unnest($20::bigint[]), unnest($21::bigint[]), unnest($22::smallint[]),
           unnest($23::smallint[]), unnest($24::bigint[]), unnest($25::bigint[]), unnest($26::bigint[]),
           unnest($27::bigint[]), unnest($28::bigint[]), unnest($29::bigint[]), unnest($30::bigint[]),
           unnest($31::bigint[]), unnest($32::timestamptz[]), unnest($33::uuid[]), unnest($34::text[]),
           unnest($35::text[]), unnest($36::text[]), unnest($37::text[]), unnest($38::text[]), unnest($39::text[]),
           unnest($40::timestamptz[]), unnest($41::text[]), unnest($42::bytea[]), unnest($43::bytea[])
)
SELECT ledger_require(
    (SELECT count(*) FROM w) = cardinality($1::smallint[])
    AND (SELECT count(*) FROM g) = cardinality($13::smallint[])
)
