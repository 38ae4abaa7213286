//! What is summed up: wallets, grants and books are the sums of their rows.

use super::Invariant;

/// These.
pub(super) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "wallet_is_sum_of_entries",
        sql: "SELECT w.shard, w.wallet_id,
                     format('settled %s, held %s; entries say %s, %s', w.settled, w.held,
                            e.settled + coalesce(a.settled_after, 0), e.held + coalesce(a.held_after, 0))
              FROM wallets AS w
              LEFT JOIN LATERAL (
                  SELECT coalesce(sum(amount), 0) AS settled, coalesce(sum(held_change), 0) AS held
                  FROM entries WHERE shard = w.shard AND wallet_id = w.wallet_id
              ) AS e ON true
              LEFT JOIN archived AS a USING (shard, wallet_id)
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
                AND (w.settled <> e.settled + coalesce(a.settled_after, 0)
                     OR w.held <> e.held + coalesce(a.held_after, 0))",
    },
    Invariant {
        name: "wallet_is_sum_of_grants",
        sql: "SELECT w.shard, w.wallet_id,
                     format('settled %s, held %s, debt %s; grants have %s, %s', w.settled, w.held, w.debt, g.had, g.held)
              FROM wallets AS w
              LEFT JOIN LATERAL (
                  SELECT coalesce(sum(remaining + held), 0) AS had, coalesce(sum(held), 0) AS held
                  FROM grants WHERE shard = w.shard AND wallet_id = w.wallet_id
              ) AS g ON true
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
                AND (w.settled <> g.had - w.debt OR w.held <> g.held)",
    },
    Invariant {
        name: "entry_is_sum_of_shares",
        sql: "SELECT e.shard, e.wallet_id, format('row %s', e.seq)
              FROM entries AS e
              LEFT JOIN (
                  SELECT shard, wallet_id, seq, sum(amount) AS amount, sum(held_change) AS held
                  FROM shares
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  GROUP BY shard, wallet_id, seq
              ) AS s USING (shard, wallet_id, seq)
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND (e.amount <> coalesce(s.amount, 0) OR e.held_change <> coalesce(s.held, 0))",
    },
    Invariant {
        name: "grant_is_sum_of_shares",
        sql: "SELECT g.shard, g.wallet_id, format('grant %s has %s + %s held', g.grant_id, g.remaining, g.held)
              FROM grants AS g
              LEFT JOIN (
                  SELECT shard, wallet_id, grant_id, sum(amount) AS had, sum(held_change) AS held
                  FROM shares
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  GROUP BY shard, wallet_id, grant_id
              ) AS s USING (shard, wallet_id, grant_id)
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND (g.remaining + g.held <> coalesce(s.had, 0) OR g.held <> coalesce(s.held, 0)
                     OR g.remaining < 0 OR g.held < 0 OR g.remaining + g.held > g.granted)
              UNION ALL
              SELECT w.shard, w.wallet_id, format('debt %s, rows say %s', w.debt, -coalesce(sum(s.amount), 0))
              FROM wallets AS w
              LEFT JOIN shares AS s ON s.shard = w.shard AND s.wallet_id = w.wallet_id AND s.grant_id = 0
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
              GROUP BY w.shard, w.wallet_id, w.debt
              HAVING w.debt <> -coalesce(sum(s.amount), 0)",
    },
    Invariant {
        name: "grants_are_what_their_entry_brought",
        sql: "SELECT e.shard, e.wallet_id, format('row %s brought %s, its grants %s', e.seq, e.amount, g.granted)
              FROM entries AS e
              LEFT JOIN (
                  SELECT shard, wallet_id, seq, sum(granted) AS granted FROM grants
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  GROUP BY shard, wallet_id, seq
              ) AS g USING (shard, wallet_id, seq)
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND (e.kind IN (1, 15) OR (e.kind = 13 AND e.amount > 0))
                AND e.amount IS DISTINCT FROM g.granted
              UNION ALL
              SELECT g.shard, g.wallet_id, format('grant %s came with no row', g.grant_id)
              FROM grants AS g
              LEFT JOIN entries AS e USING (shard, wallet_id, seq)
              LEFT JOIN archived AS a USING (shard, wallet_id)
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND g.seq > coalesce(a.to_seq, 0) AND (e.kind IS NULL OR e.kind NOT IN (1, 13, 15))",
    },
    Invariant {
        name: "grants_are_numbered_up_to_the_newest",
        // The next grant would take the number of one that is there.
        sql: "SELECT g.shard, g.wallet_id, format('grant %s, the wallet says %s', g.newest, w.grants_made)
              FROM (
                  SELECT shard, wallet_id, max(grant_id) AS newest FROM grants
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  GROUP BY shard, wallet_id
              ) AS g
              JOIN wallets AS w USING (shard, wallet_id)
              WHERE g.newest > w.grants_made",
    },
    Invariant {
        name: "books_balance",
        // Issued = settled + spent + expired + taken back, over everything that is looked at.
        sql: "SELECT NULL::smallint, NULL::bigint,
                     format('issued %s, settled %s, spent %s, expired %s, taken back %s', issued, settled, spent, expired, taken)
              FROM (
                  SELECT coalesce(sum(added - taken) FILTER (WHERE kind IN (1, 14, 15)), 0)
                             + coalesce(sum(added) FILTER (WHERE kind = 13), 0) AS issued,
                         coalesce(sum(taken - added) FILTER (WHERE kind IN (2, 3, 4, 5, 6, 8, 10, 11, 12)), 0) AS spent,
                         coalesce(sum(taken - added) FILTER (WHERE kind = 7), 0) AS expired,
                         coalesce(sum(taken - added) FILTER (WHERE kind = 9), 0)
                             + coalesce(sum(taken) FILTER (WHERE kind = 13), 0) AS taken
                  FROM (
                      SELECT shard, wallet_id, kind, greatest(amount, 0) AS added, greatest(-amount, 0) AS taken
                      FROM entries
                      UNION ALL
                      SELECT shard, wallet_id, kind, added, taken FROM archived_sums
                  ) AS m
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
              ) AS e,
              (
                  SELECT coalesce(sum(settled), 0) AS settled FROM wallets
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
              ) AS w
              WHERE issued <> settled + spent + expired + taken",
    },
    Invariant {
        name: "nothing_is_spent_below_zero",
        sql: "SELECT shard, wallet_id, format('row %s leaves %s', seq, settled_after - held_after)
              FROM entries
              WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                AND kind IN (2, 3, 10, 11, 12, 13, 14) AND (amount < 0 OR held_change > 0)
                AND settled_after < held_after
              UNION ALL
              SELECT shard, wallet_id, format('held %s, debt %s', held, debt)
              FROM wallets
              WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                AND (held < 0 OR debt < 0 OR (settled < held AND debt = 0))",
    },
    Invariant {
        name: "amounts_have_the_sign_of_their_kind",
        sql: "SELECT shard, wallet_id, format('row %s of kind %s: %s, %s', seq, kind, amount, held_change)
              FROM entries
              WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                AND NOT CASE kind
                    WHEN 1 THEN amount > 0 AND held_change = 0
                    WHEN 2 THEN amount <= 0 AND held_change = 0
                    WHEN 3 THEN amount = 0 AND held_change >= 0
                    WHEN 4 THEN amount <= 0 AND held_change <= amount
                    WHEN 5 THEN amount = 0 AND held_change <= 0
                    WHEN 6 THEN amount = 0 AND held_change <= 0
                    WHEN 7 THEN amount < 0 AND held_change = 0
                    WHEN 8 THEN amount >= 0 AND held_change = 0
                    WHEN 9 THEN (amount < 0 OR (amount > 0 AND refers_to IS NOT NULL)) AND held_change = 0
                    WHEN 13 THEN amount <> 0 AND held_change = 0
                    WHEN 15 THEN amount > 0 AND held_change = 0
                    ELSE amount <= 0 AND held_change = 0
                END",
    },
    Invariant {
        name: "usage_is_sum_of_rows",
        // Sums are made from rows and decide about nothing, so that no wallet is frozen for them: none is named apart
        // from the text. What is archived is not compared; where something is, what is paid back may have lost the
        // lines of what it pays back, so that there only whole quarters are.
        sql: "SELECT NULL::smallint, NULL::bigint,
                     format('wallet %s of shard %s, %s: the sums say %s for %s charges, the rows %s for %s',
                            wallet_id, shard, quarter, k.credits, k.charges, r.credits, r.charges)
              FROM (
                  SELECT l.shard, l.wallet_id, date_bin('15 minutes', l.created_at, 'epoch') AS quarter,
                         CASE WHEN a.last_at IS NULL
                              THEN md5(json_build_array(l.operation, l.category, NULL::text)::text) ELSE '' END AS part,
                         sum(l.credits) AS credits, sum(l.charges) AS charges,
                         sum(l.charges_of_categories) AS of_categories, sum(l.charges_of_rows) AS of_rows
                  FROM usage_summed AS u
                  JOIN spent_lines AS l ON l.shard = u.shard AND l.wallet_id = u.wallet_id AND l.seq <= u.seq
                  LEFT JOIN archived AS a ON a.shard = u.shard AND a.wallet_id = u.wallet_id
                  WHERE ($1::smallint IS NULL OR (u.shard, u.wallet_id) = ($1, $2::bigint))
                    AND (a.last_at IS NULL OR date_bin('15 minutes', l.created_at, 'epoch') > a.last_at)
                  GROUP BY 1, 2, 3, 4
              ) AS r
              FULL JOIN (
                  SELECT s.shard, s.wallet_id, s.begins_at AS quarter,
                         CASE WHEN a.last_at IS NULL THEN replace(s.group_hash::text, '-', '') ELSE '' END AS part,
                         sum(s.credits) AS credits, sum(s.charges) AS charges,
                         sum(s.charges_of_categories) AS of_categories, sum(s.charges_of_rows) AS of_rows
                  FROM usage_sums AS s
                  LEFT JOIN archived AS a ON a.shard = s.shard AND a.wallet_id = s.wallet_id
                  WHERE NOT s.by_customer
                    AND ($1::smallint IS NULL OR (s.shard, s.wallet_id) = ($1, $2::bigint))
                    AND (a.last_at IS NULL OR s.begins_at > a.last_at)
                  GROUP BY 1, 2, 3, 4
              ) AS k USING (shard, wallet_id, quarter, part)
              WHERE (k.credits, k.charges, k.of_categories, k.of_rows)
                    IS DISTINCT FROM (r.credits, r.charges, r.of_categories, r.of_rows)
              UNION ALL
              SELECT NULL, NULL,
                     format('wallet %s of shard %s, %s: the sums by customer are others than those in all', wallet_id,
                            shard, operation)
              FROM usage_sums
              WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
              GROUP BY shard, wallet_id, operation, category
              HAVING sum(credits) FILTER (WHERE by_customer) IS DISTINCT FROM sum(credits) FILTER (WHERE NOT by_customer)
                  OR sum(charges) FILTER (WHERE by_customer) IS DISTINCT FROM sum(charges) FILTER (WHERE NOT by_customer)",
    },
];
