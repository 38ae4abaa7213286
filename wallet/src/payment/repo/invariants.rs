//! What must hold between payments and the ledger, in the form of the ledger's own invariants: `$1` and `$2` are shard
//! and number of one wallet, or null for all; each row is a breach.

use crate::ledger::Invariant;

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
        sql: "SELECT p.shard, p.wallet_id, format('payment %s is of another account', p.id)
              FROM payments AS p
              LEFT JOIN wallets AS w ON w.shard = p.shard AND w.wallet_id = p.wallet_id
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND w.account_id IS DISTINCT FROM p.account_id",
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
];
