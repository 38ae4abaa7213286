//! What makes the audit log trustworthy, as SQL: each statement lists its breaches as shard, wallet (both none) and
//! words.

/// Name and statement of each.
pub(crate) const INVARIANTS: &[(&str, &str)] = &[
    (
        "audit_log_is_gapless",
        "SELECT NULL::smallint, NULL::bigint,
                format('%s rows, %s links, the newest is %s, the head says %s', a.rows, c.rows, c.newest, h.number)
         FROM (SELECT count(*) AS rows FROM audit_log) AS a
         CROSS JOIN (SELECT count(*) AS rows, coalesce(max(number), 0) AS newest FROM audit_chain) AS c
         LEFT JOIN audit_head AS h ON true
         WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
           AND (a.rows <> c.rows OR c.rows <> c.newest OR h.number IS DISTINCT FROM c.newest)",
    ),
    (
        "audit_chain_is_unbroken",
        "SELECT NULL::smallint, NULL::bigint, format('row %s of the audit log', c.number)
         FROM (
             SELECT number, audit_id, hash,
                    lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY number) AS previous
             FROM audit_chain
         ) AS c
         LEFT JOIN audit_log AS a ON a.id = c.audit_id
         WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
           AND (a.id IS NULL OR c.hash <> audit_hash(c.previous, a))
         UNION ALL
         SELECT NULL, NULL, 'the head is not the newest hash'
         FROM audit_head AS h
         WHERE h.number > 0
           AND h.hash IS DISTINCT FROM (SELECT hash FROM audit_chain ORDER BY number DESC LIMIT 1)",
    ),
    (
        "audit_log_is_guarded",
        "SELECT NULL::smallint, NULL::bigint, format('trigger %s is missing or off', n.name)
         FROM (VALUES ('audit_log', 'audit_log_append_only'), ('audit_log', 'audit_log_not_truncated'),
                      ('audit_log', 'audit_log_linked'), ('audit_chain', 'audit_chain_append_only'),
                      ('audit_chain', 'audit_chain_not_truncated')) AS n (relation, name)
         LEFT JOIN pg_trigger AS t ON t.tgrelid = n.relation::regclass AND t.tgname = n.name
         WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
           AND (t.oid IS NULL OR t.tgenabled = 'D')",
    ),
];
