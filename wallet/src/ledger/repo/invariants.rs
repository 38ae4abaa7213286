//! What must hold at every moment, as SQL: each query gives no row when the ledger is right.
//!
//! `$1` and `$2` are shard and number of one wallet, or null for all; a row is shard, wallet, and what was found.
//! Every one has a canary in the tests: a planted violation that it must catch.

/// One invariant. Concepts to the right of the ledger have their own, of the same form.
#[derive(Debug)]
pub(crate) struct Invariant {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// All of them, cheap ones first.
pub(in crate::ledger) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "wallet_is_sum_of_entries",
        sql: "SELECT w.shard, w.wallet_id,
                     format('settled %s, held %s; entries say %s, %s', w.settled, w.held, e.settled, e.held)
              FROM wallets AS w
              LEFT JOIN LATERAL (
                  SELECT coalesce(sum(amount), 0) AS settled, coalesce(sum(held_change), 0) AS held
                  FROM entries WHERE shard = w.shard AND wallet_id = w.wallet_id
              ) AS e ON true
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
                AND (w.settled <> e.settled OR w.held <> e.held)",
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
        name: "entries_are_gapless",
        sql: "SELECT w.shard, w.wallet_id, format('%s rows, newest %s, the wallet says %s', e.rows, e.newest, w.seq)
              FROM wallets AS w
              LEFT JOIN LATERAL (
                  SELECT count(*) AS rows, coalesce(min(seq), 1) AS oldest, coalesce(max(seq), 0) AS newest
                  FROM entries WHERE shard = w.shard AND wallet_id = w.wallet_id
              ) AS e ON true
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
                AND (e.rows <> w.seq OR e.newest <> w.seq OR e.oldest <> 1)",
    },
    Invariant {
        name: "running_balances_chain",
        sql: "SELECT shard, wallet_id, format('row %s', seq)
              FROM (
                  SELECT *, sum(amount) OVER rows_so_far AS settled, sum(held_change) OVER rows_so_far AS held
                  FROM entries
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  WINDOW rows_so_far AS (PARTITION BY shard, wallet_id ORDER BY seq)
              ) AS e
              WHERE settled_after <> settled OR held_after <> held",
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
                    WHEN 9 THEN amount < 0 AND held_change = 0
                    WHEN 13 THEN amount <> 0 AND held_change = 0
                    WHEN 15 THEN amount > 0 AND held_change = 0
                    ELSE amount <= 0 AND held_change = 0
                END",
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
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND (e.kind IS NULL OR e.kind NOT IN (1, 13, 15))",
    },
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
        sql: "SELECT h.shard, h.wallet_id, format('hold %s', h.seq)
              FROM holds AS h
              LEFT JOIN entries AS placed USING (shard, wallet_id, seq)
              LEFT JOIN entries AS done
                  ON done.shard = h.shard AND done.wallet_id = h.wallet_id AND done.seq = h.finished_by
              WHERE ($1::smallint IS NULL OR (h.shard, h.wallet_id) = ($1, $2::bigint))
                AND (placed.kind IS DISTINCT FROM 3 OR placed.held_change <> h.amount OR h.captured > h.amount
                     OR (h.state = 1) <> (h.finished_by IS NULL)
                     OR (h.state = 1 AND h.captured <> 0)
                     OR (h.state <> 1 AND (done.kind IS DISTINCT FROM h.state + 2
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
              WHERE g.clawed <> coalesce(e.taken, 0) OR coalesce(e.taken, 0) > g.granted",
    },
    Invariant {
        name: "expired_grants_are_not_spent",
        sql: "SELECT e.shard, e.wallet_id, format('row %s took from grant %s', e.seq, g.grant_id)
              FROM entries AS e
              JOIN shares AS s USING (shard, wallet_id, seq)
              JOIN grants AS g ON g.shard = e.shard AND g.wallet_id = e.wallet_id AND g.grant_id = s.grant_id
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND e.kind IN (2, 3, 10, 11, 12, 13, 14) AND (s.amount < 0 OR s.held_change > 0)
                AND e.created_at >= g.expires_at",
    },
    Invariant {
        name: "expiry_takes_only_what_has_expired",
        sql: "SELECT e.shard, e.wallet_id, format('row %s', e.seq)
              FROM entries AS e
              LEFT JOIN shares AS s USING (shard, wallet_id, seq)
              LEFT JOIN grants AS g ON g.shard = e.shard AND g.wallet_id = e.wallet_id AND g.grant_id = s.grant_id
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND e.kind = 7
                AND (g.expires_at IS NULL OR e.created_at < g.expires_at OR e.refers_to IS DISTINCT FROM g.seq)",
    },
    Invariant {
        name: "grants_burn_in_order",
        // A grant has credits over stretches of rows; nothing may be taken from a later one within such a stretch.
        sql: "WITH marks AS (
                  SELECT s.shard, s.wallet_id, s.grant_id, s.seq,
                         sum(s.amount - s.held_change) OVER so_far > 0 AS has,
                         lead(s.seq) OVER so_far AS until
                  FROM shares AS s
                  WHERE s.grant_id > 0 AND ($1::smallint IS NULL OR (s.shard, s.wallet_id) = ($1, $2::bigint))
                  WINDOW so_far AS (PARTITION BY s.shard, s.wallet_id, s.grant_id ORDER BY s.seq)
              ), turns AS (
                  SELECT *, lag(has, 1, false) OVER (PARTITION BY shard, wallet_id, grant_id ORDER BY seq) AS had
                  FROM marks
              ), edges AS (
                  SELECT shard, wallet_id, grant_id, seq, has,
                         lead(seq) OVER (PARTITION BY shard, wallet_id, grant_id ORDER BY seq) AS until
                  FROM turns
                  WHERE has <> had
              )
              SELECT e.shard, e.wallet_id, format('row %s took from grant %s before grant %s', e.seq, b.grant_id, a.grant_id)
              FROM entries AS e
              JOIN shares AS s USING (shard, wallet_id, seq)
              JOIN grants AS b ON b.shard = e.shard AND b.wallet_id = e.wallet_id AND b.grant_id = s.grant_id
              JOIN edges AS x ON x.shard = e.shard AND x.wallet_id = e.wallet_id AND x.has AND x.grant_id <> b.grant_id
                  AND x.seq <= e.seq AND (x.until IS NULL OR x.until > e.seq)
              JOIN grants AS a ON a.shard = x.shard AND a.wallet_id = x.wallet_id AND a.grant_id = x.grant_id
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND e.kind IN (2, 3, 10, 11, 12, 14) AND (s.amount < 0 OR s.held_change > 0)
                AND (a.expires_at IS NULL OR a.expires_at > e.created_at)
                AND (a.priority, coalesce(a.expires_at, 'infinity'), a.grant_id)
                    < (b.priority, coalesce(b.expires_at, 'infinity'), b.grant_id)",
    },
    Invariant {
        name: "credit_back_is_once_and_whole",
        sql: "SELECT b.shard, b.wallet_id, format('row %s was paid back by row %s', b.refers_to, max(b.seq))
              FROM entries AS b
              LEFT JOIN entries AS d ON d.shard = b.shard AND d.wallet_id = b.wallet_id AND d.seq = b.refers_to
              WHERE ($1::smallint IS NULL OR (b.shard, b.wallet_id) = ($1, $2::bigint))
                AND b.kind = 8
              GROUP BY b.shard, b.wallet_id, b.refers_to
              HAVING count(*) > 1 OR bool_or(d.kind IS NULL OR d.kind NOT IN (2, 4, 10, 11, 12) OR b.amount <> -d.amount)",
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
                AND (i.kind IS DISTINCT FROM 29 - o.kind OR i.amount <> -o.amount OR i.refers_to <> o.seq
                     OR i.counterpart <> o.wallet_id OR f.account_id IS DISTINCT FROM t.account_id)",
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
              WHERE ($1::smallint IS NULL OR (s.shard, s.wallet_id) = ($1, $2::bigint))
                AND e.hash IS DISTINCT FROM s.hash",
    },
    Invariant {
        name: "keys_act_once",
        sql: "SELECT shard, wallet_id, format('key %s acted %s times', idem_key, count(*))
              FROM entries
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
                  UNION ALL SELECT DISTINCT shard, wallet_id, 'holds' FROM holds
              ) AS r
              LEFT JOIN wallets AS w USING (shard, wallet_id)
              WHERE ($1::smallint IS NULL OR (r.shard, r.wallet_id) = ($1, $2::bigint))
                AND w.shard IS NULL
              UNION ALL
              SELECT s.shard, s.wallet_id, format('row %s shares grant %s, which is not there', s.seq, s.grant_id)
              FROM shares AS s
              LEFT JOIN grants AS g USING (shard, wallet_id, grant_id)
              LEFT JOIN entries AS e ON e.shard = s.shard AND e.wallet_id = s.wallet_id AND e.seq = s.seq
              WHERE ($1::smallint IS NULL OR (s.shard, s.wallet_id) = ($1, $2::bigint))
                AND ((g.grant_id IS NULL AND s.grant_id <> 0) OR e.seq IS NULL)
              UNION ALL
              SELECT shard, wallet_id, 'the shard is not the account''s'
              FROM wallets
              WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                AND shard <> get_byte(uuid_send(account_id), 15)",
    },
    Invariant {
        name: "books_balance",
        // Issued = settled + spent + expired + taken back, over everything that is looked at.
        sql: "SELECT NULL::smallint, NULL::bigint,
                     format('issued %s, settled %s, spent %s, expired %s, taken back %s', issued, settled, spent, expired, taken)
              FROM (
                  SELECT coalesce(sum(amount) FILTER (WHERE kind IN (1, 14, 15) OR (kind = 13 AND amount > 0)), 0) AS issued,
                         -coalesce(sum(amount) FILTER (WHERE kind IN (2, 3, 4, 5, 6, 8, 10, 11, 12)), 0) AS spent,
                         -coalesce(sum(amount) FILTER (WHERE kind = 7), 0) AS expired,
                         -coalesce(sum(amount) FILTER (WHERE kind = 9 OR (kind = 13 AND amount < 0)), 0) AS taken
                  FROM entries
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
              ) AS e,
              (
                  SELECT coalesce(sum(settled), 0) AS settled FROM wallets
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
              ) AS w
              WHERE issued <> settled + spent + expired + taken",
    },
    Invariant {
        name: "history_is_guarded",
        sql: "SELECT NULL::smallint, NULL::bigint, format('trigger %s is missing or off', n.name)
              FROM (VALUES ('entries', 'entries_append_only'), ('allocations', 'allocations_append_only'))
                   AS n (relation, name)
              LEFT JOIN pg_trigger AS t ON t.tgrelid = n.relation::regclass AND t.tgname = n.name
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL) AND (t.oid IS NULL OR t.tgenabled = 'D')
              UNION ALL
              SELECT NULL, NULL, format('constraint %s of %s is not validated', conname, conrelid::regclass)
              FROM pg_constraint
              WHERE NOT convalidated AND connamespace = current_schema()::regnamespace",
    },
];
