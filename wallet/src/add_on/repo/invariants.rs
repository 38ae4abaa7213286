//! What must hold between add-ons and the ledger, in the form of the ledger's own invariants: `$1` and `$2` are shard
//! and number of one wallet, or null for all; each row is a breach.

use crate::ledger::Invariant;

/// All of them.
pub(crate) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "add_on_month_is_deducted_once",
        sql: "SELECT m.shard, m.wallet_id, format('month %s of add-on %s took %s, its entry %s', m.month, m.add_on_id, m.credits, -e.amount)
              FROM add_on_months AS m
              JOIN add_on_subscriptions AS s
                  ON s.shard = m.shard AND s.wallet_id = m.wallet_id AND s.id = m.add_on_id
              LEFT JOIN entries AS e ON e.shard = m.shard AND e.wallet_id = m.wallet_id AND e.seq = m.entry_seq
              LEFT JOIN archived AS a ON a.shard = m.shard AND a.wallet_id = m.wallet_id
              WHERE ($1::smallint IS NULL OR (m.shard, m.wallet_id) = ($1, $2::bigint))
                AND m.entry_seq > coalesce(a.to_seq, 0)
                AND (e.kind IS DISTINCT FROM 10 OR e.amount IS DISTINCT FROM -m.credits
                     OR e.operation IS DISTINCT FROM s.code)
              UNION ALL
              SELECT e.shard, e.wallet_id, format('entry %s of an add-on belongs to no month', e.seq)
              FROM entries AS e
              LEFT JOIN add_on_months AS m
                  ON m.shard = e.shard AND m.wallet_id = e.wallet_id AND m.entry_seq = e.seq
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND e.kind = 10 AND m.month IS NULL",
    },
    Invariant {
        name: "add_on_months_do_not_overlap",
        sql: "SELECT shard, wallet_id, format('month %s of add-on %s begins before the one before it ends', month, id)
              FROM (
                  SELECT m.shard, m.wallet_id, m.month, s.id, m.starts_at,
                         max(m.ends_at) OVER (
                             PARTITION BY m.shard, m.wallet_id, s.code
                             ORDER BY m.starts_at, m.entry_seq
                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                         ) AS before
                  FROM add_on_months AS m
                  JOIN add_on_subscriptions AS s
                      ON s.shard = m.shard AND s.wallet_id = m.wallet_id AND s.id = m.add_on_id
                  WHERE ($1::smallint IS NULL OR (m.shard, m.wallet_id) = ($1, $2::bigint))
              ) AS months
              WHERE starts_at < before",
    },
    Invariant {
        name: "add_on_is_deducted_as_it_says",
        sql: "SELECT s.shard, s.wallet_id, format('add-on %s says %s months until %s', s.id, s.months, s.paid_until)
              FROM add_on_subscriptions AS s
              LEFT JOIN wallets AS w ON w.shard = s.shard AND w.wallet_id = s.wallet_id
              CROSS JOIN LATERAL (
                  SELECT count(*) AS months, max(month) + 1 AS last, max(ends_at) AS ends_at,
                         bool_and(credits = s.credits) AS same
                  FROM add_on_months
                  WHERE shard = s.shard AND wallet_id = s.wallet_id AND add_on_id = s.id
              ) AS m
              WHERE ($1::smallint IS NULL OR (s.shard, s.wallet_id) = ($1, $2::bigint))
                AND ((m.months, m.last, m.ends_at) IS DISTINCT FROM (s.months::bigint, s.months, s.paid_until)
                     OR NOT m.same OR w.account_id IS DISTINCT FROM s.account_id)",
    },
    Invariant {
        name: "add_on_months_are_guarded",
        sql: "SELECT NULL::smallint, NULL::bigint, format('trigger %s is missing or off', n.name)
              FROM (VALUES ('add_on_months_append_only'), ('add_on_months_not_truncated')) AS n (name)
              LEFT JOIN pg_trigger AS t ON t.tgrelid = 'add_on_months'::regclass AND t.tgname = n.name
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
                AND (t.oid IS NULL OR t.tgenabled = 'D')",
    },
];
