//! What must hold between refunds, disputes, payments and the ledger, in the form of the ledger's own invariants.

use crate::ledger::Invariant;

/// All of them.
pub(crate) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "refunds_are_within_their_payment",
        sql: "SELECT p.shard, p.wallet_id, format('payment %s of %s gave back %s', p.id, p.minor + p.tax_minor, r.minor)
              FROM payments AS p
              JOIN (SELECT payment_id, sum(minor) AS minor FROM refunds WHERE state <> 'failed' GROUP BY payment_id) AS r
                  ON r.payment_id = p.id
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND (r.minor > p.minor + p.tax_minor OR p.status <> 'succeeded')",
    },
    Invariant {
        name: "refund_takes_its_credits_once",
        sql: "SELECT p.shard, p.wallet_id, format('refund %s took %s, its entry %s', r.id, r.credits, -e.amount)
              FROM refunds AS r
              JOIN payments AS p ON p.id = r.payment_id
              LEFT JOIN entries AS e ON e.shard = p.shard AND e.wallet_id = p.wallet_id AND e.seq = r.taken_seq
              LEFT JOIN archived AS a ON a.shard = p.shard AND a.wallet_id = p.wallet_id
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND r.taken_seq > coalesce(a.to_seq, 0)
                AND (e.kind IS DISTINCT FROM 9 OR e.amount IS DISTINCT FROM -r.credits)
              UNION ALL
              SELECT p.shard, p.wallet_id, format('refund %s failed, and its credits are not back', r.id)
              FROM refunds AS r
              JOIN payments AS p ON p.id = r.payment_id
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND r.state = 'failed' AND r.taken_seq IS NOT NULL AND r.restored_seq IS NULL",
    },
    Invariant {
        name: "refund_request_ends_as_its_refund",
        sql: "SELECT q.shard, q.wallet_id, format('request %s is %s, its refund %s', q.number, q.state, r.state)
              FROM refund_requests AS q
              LEFT JOIN refunds AS r ON r.request_id = q.id
              WHERE ($1::smallint IS NULL OR (q.shard, q.wallet_id) = ($1, $2::bigint))
                AND q.payment_id IS NOT NULL
                AND coalesce(r.state, 'none') <> ALL (CASE q.state
                    WHEN 'approved' THEN ARRAY['created', 'pending']
                    WHEN 'paid' THEN ARRAY['succeeded']
                    WHEN 'failed' THEN ARRAY['failed']
                    ELSE ARRAY['none']
                END)",
    },
    Invariant {
        name: "dispute_moves_credits_once",
        sql: "SELECT p.shard, p.wallet_id, format('dispute %s is %s', d.id, d.state)
              FROM disputes AS d
              JOIN payments AS p ON p.id = d.payment_id
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND ((d.frozen_seq IS NOT NULL AND d.state = 'won' AND d.restored_seq IS NULL)
                  OR (d.restored_seq IS NOT NULL AND d.state <> 'won')
                  OR (d.lost_seq IS NOT NULL AND d.state <> 'lost'))",
    },
];
