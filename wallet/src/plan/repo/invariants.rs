//! What must hold between plans and the ledger, in the form of the ledger's own invariants: `$1` and `$2` are shard and
//! number of one wallet, or null for all; each row is a breach.

use crate::ledger::Invariant;

/// All of them.
pub(crate) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "month_is_granted_once",
        sql: "SELECT b.shard, b.wallet_id, format('month %s of subscription %s has %s grants', b.month, b.subscription_id, g.grants)
              FROM billing_periods AS b
              CROSS JOIN LATERAL (
                  SELECT count(*) AS grants,
                         bool_and(seq = b.entry_seq AND granted = b.credits
                                  AND cost_minor IS NOT DISTINCT FROM b.minor
                                  AND cost_currency IS NOT DISTINCT FROM b.currency) AS same
                  FROM grants
                  WHERE shard = b.shard AND wallet_id = b.wallet_id AND source = 1
                    AND reference = 'subscription:' || b.subscription_id || ':' || b.month
              ) AS g
              WHERE ($1::smallint IS NULL OR (b.shard, b.wallet_id) = ($1, $2::bigint))
                AND (g.grants <> 1 OR NOT g.same)
              UNION ALL
              SELECT g.shard, g.wallet_id, format('grant %s belongs to no month', g.grant_id)
              FROM grants AS g
              LEFT JOIN billing_periods AS b
                  ON b.shard = g.shard AND b.wallet_id = g.wallet_id AND b.entry_seq = g.seq
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND g.reference LIKE 'subscription:%' AND g.source = 1 AND b.month IS NULL",
    },
    Invariant {
        name: "preview_share_is_moved_once",
        sql: "SELECT s.shard, s.wallet_id, format('month %s of subscription %s: %s moved, row %s says %s', s.month,
                                                  s.subscription_id, s.moved, s.entry_seq, -e.amount)
              FROM preview_shares AS s
              JOIN wallets AS w USING (shard, wallet_id)
              LEFT JOIN entries AS e ON e.shard = s.shard AND e.wallet_id = s.wallet_id AND e.seq = s.entry_seq
              WHERE ($1::smallint IS NULL OR (s.shard, s.wallet_id) = ($1, $2::bigint))
                AND s.entry_seq > w.archived_seq
                AND (e.kind, -e.amount, e.counterpart) IS DISTINCT FROM (14::smallint, s.moved, s.preview_id)",
    },
    Invariant {
        name: "subscription_is_paid_as_it_says",
        sql: "SELECT s.shard, s.wallet_id, format('subscription %s says %s months paid, %s granted', s.id, s.months_paid, s.months_granted)
              FROM subscriptions AS s
              LEFT JOIN payments AS p ON p.id = s.paid_by
              WHERE ($1::smallint IS NULL OR (s.shard, s.wallet_id) = ($1, $2::bigint))
                AND s.minor IS NOT NULL
                AND (
                    (s.paid_by IS NOT NULL AND (
                        p.status IS DISTINCT FROM 'succeeded'
                        OR p.subscription_id IS DISTINCT FROM s.id
                        OR p.account_id <> s.account_id
                        OR p.month <> s.paid_from
                        OR p.minor <> s.paid_minor
                        OR s.months_paid <> s.paid_from + CASE s.billing WHEN 'year' THEN 12 ELSE 1 END
                    ))
                    OR s.months_granted <> (
                        SELECT coalesce(max(month) + 1, 0) FROM billing_periods WHERE subscription_id = s.id
                    )
                )",
    },
    Invariant {
        name: "higher_plan_is_paid_for",
        sql: "SELECT p.shard, p.wallet_id, format('payment %s is %s and was to make plan %s', p.id, p.status, p.change_to)
              FROM payments AS p
              LEFT JOIN plan_changes AS c ON c.payment_id = p.id
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND p.change_of IS NOT NULL
                AND (c.subscription_id, c.plan, c.account_id, c.currency)
                    IS DISTINCT FROM (p.change_of, p.change_to, p.account_id, p.currency)
              UNION ALL
              SELECT s.shard, s.wallet_id, format('subscription %s is on plan %s at %s, which nobody paid', s.id, s.plan, s.minor)
              FROM subscriptions AS s
              WHERE ($1::smallint IS NULL OR (s.shard, s.wallet_id) = ($1, $2::bigint))
                AND s.minor IS DISTINCT FROM s.paid_minor
                AND NOT EXISTS (
                    SELECT
                    FROM plan_changes AS c
                    JOIN payments AS p ON p.id = c.payment_id
                    WHERE c.subscription_id = s.id AND p.status = 'succeeded'
                      AND (c.plan, c.minor, c.credits) = (s.plan, s.minor, s.credits)
                )",
    },
];
