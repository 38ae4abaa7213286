-- Grants that pay only for some operations. A node of an older version takes them for anything: limit none before all
-- nodes are of this one.

SET LOCAL lock_timeout = '5s';

-- What the grant is limited to: {"operations": […], "categories": […]}; nothing is everything. Text, as the rest of what
-- rows say, and without a CHECK: every charge writes this table.
ALTER TABLE grants ADD COLUMN limited_to text;

-- Says whether a grant may pay for an operation; a row without one (a fee, a transfer) is paid by unlimited grants.
CREATE FUNCTION grant_pays_for(limited_to text, operation text, category text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN limited_to IS NULL
    OR coalesce((limited_to::jsonb -> 'operations') ? operation, false)
    OR coalesce((limited_to::jsonb -> 'categories') ? category, false);

-- How much a limit admits, to order grants by: fewer categories, then fewer operations; no limit is last.
CREATE FUNCTION grant_breadth(limited_to text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN limited_to IS NULL THEN 2147483647
    ELSE 1000 * jsonb_array_length(limited_to::jsonb -> 'categories') + jsonb_array_length(limited_to::jsonb -> 'operations')
END;

-- What a debit or a hold is about, one row for each line: what for and how much. Fees, transfers and corrections are about
-- no operation.
CREATE FUNCTION row_purposes(of_shard smallint, of_wallet bigint, of_row bigint)
RETURNS TABLE (operation text, category text, amount numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN e.kind = 2 THEN e.operation END, CASE WHEN e.kind = 2 THEN e.category END, -e.amount::numeric
    FROM entries AS e
    WHERE (e.shard, e.wallet_id, e.seq) = (of_shard, of_wallet, of_row) AND e.kind NOT IN (3, 4)
    UNION ALL
    SELECT l.line ->> 'o', l.line ->> 'c', (l.line ->> CASE WHEN e.kind = 3 THEN 'a' ELSE 'k' END)::numeric
    FROM entries AS e
    CROSS JOIN LATERAL jsonb_array_elements(e.detail::jsonb -> 'l') AS l (line)
    WHERE (e.shard, e.wallet_id, e.seq) = (of_shard, of_wallet, of_row) AND e.kind IN (3, 4);
END;
