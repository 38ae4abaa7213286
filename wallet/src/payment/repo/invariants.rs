//! What must hold between payments and the ledger, in the form of the ledger's own invariants: `$1` and `$2` are shard
//! and number of one wallet, or null for all; each row is a breach.

use crate::ledger::Invariant;

/// Each row of a table has the account of its wallet, which is there; `$row` and `$id` name a row that has not.
macro_rules! of_the_wallets_account {
    ($table:literal, $row:literal, $id:literal) => {
        concat!(
            "SELECT t.shard, t.wallet_id, format('",
            $row,
            " %s is of another account', t.",
            $id,
            ")
             FROM ",
            $table,
            " AS t
             LEFT JOIN wallets AS w ON w.shard = t.shard AND w.wallet_id = t.wallet_id
             WHERE ($1::smallint IS NULL OR (t.shard, t.wallet_id) = ($1, $2::bigint))
               AND w.account_id IS DISTINCT FROM t.account_id"
        )
    };
}

/// All of them.
pub(crate) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "payment_is_credited_once",
        sql: "SELECT p.shard, p.wallet_id, format('payment %s is %s and has %s grants', p.id, p.status, g.grants)
              FROM payments AS p
              CROSS JOIN LATERAL (
                  SELECT count(*) AS grants, bool_and(granted = p.credits AND seq = p.entry_seq) AS same
                  FROM grants
                  WHERE shard = p.shard AND wallet_id = p.wallet_id AND reference = 'payment:' || p.id
                    AND source = CASE WHEN p.change_of IS NULL THEN 4 ELSE 1 END
              ) AS g
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND p.subscription_id IS NULL
                AND (g.grants <> (p.status = 'succeeded')::int OR NOT coalesce(g.same, true))
              UNION ALL
              SELECT g.shard, g.wallet_id, format('grant %s was bought with no payment', g.grant_id)
              FROM grants AS g
              LEFT JOIN payments AS p
                  ON p.shard = g.shard AND p.wallet_id = g.wallet_id AND 'payment:' || p.id = g.reference
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND g.reference LIKE 'payment:%' AND g.source IN (1, 4) AND p.id IS NULL",
    },
    Invariant {
        name: "money_in_is_the_price_of_credits",
        sql: "SELECT p.shard, p.wallet_id, format('payment %s took %s %s', p.id, p.minor, p.currency)
              FROM payments AS p
              JOIN grants AS g ON g.shard = p.shard AND g.wallet_id = p.wallet_id AND g.reference = 'payment:' || p.id
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND g.source IN (1, 4)
                AND (g.cost_minor IS DISTINCT FROM p.minor OR g.cost_currency IS DISTINCT FROM p.currency)",
    },
    Invariant {
        name: "payment_is_the_accounts_own",
        sql: of_the_wallets_account!("payments", "payment", "id"),
    },
    Invariant {
        name: "plan_payment_is_its_months",
        sql: "SELECT p.shard, p.wallet_id, format('payment %s is %s and has paid %s months', p.id, p.status, m.months)
              FROM payments AS p
              CROSS JOIN LATERAL (SELECT CASE p.billing WHEN 'year' THEN 12 ELSE 1 END AS paid) AS n
              CROSS JOIN LATERAL (
                  SELECT count(*) AS months,
                         coalesce(sum(minor), 0) AS minor,
                         bool_and(subscription_id = p.subscription_id AND month >= p.month AND month < p.month + n.paid
                                  AND account_id = p.account_id AND currency = p.currency
                                  AND ((plan = p.plan AND credits = p.credits) OR EXISTS (
                                      SELECT
                                      FROM plan_changes AS c
                                      JOIN payments AS raised ON raised.id = c.payment_id
                                      WHERE c.subscription_id = b.subscription_id AND c.plan = b.plan
                                        AND c.credits = b.credits AND raised.status = 'succeeded'
                                  ))) AS same,
                         bool_or(month = p.month AND entry_seq = p.entry_seq) AS first
                  FROM billing_periods AS b
                  WHERE paid_by = p.id
              ) AS m
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND p.subscription_id IS NOT NULL
                AND (
                    (p.status = 'succeeded') <> coalesce(m.first, false)
                    OR (p.status <> 'succeeded' AND m.months > 0)
                    OR NOT coalesce(m.same, true)
                    OR m.minor > p.minor
                    OR (m.months = n.paid AND m.minor <> p.minor)
                )",
    },
    Invariant {
        name: "one_auto_top_up_at_a_time",
        sql: "SELECT shard, wallet_id, format('%s charges of auto top-up are under way', count(*))
              FROM payments
              WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                AND auto_top_up IS NOT NULL
                AND status IN ('pending', 'processing', 'unknown')
              GROUP BY shard, wallet_id
              HAVING count(*) > 1
              UNION ALL
              SELECT p.shard, p.wallet_id, format('payment %s of auto top-up is under way, and nobody looks after it', p.id)
              FROM payments AS p
              LEFT JOIN auto_top_ups AS a ON a.shard = p.shard AND a.wallet_id = p.wallet_id
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND p.auto_top_up IS NOT NULL
                AND p.status IN ('pending', 'processing', 'unknown')
                AND a.open_payment IS DISTINCT FROM p.id",
    },
    Invariant {
        name: "auto_top_up_consent_is_the_accounts_own",
        sql: of_the_wallets_account!("auto_top_up_consents", "consent", "number"),
    },
    Invariant {
        name: "auto_top_up_is_what_was_agreed",
        sql: "SELECT p.shard, p.wallet_id, format('payment %s of auto top-up was not agreed to', p.id)
              FROM payments AS p
              LEFT JOIN auto_top_up_charges AS c ON c.payment_id = p.id
              LEFT JOIN auto_top_up_consents AS k
                  ON k.shard = p.shard AND k.wallet_id = p.wallet_id AND k.number = p.auto_top_up
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND p.auto_top_up IS NOT NULL
                AND NOT coalesce(
                    c.number = p.auto_top_up AND k.account_id = p.account_id AND k.method_id = p.method_id
                    AND k.created_at <= p.created_at AND k.currency = p.currency AND p.minor <= k.most_minor,
                    false
                )
              UNION ALL
              SELECT p.shard, p.wallet_id, format('payment %s of auto top-up is above a limit', p.id)
              FROM payments AS p
              JOIN auto_top_up_charges AS c ON c.payment_id = p.id
              JOIN auto_top_up_consents AS k
                  ON k.shard = p.shard AND k.wallet_id = p.wallet_id AND k.number = p.auto_top_up
              CROSS JOIN LATERAL (
                  SELECT coalesce(sum(o.minor + o.tax_minor) FILTER (WHERE o.created_at >= c.day_from), 0) AS day,
                         coalesce(sum(o.minor + o.tax_minor), 0) AS month
                  FROM payments AS o
                  WHERE o.shard = p.shard
                    AND o.wallet_id = p.wallet_id
                    AND o.auto_top_up IS NOT NULL
                    AND o.currency = p.currency
                    AND o.status IN ('succeeded', 'held')
                    AND o.created_at >= c.month_from
                    AND (o.created_at, o.id) < (p.created_at, p.id)
              ) AS s
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND p.status IN ('succeeded', 'held')
                AND (s.day + p.minor > k.daily_minor OR s.month + p.minor > k.monthly_minor)",
    },
    Invariant {
        name: "payment_states_end_at_its_own",
        sql: "SELECT p.shard, p.wallet_id,
                     format('payment %s is %s, its newest state is %s', p.id, p.status, coalesce(s.status, 'missing'))
              FROM payments AS p
              LEFT JOIN LATERAL (
                  SELECT status, failure, number FROM payment_states WHERE payment_id = p.id ORDER BY number DESC LIMIT 1
              ) AS s ON true
              LEFT JOIN LATERAL (SELECT count(*) AS rows FROM payment_states WHERE payment_id = p.id) AS c ON true
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND ((p.status, p.failure) IS DISTINCT FROM (s.status, s.failure) OR c.rows IS DISTINCT FROM s.number)",
    },
    Invariant {
        name: "reconciliations_have_what_they_found",
        sql: "SELECT NULL::smallint, NULL::bigint, format('reconciliation %s found %s, and has %s', r.id, r.differences, f.rows)
              FROM reconciliations AS r
              CROSS JOIN LATERAL (SELECT count(*) AS rows FROM found_differences WHERE reconciliation_id = r.id) AS f
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
                AND r.differences <> f.rows
              UNION ALL
              SELECT NULL, NULL, format('difference %s was found by nothing', d.id)
              FROM payment_differences AS d
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
                AND NOT EXISTS (SELECT FROM found_differences WHERE difference_id = d.id)",
    },
    Invariant {
        name: "payment_history_is_guarded",
        sql: "SELECT NULL::smallint, NULL::bigint, format('trigger %s is missing or off', n.name)
              FROM (VALUES ('payments', 'payments_made_noted'), ('payments', 'payments_state_noted'),
                           ('plan_changes', 'plan_changes_append_only'),
                           ('plan_changes', 'plan_changes_not_truncated'),
                           ('auto_top_up_consents', 'auto_top_up_consents_append_only'),
                           ('auto_top_up_consents', 'auto_top_up_consents_not_truncated'),
                           ('auto_top_up_charges', 'auto_top_up_charges_append_only'),
                           ('auto_top_up_charges', 'auto_top_up_charges_not_truncated'),
                           ('payment_states', 'payment_states_append_only'),
                           ('payment_states', 'payment_states_not_truncated'),
                           ('payment_answers', 'payment_answers_append_only'),
                           ('payment_answers', 'payment_answers_not_truncated'),
                           ('reconciliations', 'reconciliations_append_only'),
                           ('reconciliations', 'reconciliations_not_truncated'),
                           ('payment_differences', 'payment_differences_append_only'),
                           ('payment_differences', 'payment_differences_not_truncated'),
                           ('found_differences', 'found_differences_append_only'),
                           ('found_differences', 'found_differences_not_truncated'))
                   AS n (relation, name)
              LEFT JOIN pg_trigger AS t ON t.tgrelid = n.relation::regclass AND t.tgname = n.name
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
                AND (t.oid IS NULL OR t.tgenabled = 'D')",
    },
];
