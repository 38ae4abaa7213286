-- Rows of remembered wallets: see quick.rs.
WITH w AS (
    UPDATE wallets AS w
    SET version = n.version, seq = n.seq, settled = n.settled, held = n.held, debt = n.debt,
        last_refill = n.last_refill, head_hash = n.head_hash, last_at = n.last_at, active_at = n.active_at
    FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                $7::bigint[], $8::bigint[], $9::bigint[], $10::bytea[], $11::timestamptz[],
                $12::timestamptz[])
         AS n (shard, wallet_id, version_before, version, seq, settled, held, debt, last_refill, head_hash,
               last_at, active_at)
    WHERE w.shard = n.shard AND w.wallet_id = n.wallet_id AND w.version = n.version_before
    RETURNING 1
), g AS (
    UPDATE grants AS g
    SET remaining = n.remaining, held = n.held, open = n.open
    FROM unnest($13::smallint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::boolean[])
         AS n (shard, wallet_id, grant_id, remaining, held, open)
    WHERE g.shard = n.shard AND g.wallet_id = n.wallet_id AND g.grant_id = n.grant_id
    RETURNING 1
), e AS (
    INSERT INTO entries (shard, wallet_id, seq, kind, actor_kind, amount, held_change, settled_after, held_after, quantity,
                         grant_id, refers_to, counterpart, created_at, actor_id, actor_name, operation, title, category,
                         metadata, detail, expires_at, idem_key, request_hash, hash)
    SELECT *
    FROM unnest($19::smallint[], $20::bigint[], $21::bigint[], $22::smallint[],
                $23::smallint[], $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[],
                $28::bigint[], $29::bigint[], $30::bigint[], $31::bigint[],
                $32::timestamptz[], $33::uuid[], $34::text[], $35::text[], $36::text[],
                $37::text[], $38::text[], $39::text[], $40::timestamptz[], $41::text[], $42::bytea[], $43::bytea[])
), a AS (
    INSERT INTO allocations (shard, wallet_id, seq, place, grant_id, amount, held_change)
    SELECT *
    FROM unnest($44::smallint[], $45::bigint[], $46::bigint[], $47::smallint[], $48::bigint[],
                $49::bigint[], $50::bigint[])
)
SELECT ledger_require(
    (SELECT count(*) FROM w) = cardinality($1::smallint[])
    AND (SELECT count(*) FROM g) = cardinality($13::smallint[])
    AND NOT EXISTS (
        SELECT
        FROM unnest($51::smallint[], $52::bigint[], $53::text[]) AS n (shard, wallet_id, idem_key)
        JOIN archived_keys AS k ON k.shard = n.shard AND k.wallet_id = n.wallet_id AND k.idem_key = n.idem_key
    )
    -- No hold is placed where the sweep has been.
    AND NOT EXISTS (SELECT FROM hold_sweep WHERE swept_until >= $54::timestamptz)
)
