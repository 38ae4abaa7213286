//! What must hold between promotions, payments and the ledger, in the form of the ledger's own invariants: `$1` and `$2`
//! are shard and number of one wallet, or null for all; each row is a breach.

use crate::ledger::Invariant;

/// All of them.
pub(crate) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "code_is_redeemed_once_for_its_grant",
        sql: "SELECT c.shard, c.wallet_id, format('code %s of batch %s has no grant of its own', c.number, c.batch_id)
              FROM redemption_codes AS c
              JOIN code_batches AS b ON b.id = c.batch_id
              LEFT JOIN wallets AS w ON w.shard = c.shard AND w.wallet_id = c.wallet_id
              LEFT JOIN grants AS g ON g.shard = c.shard AND g.wallet_id = c.wallet_id AND g.seq = c.entry_seq
              WHERE ($1::smallint IS NULL OR (c.shard, c.wallet_id) = ($1, $2::bigint))
                AND c.redeemed_at IS NOT NULL
                AND (g.reference IS DISTINCT FROM 'code:' || c.batch_id || ':' || c.number
                     OR g.granted IS DISTINCT FROM b.credits OR g.source IS DISTINCT FROM 3 OR g.cost_minor IS NOT NULL
                     OR w.account_id IS DISTINCT FROM c.account_id OR c.redeemed_at >= b.expires_at)
              UNION ALL
              SELECT g.shard, g.wallet_id, format('grant %s belongs to no code', g.grant_id)
              FROM grants AS g
              LEFT JOIN redemption_codes AS c
                  ON c.shard = g.shard AND c.wallet_id = g.wallet_id AND c.entry_seq = g.seq
                  AND c.redeemed_at IS NOT NULL
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND g.reference LIKE 'code:%' AND g.source = 3 AND c.batch_id IS NULL",
    },
    Invariant {
        name: "codes_of_an_account_are_counted",
        sql: "SELECT NULL::smallint, NULL::bigint,
                     format('account %s redeemed %s codes of batch %s, counted are %s', c.account_id, c.redeemed,
                            c.batch_id, u.used)
              FROM (
                  SELECT batch_id, account_id, count(*) AS redeemed
                  FROM redemption_codes
                  WHERE redeemed_at IS NOT NULL
                  GROUP BY batch_id, account_id
              ) AS c
              JOIN code_batches AS b ON b.id = c.batch_id
              FULL JOIN code_uses AS u ON u.batch_id = c.batch_id AND u.account_id = c.account_id
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
                AND (c.redeemed IS DISTINCT FROM u.used OR c.redeemed > b.per_account)",
    },
    Invariant {
        name: "bonus_is_of_its_payment",
        sql: "SELECT p.shard, p.wallet_id, format('payment %s is %s with a bonus of %s, and brings %s', p.id, p.status,
                                                  p.bonus, coalesce(g.credits, 0))
              FROM payments AS p
              LEFT JOIN promo_grants AS g ON g.payment_id = p.id AND g.kind = 'bonus'
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND (p.bonus > 0 OR g.payment_id IS NOT NULL)
                AND (coalesce(g.credits, 0) <> CASE WHEN p.status = 'succeeded' THEN p.bonus ELSE 0 END
                     OR (g.shard, g.wallet_id) IS DISTINCT FROM (p.shard, p.wallet_id) AND g.payment_id IS NOT NULL)
              UNION ALL
              SELECT g.shard, g.wallet_id, format('%s belongs to no payment: %s', g.kind, g.payment_id)
              FROM promo_grants AS g
              LEFT JOIN payments AS p ON p.id = g.payment_id AND p.status = 'succeeded'
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND p.id IS NULL",
    },
    Invariant {
        name: "promotion_is_granted_once",
        sql: "SELECT n.shard, n.wallet_id, format('%s of payment %s has %s grants', n.kind, n.payment_id, g.grants)
              FROM promo_grants AS n
              CROSS JOIN LATERAL (
                  SELECT count(*) AS grants,
                         bool_and(seq = n.entry_seq AND granted = n.credits AND cost_minor IS NULL) AS same
                  FROM grants
                  WHERE shard = n.shard AND wallet_id = n.wallet_id AND source = 3
                    AND reference = 'promo:' || n.kind || ':' || n.payment_id
              ) AS g
              WHERE ($1::smallint IS NULL OR (n.shard, n.wallet_id) = ($1, $2::bigint))
                AND (g.grants <> (n.entry_seq IS NOT NULL)::int OR NOT coalesce(g.same, true))
              UNION ALL
              SELECT g.shard, g.wallet_id, format('grant %s belongs to no promotion', g.grant_id)
              FROM grants AS g
              LEFT JOIN promo_grants AS n
                  ON n.shard = g.shard AND n.wallet_id = g.wallet_id
                  AND 'promo:' || n.kind || ':' || n.payment_id = g.reference
              WHERE ($1::smallint IS NULL OR (g.shard, g.wallet_id) = ($1, $2::bigint))
                AND g.reference LIKE 'promo:%' AND g.source = 3 AND n.payment_id IS NULL",
    },
    Invariant {
        name: "invitation_is_rewarded_once",
        sql: "SELECT n.shard, n.wallet_id, format('%s of payment %s belongs to no invitation', n.kind, n.payment_id)
              FROM promo_grants AS n
              LEFT JOIN referrals AS r
                  ON r.payment_id = n.payment_id AND r.state = 'rewarded'
                  AND n.account_id = CASE n.kind WHEN 'referrer' THEN r.referrer_id ELSE r.invited_id END
              LEFT JOIN wallets AS w ON w.shard = n.shard AND w.wallet_id = n.wallet_id
              WHERE ($1::smallint IS NULL OR (n.shard, n.wallet_id) = ($1, $2::bigint))
                AND n.kind IN ('referrer', 'invited')
                AND (r.invited_id IS NULL OR w.account_id IS DISTINCT FROM n.account_id)
              UNION ALL
              SELECT NULL, NULL, format('the invitation of account %s was rewarded, and has no reward', r.invited_id)
              FROM referrals AS r
              LEFT JOIN payments AS p
                  ON p.id = r.payment_id AND p.account_id = r.invited_id AND p.status = 'succeeded'
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
                AND r.state <> 'waiting'
                AND (p.id IS NULL OR r.state = 'rewarded' AND NOT EXISTS (
                    SELECT FROM promo_grants WHERE payment_id = r.payment_id AND kind <> 'bonus'
                ))",
    },
    Invariant {
        name: "codes_are_guarded",
        sql: "SELECT NULL::smallint, NULL::bigint, format('trigger %s is missing or off', n.name)
              FROM (VALUES ('redemption_codes_once'), ('redemption_codes_kept'), ('redemption_codes_not_truncated'))
                  AS n (name)
              LEFT JOIN pg_trigger AS t ON t.tgrelid = 'redemption_codes'::regclass AND t.tgname = n.name
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
                AND (t.oid IS NULL OR t.tgenabled = 'D')",
    },
];
