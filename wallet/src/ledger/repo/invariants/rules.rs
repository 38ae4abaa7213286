//! What the rules promise: holds, grants, credit-backs and transfers.

use super::Invariant;

/// These.
pub(super) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "held_is_in_open_holds",
        sql: "WITH open AS (
                  SELECT shard, wallet_id, seq, amount FROM open_holds
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
              )
              SELECT w.shard, w.wallet_id, format('held %s, open holds %s', w.held, coalesce(h.amount, 0))
              FROM wallets AS w
              LEFT JOIN (SELECT shard, wallet_id, sum(amount) AS amount FROM open GROUP BY shard, wallet_id) AS h
                  USING (shard, wallet_id)
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
                AND w.held <> coalesce(h.amount, 0)
              UNION ALL
              SELECT g.shard, g.wallet_id, format('grant %s holds %s, open holds %s', g.grant_id, g.held, p.held)
              FROM grants AS g
              LEFT JOIN (
                  SELECT e.shard, e.wallet_id, e.grant_id, sum(e.held_change) AS held
                  FROM open
                  JOIN row_shares AS e USING (shard, wallet_id, seq)
                  GROUP BY e.shard, e.wallet_id, e.grant_id
              ) AS p USING (shard, wallet_id, grant_id)
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND g.held <> coalesce(p.held, 0)",
    },
    Invariant {
        name: "hold_is_what_its_entries_say",
        // Of a hold whose row is archived, the archive tells.
        sql: "SELECT f.shard, f.wallet_id, format('row %s finished hold %s', f.seq, f.refers_to)
              FROM entries AS f
              LEFT JOIN archived AS a USING (shard, wallet_id)
              LEFT JOIN entries AS h ON h.shard = f.shard AND h.wallet_id = f.wallet_id AND h.seq = f.refers_to
              WHERE ($1::smallint IS NULL OR (f.shard, f.wallet_id) = ($1, $2::bigint))
                AND f.kind IN (4, 5, 6)
                AND (f.refers_to IS NULL OR f.refers_to >= f.seq OR f.amount > 0 OR -f.amount > -f.held_change
                     OR (f.kind <> 4 AND f.amount <> 0)
                     OR (f.refers_to > coalesce(a.to_seq, 0)
                         AND (h.kind IS DISTINCT FROM 3 OR h.held_change <> -f.held_change)))
              UNION ALL
              SELECT k.shard, k.wallet_id, format('archived hold %s', k.seq)
              FROM archived_holds AS k
              LEFT JOIN archived AS a USING (shard, wallet_id)
              LEFT JOIN entries AS f ON f.shard = k.shard AND f.wallet_id = k.wallet_id AND f.seq = k.finished_by
              WHERE ($1::smallint IS NULL OR (k.shard, k.wallet_id) = ($1, $2::bigint))
                AND (k.seq > coalesce(a.to_seq, 0)
                     OR (k.finished_by > coalesce(a.to_seq, 0)
                         AND (f.refers_to, f.kind, f.held_change, f.amount)
                             IS DISTINCT FROM (k.seq, k.finish, -k.amount, -k.captured)))
              UNION ALL
              SELECT shard, wallet_id, format('%s holds are archived, %s are known', s.rows, coalesce(k.known, 0))
              FROM (SELECT shard, wallet_id, rows FROM archived_sums WHERE kind = 3) AS s
              FULL JOIN (
                  SELECT shard, wallet_id, count(*) AS known FROM archived_holds GROUP BY shard, wallet_id
              ) AS k USING (shard, wallet_id)
              WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                AND coalesce(s.rows, 0) <> coalesce(k.known, 0)
              UNION ALL
              SELECT f.shard, f.wallet_id, format('row %s gave back %s to grant %s', f.seq, -f.held_change, f.grant_id)
              FROM row_shares AS f
              LEFT JOIN archived AS a USING (shard, wallet_id)
              LEFT JOIN row_shares AS h ON h.shard = f.shard AND h.wallet_id = f.wallet_id AND h.seq = f.refers_to
                                       AND h.grant_id = f.grant_id
              WHERE ($1::smallint IS NULL OR (f.shard, f.wallet_id) = ($1, $2::bigint))
                AND f.kind IN (4, 5, 6) AND f.grant_id <> 0 AND f.refers_to > coalesce(a.to_seq, 0)
                AND h.held_change IS DISTINCT FROM -f.held_change",
    },
    Invariant {
        name: "hold_is_finished_once_and_in_time",
        sql: "SELECT f.shard, f.wallet_id, format('hold %s was finished by row %s', f.refers_to, max(f.seq))
              FROM entries AS f
              LEFT JOIN entries AS h ON h.shard = f.shard AND h.wallet_id = f.wallet_id AND h.seq = f.refers_to
              WHERE ($1::smallint IS NULL OR (f.shard, f.wallet_id) = ($1, $2::bigint))
                AND f.kind IN (4, 5, 6)
              GROUP BY f.shard, f.wallet_id, f.refers_to
              HAVING count(*) > 1
                  OR bool_or(f.kind IN (4, 5) AND f.created_at >= h.expires_at)
                  OR bool_or(f.kind = 6 AND f.created_at < h.expires_at)
              UNION ALL
              SELECT h.shard, h.wallet_id, format('hold %s is open, and the sweep is past it', h.seq)
              FROM open_holds AS h
              WHERE ($1::smallint IS NULL OR (h.shard, h.wallet_id) = ($1, $2::bigint))
                AND h.expires_at <= (SELECT swept_until FROM hold_sweep)
              UNION ALL
              SELECT h.shard, h.wallet_id, format('hold %s was over when it was placed', h.seq)
              FROM entries AS h
              WHERE ($1::smallint IS NULL OR (h.shard, h.wallet_id) = ($1, $2::bigint))
                AND h.kind = 3 AND h.expires_at <= h.created_at",
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
                  -- What is given back refers to the row that took it, and that one to the grant's.
                  SELECT shard, wallet_id, coalesce(t.refers_to, b.refers_to) AS refers_to, -sum(b.amount) AS taken
                  FROM entries AS b
                  LEFT JOIN LATERAL (
                      SELECT t.refers_to FROM entries AS t
                      WHERE b.amount > 0 AND t.shard = b.shard AND t.wallet_id = b.wallet_id AND t.seq = b.refers_to
                  ) AS t ON true
                  WHERE kind = 9 AND ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  GROUP BY 1, 2, 3
              ) AS e ON e.shard = g.shard AND e.wallet_id = g.wallet_id AND e.refers_to = g.seq
              LEFT JOIN archived AS a ON a.shard = g.shard AND a.wallet_id = g.wallet_id
              WHERE coalesce(e.taken, 0) > g.granted OR g.clawed > g.granted OR coalesce(e.taken, 0) > g.clawed
                 OR (g.clawed <> coalesce(e.taken, 0) AND g.seq > coalesce(a.to_seq, 0))",
    },
    Invariant {
        name: "clawback_is_given_back_once",
        sql: "SELECT b.shard, b.wallet_id, format('row %s gives back %s of row %s', b.seq, b.amount, b.refers_to)
              FROM entries AS b
              JOIN entries AS t ON t.shard = b.shard AND t.wallet_id = b.wallet_id AND t.seq = b.refers_to
              WHERE ($1::smallint IS NULL OR (b.shard, b.wallet_id) = ($1, $2::bigint))
                AND b.kind = 9 AND b.amount > 0
                AND (t.kind <> 9 OR t.amount <> -b.amount
                     OR EXISTS (
                         SELECT FROM entries AS o
                         WHERE o.shard = b.shard AND o.wallet_id = b.wallet_id AND o.refers_to = b.refers_to
                           AND o.kind = 9 AND o.amount > 0 AND o.seq <> b.seq
                     ))",
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
        // A transfer may name its grant, and is left out. A grant has credits over stretches of rows; nothing may be taken from a later one within such a stretch. What
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
                    AND kind IN (2, 3, 10, 11, 12) AND (amount < 0 OR held_change > 0)
                  WINDOW in_order AS (PARTITION BY shard, wallet_id ORDER BY seq, grant_id)
              ), runs AS (
                  SELECT shard, wallet_id, grant_id, seq,
                         coalesce(lead(seq) OVER (PARTITION BY shard, wallet_id ORDER BY seq, grant_id), 1::bigint << 62)
                             AS until
                  FROM takes
                  WHERE before IS DISTINCT FROM grant_id
              ), meetings AS MATERIALIZED (
                  SELECT r.shard, r.wallet_id, b.grant_id, a.grant_id AS earlier, a.expires_at, a.limited_to,
                         greatest(r.seq, x.seq) AS first, least(r.until, x.until) AS last
                  FROM runs AS r
                  JOIN stretches AS x ON x.shard = r.shard AND x.wallet_id = r.wallet_id AND x.has
                      AND x.grant_id <> r.grant_id AND x.seq <= r.until AND x.until >= r.seq
                  JOIN grants AS b ON b.shard = r.shard AND b.wallet_id = r.wallet_id AND b.grant_id = r.grant_id
                  JOIN grants AS a ON a.shard = x.shard AND a.wallet_id = x.wallet_id AND a.grant_id = x.grant_id
                  WHERE (grant_breadth(a.limited_to), a.priority, coalesce(a.expires_at, 'infinity'), a.grant_id)
                        < (grant_breadth(b.limited_to), b.priority, coalesce(b.expires_at, 'infinity'), b.grant_id)
              )
              SELECT e.shard, e.wallet_id, format('row %s took from grant %s before grant %s', e.seq, m.grant_id, m.earlier)
              FROM meetings AS m
              JOIN row_shares AS e ON e.shard = m.shard AND e.wallet_id = m.wallet_id AND e.grant_id = m.grant_id
                  AND e.seq BETWEEN m.first AND m.last
              WHERE e.kind IN (2, 3, 10, 11, 12) AND (e.amount < 0 OR e.held_change > 0)
                AND (m.expires_at IS NULL OR m.expires_at > e.created_at)
                -- A limited grant was left out rightly where it may not pay for all that the row is about.
                AND (m.limited_to IS NULL OR NOT EXISTS (
                    SELECT FROM row_purposes(e.shard, e.wallet_id, e.seq) AS p
                    WHERE NOT grant_pays_for(m.limited_to, p.operation, p.category)
                ))",
    },
    Invariant {
        name: "limited_grants_pay_for_what_they_may",
        // What is set aside or taken of a grant is at most what the lines that it may pay for come to. A finish that repaid
        // a debt with the rest is left to the row of its hold.
        sql: "SELECT e.shard, e.wallet_id, format('row %s took %s of grant %s', e.seq, greatest(-e.amount, e.held_change),
                                                  g.grant_id)
              FROM grants AS g
              JOIN row_shares AS e ON e.shard = g.shard AND e.wallet_id = g.wallet_id AND e.grant_id = g.grant_id
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND g.limited_to IS NOT NULL AND e.kind IN (2, 3, 4, 10, 11, 12, 13, 14)
                AND (e.amount < 0 OR (e.kind = 3 AND e.held_change > 0))
                AND NOT EXISTS (
                    SELECT FROM allocations AS d
                    WHERE d.shard = e.shard AND d.wallet_id = e.wallet_id AND d.seq = e.seq AND d.grant_id = 0
                )
                -- A charge says itself what it is for; only what has lines is read line by line.
                AND CASE e.kind
                    WHEN 2 THEN EXISTS (
                        SELECT FROM entries AS c
                        WHERE c.shard = e.shard AND c.wallet_id = e.wallet_id AND c.seq = e.seq
                          AND NOT grant_pays_for(g.limited_to, c.operation, c.category)
                    )
                    ELSE greatest(-e.amount, e.held_change) > coalesce((
                        SELECT sum(p.amount) FROM row_purposes(e.shard, e.wallet_id, e.seq) AS p
                        WHERE grant_pays_for(g.limited_to, p.operation, p.category)
                    ), 0)
                END
              UNION ALL
              SELECT g.shard, g.wallet_id, format('grant %s is limited to %s, its row says %s', g.grant_id, g.limited_to,
                                                  t.terms ->> 'o')
              FROM grants AS g
              JOIN entries AS e USING (shard, wallet_id, seq)
              CROSS JOIN LATERAL jsonb_array_elements(e.detail::jsonb -> 'g') AS t (terms)
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND (t.terms ->> 'i')::bigint = g.grant_id
                AND g.limited_to::jsonb IS DISTINCT FROM t.terms -> 'o'",
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
