//! What the rules promise: holds, grants, credit-backs and transfers.

use super::Invariant;

/// These.
pub(super) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "held_is_in_open_holds",
        sql: "SELECT w.shard, w.wallet_id, format('held %s, open holds %s', w.held, coalesce(sum(h.amount), 0))
              FROM wallets AS w
              LEFT JOIN holds AS h ON h.shard = w.shard AND h.wallet_id = w.wallet_id AND h.state = 1
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
              GROUP BY w.shard, w.wallet_id, w.held
              HAVING w.held <> coalesce(sum(h.amount), 0)
              UNION ALL
              SELECT g.shard, g.wallet_id, format('grant %s holds %s, pinned %s', g.grant_id, g.held, p.pinned)
              FROM grants AS g
              LEFT JOIN (
                  SELECT h.shard, h.wallet_id, n.grant_id, sum(n.amount) AS pinned
                  FROM holds AS h, unnest(h.pin_grants, h.pin_amounts) AS n (grant_id, amount)
                  WHERE h.state = 1 AND ($1::smallint IS NULL OR (h.shard, h.wallet_id) = ($1, $2::bigint))
                  GROUP BY h.shard, h.wallet_id, n.grant_id
              ) AS p USING (shard, wallet_id, grant_id)
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND g.held <> coalesce(p.pinned, 0)",
    },
    Invariant {
        name: "hold_is_what_its_entries_say",
        // Of a hold whose rows are archived, the archive tells.
        sql: "SELECT h.shard, h.wallet_id, format('hold %s', h.seq)
              FROM holds AS h
              LEFT JOIN archived AS a USING (shard, wallet_id)
              LEFT JOIN entries AS placed ON placed.shard = h.shard AND placed.wallet_id = h.wallet_id AND placed.seq = h.seq
              LEFT JOIN entries AS done
                  ON done.shard = h.shard AND done.wallet_id = h.wallet_id AND done.seq = h.finished_by
              WHERE ($1::smallint IS NULL OR (h.shard, h.wallet_id) = ($1, $2::bigint))
                AND (h.captured > h.amount
                     OR (h.state = 1) <> (h.finished_by IS NULL)
                     OR (h.state = 1 AND h.captured <> 0)
                     OR (h.seq > coalesce(a.to_seq, 0)
                         AND (placed.kind IS DISTINCT FROM 3 OR placed.held_change <> h.amount))
                     OR (h.finished_by > coalesce(a.to_seq, 0)
                         AND (done.kind IS DISTINCT FROM h.state + 2
                              OR done.refers_to IS DISTINCT FROM h.seq
                              OR done.held_change <> -h.amount
                              OR done.amount <> -h.captured)))
              UNION ALL
              SELECT e.shard, e.wallet_id, format('row %s placed no hold', e.seq)
              FROM entries AS e
              LEFT JOIN holds AS h USING (shard, wallet_id, seq)
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND e.kind = 3 AND h.seq IS NULL",
    },
    Invariant {
        name: "hold_is_finished_once_and_in_time",
        sql: "SELECT e.shard, e.wallet_id, format('hold %s was finished by row %s', e.refers_to, max(e.seq))
              FROM entries AS e
              LEFT JOIN holds AS h ON h.shard = e.shard AND h.wallet_id = e.wallet_id AND h.seq = e.refers_to
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND e.kind IN (4, 5, 6)
              GROUP BY e.shard, e.wallet_id, e.refers_to
              HAVING count(*) > 1 OR bool_or(h.seq IS NULL)
                  OR bool_or(e.kind IN (4, 5) AND e.created_at >= h.expires_at)
                  OR bool_or(e.kind = 6 AND e.created_at < h.expires_at)",
    },
    Invariant {
        name: "reference_is_granted_once",
        sql: "SELECT shard, wallet_id, format('%s was granted %s times', reference, count(*))
              FROM grants
              WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                AND reference IS NOT NULL AND source <> 6
              GROUP BY shard, wallet_id, reference
              HAVING count(*) > 1",
    },
    Invariant {
        name: "clawback_is_within_its_grant",
        sql: "SELECT g.shard, g.wallet_id, format('row %s brought %s, taken back %s', g.seq, g.granted, e.taken)
              FROM (
                  SELECT shard, wallet_id, seq, sum(granted) AS granted, sum(clawed) AS clawed FROM grants
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  GROUP BY shard, wallet_id, seq
              ) AS g
              LEFT JOIN (
                  SELECT shard, wallet_id, refers_to, -sum(amount) AS taken FROM entries
                  WHERE kind = 9 AND ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  GROUP BY shard, wallet_id, refers_to
              ) AS e ON e.shard = g.shard AND e.wallet_id = g.wallet_id AND e.refers_to = g.seq
              LEFT JOIN archived AS a ON a.shard = g.shard AND a.wallet_id = g.wallet_id
              WHERE coalesce(e.taken, 0) > g.granted OR g.clawed > g.granted OR coalesce(e.taken, 0) > g.clawed
                 OR (g.clawed <> coalesce(e.taken, 0) AND g.seq > coalesce(a.to_seq, 0))",
    },
    Invariant {
        name: "expired_grants_are_not_spent",
        sql: "SELECT e.shard, e.wallet_id, format('row %s took from grant %s', e.seq, g.grant_id)
              FROM row_shares AS e
              JOIN grants AS g ON g.shard = e.shard AND g.wallet_id = e.wallet_id AND g.grant_id = e.grant_id
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND e.kind IN (2, 3, 10, 11, 12, 13, 14) AND (e.amount < 0 OR e.held_change > 0)
                AND e.created_at >= g.expires_at",
    },
    Invariant {
        name: "expiry_takes_only_what_has_expired",
        sql: "SELECT e.shard, e.wallet_id, format('row %s', e.seq)
              FROM row_shares AS e
              LEFT JOIN grants AS g ON g.shard = e.shard AND g.wallet_id = e.wallet_id AND g.grant_id = e.grant_id
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND e.kind = 7
                AND (g.expires_at IS NULL OR e.created_at < g.expires_at OR e.refers_to IS DISTINCT FROM g.seq)
              UNION ALL
              SELECT e.shard, e.wallet_id, format('row %s took from nothing', e.seq)
              FROM entries AS e
              LEFT JOIN allocations AS a ON a.shard = e.shard AND a.wallet_id = e.wallet_id AND a.seq = e.seq
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND e.kind = 7 AND e.grant_id IS NULL AND a.seq IS NULL",
    },
    Invariant {
        name: "grants_burn_in_order",
        // A grant has credits over stretches of rows; nothing may be taken from a later one within such a stretch. What
        // was taken from one grant in a row is one run: stretches and runs are few where rows are many, and only the
        // rows of runs and stretches that meet are looked at one by one.
        sql: "WITH several AS (
                  SELECT shard, wallet_id FROM grants
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  GROUP BY shard, wallet_id HAVING count(*) > 1
              ), marks AS (
                  SELECT shard, wallet_id, grant_id, seq, sum(amount - held_change) OVER so_far > 0 AS has
                  FROM shares
                  WHERE grant_id > 0 AND (shard, wallet_id) IN (SELECT shard, wallet_id FROM several)
                  WINDOW so_far AS (PARTITION BY shard, wallet_id, grant_id ORDER BY seq)
              ), turns AS (
                  SELECT *, lag(has, 1, false) OVER (PARTITION BY shard, wallet_id, grant_id ORDER BY seq) AS had
                  FROM marks
              ), stretches AS (
                  SELECT shard, wallet_id, grant_id, seq, has,
                         coalesce(lead(seq) OVER (PARTITION BY shard, wallet_id, grant_id ORDER BY seq) - 1, 1::bigint << 62)
                             AS until
                  FROM turns
                  WHERE has <> had
              ), takes AS (
                  SELECT shard, wallet_id, grant_id, seq, lag(grant_id) OVER in_order AS before
                  FROM row_shares
                  WHERE (shard, wallet_id) IN (SELECT shard, wallet_id FROM several)
                    AND kind IN (2, 3, 10, 11, 12, 14) AND (amount < 0 OR held_change > 0)
                  WINDOW in_order AS (PARTITION BY shard, wallet_id ORDER BY seq, grant_id)
              ), runs AS (
                  SELECT shard, wallet_id, grant_id, seq,
                         coalesce(lead(seq) OVER (PARTITION BY shard, wallet_id ORDER BY seq, grant_id), 1::bigint << 62)
                             AS until
                  FROM takes
                  WHERE before IS DISTINCT FROM grant_id
              ), meetings AS MATERIALIZED (
                  SELECT r.shard, r.wallet_id, b.grant_id, a.grant_id AS earlier, a.expires_at,
                         greatest(r.seq, x.seq) AS first, least(r.until, x.until) AS last
                  FROM runs AS r
                  JOIN stretches AS x ON x.shard = r.shard AND x.wallet_id = r.wallet_id AND x.has
                      AND x.grant_id <> r.grant_id AND x.seq <= r.until AND x.until >= r.seq
                  JOIN grants AS b ON b.shard = r.shard AND b.wallet_id = r.wallet_id AND b.grant_id = r.grant_id
                  JOIN grants AS a ON a.shard = x.shard AND a.wallet_id = x.wallet_id AND a.grant_id = x.grant_id
                  WHERE (a.priority, coalesce(a.expires_at, 'infinity'), a.grant_id)
                        < (b.priority, coalesce(b.expires_at, 'infinity'), b.grant_id)
              )
              SELECT e.shard, e.wallet_id, format('row %s took from grant %s before grant %s', e.seq, m.grant_id, m.earlier)
              FROM meetings AS m
              JOIN row_shares AS e ON e.shard = m.shard AND e.wallet_id = m.wallet_id AND e.grant_id = m.grant_id
                  AND e.seq BETWEEN m.first AND m.last
              WHERE e.kind IN (2, 3, 10, 11, 12, 14) AND (e.amount < 0 OR e.held_change > 0)
                AND (m.expires_at IS NULL OR m.expires_at > e.created_at)",
    },
    Invariant {
        name: "credit_back_is_once_and_whole",
        sql: "SELECT b.shard, b.wallet_id, format('row %s was paid back by row %s', b.refers_to, max(b.seq))
              FROM entries AS b
              LEFT JOIN entries AS d ON d.shard = b.shard AND d.wallet_id = b.wallet_id AND d.seq = b.refers_to
              LEFT JOIN archived AS a ON a.shard = b.shard AND a.wallet_id = b.wallet_id
              WHERE ($1::smallint IS NULL OR (b.shard, b.wallet_id) = ($1, $2::bigint))
                AND b.kind = 8
              GROUP BY b.shard, b.wallet_id, b.refers_to
              HAVING count(*) > 1
                  OR bool_or(b.refers_to > coalesce(a.to_seq, 0)
                             AND (d.kind IS NULL OR d.kind NOT IN (2, 4, 10, 11, 12) OR b.amount <> -d.amount))",
    },
    Invariant {
        name: "transfers_are_pairs",
        sql: "SELECT o.shard, o.wallet_id, format('row %s', o.seq)
              FROM entries AS o
              LEFT JOIN entries AS i
                  ON i.shard = o.shard AND i.wallet_id = o.counterpart AND i.seq = o.refers_to
              LEFT JOIN wallets AS f ON f.shard = o.shard AND f.wallet_id = o.wallet_id
              LEFT JOIN wallets AS t ON t.shard = o.shard AND t.wallet_id = o.counterpart
              WHERE ($1::smallint IS NULL OR (o.shard, o.wallet_id) = ($1, $2::bigint))
                AND o.kind IN (14, 15)
                AND ((o.refers_to > coalesce(t.archived_seq, 0)
                      AND (i.kind IS DISTINCT FROM 29 - o.kind OR i.amount <> -o.amount OR i.refers_to <> o.seq
                           OR i.counterpart <> o.wallet_id))
                     OR f.account_id IS DISTINCT FROM t.account_id)",
    },
];
