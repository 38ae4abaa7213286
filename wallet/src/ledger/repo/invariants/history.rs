//! What makes history trustworthy: no gap, no rewriting, every row in its place, archives included.

use super::Invariant;

/// These.
pub(super) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "entries_are_gapless",
        sql: "SELECT w.shard, w.wallet_id, 
                     format('%s rows after %s, newest %s, the wallet says %s', e.rows, w.archived_seq, e.newest, w.seq)
              FROM wallets AS w
              LEFT JOIN LATERAL (
                  SELECT count(*) AS rows, coalesce(min(seq), w.archived_seq + 1) AS oldest,
                         coalesce(max(seq), w.archived_seq) AS newest
                  FROM entries WHERE shard = w.shard AND wallet_id = w.wallet_id
              ) AS e ON true
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
                AND (e.rows <> w.seq - w.archived_seq OR e.newest <> w.seq OR e.oldest <> w.archived_seq + 1)",
    },
    Invariant {
        name: "running_balances_chain",
        sql: "SELECT shard, wallet_id, format('row %s', seq)
              FROM (
                  SELECT shard, wallet_id, e.seq, e.settled_after, e.held_after,
                         coalesce(a.settled_after, 0) + sum(e.amount) OVER rows_so_far AS settled,
                         coalesce(a.held_after, 0) + sum(e.held_change) OVER rows_so_far AS held
                  FROM entries AS e
                  LEFT JOIN archived AS a USING (shard, wallet_id)
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  WINDOW rows_so_far AS (PARTITION BY shard, wallet_id ORDER BY e.seq)
              ) AS e
              WHERE settled_after <> settled OR held_after <> held",
    },
    Invariant {
        name: "time_never_runs_back",
        sql: "SELECT shard, wallet_id, format('row %s', seq)
              FROM (
                  SELECT *, lag(created_at) OVER (PARTITION BY shard, wallet_id ORDER BY seq) AS before
                  FROM entries
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
              ) AS e
              WHERE created_at < before
              UNION ALL
              SELECT w.shard, w.wallet_id, format('the wallet says %s', w.last_at)
              FROM wallets AS w
              JOIN entries AS e ON e.shard = w.shard AND e.wallet_id = w.wallet_id AND e.seq = w.seq
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
                AND e.created_at <> w.last_at",
    },
    Invariant {
        name: "head_is_the_newest_hash",
        sql: "SELECT w.shard, w.wallet_id, format('row %s', w.seq)
              FROM wallets AS w
              LEFT JOIN entries AS e ON e.shard = w.shard AND e.wallet_id = w.wallet_id AND e.seq = w.seq
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
                AND w.head_hash <> coalesce(e.hash, decode(repeat('00', 32), 'hex'))",
    },
    Invariant {
        name: "signed_heads_are_on_the_chain",
        sql: "SELECT s.shard, s.wallet_id, format('row %s', s.seq)
              FROM signed_heads AS s
              LEFT JOIN entries AS e USING (shard, wallet_id, seq)
              LEFT JOIN archived AS a USING (shard, wallet_id)
              LEFT JOIN archives AS f ON f.shard = s.shard AND f.wallet_id = s.wallet_id AND f.to_seq = s.seq
              WHERE ($1::smallint IS NULL OR (s.shard, s.wallet_id) = ($1, $2::bigint))
                AND (s.seq > coalesce(a.to_seq, 0) OR f.to_seq IS NOT NULL)
                AND coalesce(e.hash, f.last_hash) IS DISTINCT FROM s.hash",
    },
    Invariant {
        name: "keys_act_once",
        sql: "SELECT shard, wallet_id, format('key %s acted %s times', idem_key, count(*))
              FROM (
                  SELECT shard, wallet_id, idem_key FROM entries
                  UNION ALL
                  SELECT shard, wallet_id, idem_key FROM archived_keys
              ) AS k
              WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
              GROUP BY shard, wallet_id, idem_key
              HAVING count(*) > 1",
    },
    Invariant {
        name: "rows_have_their_wallet",
        sql: "SELECT r.shard, r.wallet_id, format('%s without a wallet', r.what)
              FROM (
                  SELECT DISTINCT shard, wallet_id, 'entries' AS what FROM entries
                  UNION ALL SELECT DISTINCT shard, wallet_id, 'grants' FROM grants
                  UNION ALL SELECT DISTINCT shard, wallet_id, 'allocations' FROM allocations
              ) AS r
              LEFT JOIN wallets AS w USING (shard, wallet_id)
              WHERE ($1::smallint IS NULL OR (r.shard, r.wallet_id) = ($1, $2::bigint))
                AND w.shard IS NULL
              UNION ALL
              SELECT s.shard, s.wallet_id, format('row %s shares grant %s, which is not there', s.seq, s.grant_id)
              FROM shares AS s
              LEFT JOIN grants AS g ON g.shard = s.shard AND g.wallet_id = s.wallet_id AND g.grant_id = s.grant_id
              WHERE ($1::smallint IS NULL OR (s.shard, s.wallet_id) = ($1, $2::bigint))
                AND g.grant_id IS NULL AND s.grant_id <> 0
              UNION ALL
              SELECT s.shard, s.wallet_id, format('a share of row %s, which is not there', s.seq)
              FROM allocations AS s
              LEFT JOIN entries AS e ON e.shard = s.shard AND e.wallet_id = s.wallet_id AND e.seq = s.seq
              LEFT JOIN archived AS a ON a.shard = s.shard AND a.wallet_id = s.wallet_id
              WHERE ($1::smallint IS NULL OR (s.shard, s.wallet_id) = ($1, $2::bigint))
                AND e.seq IS NULL AND s.seq > coalesce(a.to_seq, 0)
              UNION ALL
              SELECT shard, wallet_id, 'the shard is not the account''s'
              FROM wallets
              WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                AND shard <> get_byte(uuid_send(account_id), 15)",
    },
    Invariant {
        name: "archives_follow_each_other",
        sql: "SELECT shard, wallet_id, format('archive %s to %s', from_seq, to_seq)
              FROM (
                  SELECT *, lag(to_seq, 1, 0::bigint) OVER in_order AS before,
                         lag(last_hash, 1, decode(repeat('00', 32), 'hex')) OVER in_order AS before_hash
                  FROM archives
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  WINDOW in_order AS (PARTITION BY shard, wallet_id ORDER BY to_seq)
              ) AS a
              WHERE from_seq <> before + 1 OR previous_hash <> before_hash
              UNION ALL
              SELECT w.shard, w.wallet_id, format('archived to %s, the wallet says %s', a.to_seq, w.archived_seq)
              FROM wallets AS w
              LEFT JOIN archived AS a USING (shard, wallet_id)
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
                AND w.archived_seq <> coalesce(a.to_seq, 0)",
    },
    Invariant {
        name: "archives_leave_keys_and_sums",
        sql: "SELECT w.shard, w.wallet_id,
                     format('%s rows are archived: %s keys; by kind %s, settled %s; in grants %s, %s',
                            w.archived_seq, k.keys, m.rows, m.settled, s.settled, s.held)
              FROM wallets AS w
              LEFT JOIN archived AS a USING (shard, wallet_id)
              LEFT JOIN LATERAL (
                  SELECT count(*) AS keys FROM archived_keys WHERE shard = w.shard AND wallet_id = w.wallet_id
              ) AS k ON true
              LEFT JOIN LATERAL (
                  SELECT coalesce(sum(rows), 0) AS rows, coalesce(sum(added - taken), 0) AS settled
                  FROM archived_sums WHERE shard = w.shard AND wallet_id = w.wallet_id
              ) AS m ON true
              LEFT JOIN LATERAL (
                  SELECT coalesce(sum(amount), 0) AS settled, coalesce(sum(held_change), 0) AS held,
                         coalesce(bool_and(seq = w.archived_seq), true) AS at_the_end
                  FROM archived_shares WHERE shard = w.shard AND wallet_id = w.wallet_id
              ) AS s ON true
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
                AND (k.keys <> w.archived_seq OR m.rows <> w.archived_seq
                     OR m.settled <> coalesce(a.settled_after, 0) OR s.settled <> coalesce(a.settled_after, 0)
                     OR s.held <> coalesce(a.held_after, 0) OR NOT s.at_the_end)",
    },
    Invariant {
        name: "history_is_guarded",
        sql: "SELECT NULL::smallint, NULL::bigint, format('trigger %s is missing or off', n.name)
              FROM (VALUES ('entries', 'entries_append_only'), ('allocations', 'allocations_append_only'),
                           ('archives', 'archives_append_only'), ('archived_keys', 'archived_keys_append_only'),
                           ('archived_holds', 'archived_holds_append_only'),
                           ('entries', 'entries_not_truncated'), ('allocations', 'allocations_not_truncated'),
                           ('archives', 'archives_not_truncated'), ('archived_keys', 'archived_keys_not_truncated'),
                           ('archived_holds', 'archived_holds_not_truncated'),
                           ('wallets', 'wallets_made_well'), ('grants', 'grants_made_well'))
                   AS n (relation, name)
              LEFT JOIN pg_trigger AS t ON t.tgrelid = n.relation::regclass AND t.tgname = n.name
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL) AND (t.oid IS NULL OR t.tgenabled = 'D')
              UNION ALL
              SELECT NULL, NULL, format('constraint %s of %s is not validated', conname, conrelid::regclass)
              FROM pg_constraint
              WHERE NOT convalidated AND connamespace = current_schema()::regnamespace",
    },
];
