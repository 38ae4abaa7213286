//! What must hold between metered items and the ledger, in the form of the ledger's own invariants: `$1` and `$2` are
//! shard and number of one wallet, or null for all; each row is a breach.

use crate::ledger::Invariant;

/// All of them.
pub(crate) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "metered_month_is_charged_once",
        sql: "SELECT m.shard, m.wallet_id, format('metered month %s charged %s, its entry %s', m.month, m.charged, -e.amount)
              FROM metered_months AS m
              LEFT JOIN entries AS e ON e.shard = m.shard AND e.wallet_id = m.wallet_id AND e.seq = m.entry_seq
              LEFT JOIN archived AS a ON a.shard = m.shard AND a.wallet_id = m.wallet_id
              WHERE ($1::smallint IS NULL OR (m.shard, m.wallet_id) = ($1, $2::bigint))
                AND m.entry_seq > coalesce(a.to_seq, 0)
                AND (e.kind IS DISTINCT FROM 11 OR e.amount IS DISTINCT FROM -m.charged)
              UNION ALL
              SELECT e.shard, e.wallet_id, format('entry %s of metered items belongs to no month', e.seq)
              FROM entries AS e
              LEFT JOIN metered_months AS m ON m.shard = e.shard AND m.wallet_id = e.wallet_id AND m.entry_seq = e.seq
              WHERE ($1::smallint IS NULL OR (e.shard, e.wallet_id) = ($1, $2::bigint))
                AND e.kind = 11 AND m.month IS NULL",
    },
    Invariant {
        name: "metered_months_follow_each_other",
        sql: "SELECT shard, wallet_id, format('metered month %s does not begin where the one before ended', month)
              FROM (
                  SELECT shard, wallet_id, month, starts_at, carried_in,
                         lag(month) OVER one AS month_before,
                         lag(ends_at) OVER one AS ended,
                         lag(carried_out) OVER one AS carried
                  FROM (
                      SELECT shard, wallet_id, month, starts_at, ends_at, carried_in, carried_out
                      FROM metered_months
                      UNION ALL
                      SELECT shard, wallet_id, month, starts_at, ends_at, carried, 0
                      FROM metered_wallets
                  ) AS months
                  WHERE ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
                  WINDOW one AS (PARTITION BY shard, wallet_id ORDER BY month)
              ) AS months
              WHERE month IS DISTINCT FROM coalesce(month_before + 1, 0)
                 OR starts_at <> ended
                 OR carried_in <> coalesce(carried, 0)",
    },
    Invariant {
        name: "metered_month_is_the_sum_of_its_items",
        sql: "SELECT m.shard, m.wallet_id, format('metered month %s says %s, its items %s', m.month, m.credits, i.credits)
              FROM metered_months AS m
              LEFT JOIN LATERAL (
                  SELECT coalesce(sum(credits), 0) AS credits
                  FROM metered_month_items
                  WHERE shard = m.shard AND wallet_id = m.wallet_id AND month = m.month
              ) AS i ON true
              WHERE ($1::smallint IS NULL OR (m.shard, m.wallet_id) = ($1, $2::bigint))
                AND i.credits <> m.credits
              UNION ALL
              SELECT i.shard, i.wallet_id, format('%s of metered month %s, which was not closed', i.item, i.month)
              FROM metered_month_items AS i
              LEFT JOIN metered_months AS m USING (shard, wallet_id, month)
              WHERE ($1::smallint IS NULL OR (i.shard, i.wallet_id) = ($1, $2::bigint))
                AND m.starts_at IS NULL",
    },
    Invariant {
        name: "metered_item_is_what_was_measured",
        // Each gauge counts from its second until the next one's of the item; a part of that is in the month.
        sql: "SELECT i.shard, i.wallet_id, format('%s of metered month %s says %s, its gauges %s', i.item, i.month, i.used, g.used)
              FROM metered_month_items AS i
              JOIN metered_months AS m USING (shard, wallet_id, month)
              CROSS JOIN LATERAL (
                  SELECT coalesce(sum(value * greatest(0, extract(
                             epoch FROM least(coalesce(next_at, m.ends_at), m.ends_at) - greatest(at, m.starts_at)
                         ))), 0) AS used
                  FROM (
                      SELECT value, at, lead(at) OVER (ORDER BY at, number) AS next_at
                      FROM metered_gauges
                      WHERE shard = i.shard AND wallet_id = i.wallet_id AND item = i.item
                        AND at >= coalesce(
                            (SELECT max(before.at)
                             FROM metered_gauges AS before
                             WHERE before.shard = i.shard AND before.wallet_id = i.wallet_id AND before.item = i.item
                               AND before.at >= i.since AND before.at <= m.starts_at),
                            i.since
                        ) AND at < m.ends_at
                  ) AS spans
              ) AS g
              WHERE ($1::smallint IS NULL OR (i.shard, i.wallet_id) = ($1, $2::bigint))
                AND i.used <> g.used",
    },
    Invariant {
        name: "metered_item_costs_what_its_terms_say",
        sql: "SELECT i.shard, i.wallet_id, format('%s of metered month %s costs %s, by its terms %s', i.item, i.month, i.credits, share.credits)
              FROM metered_month_items AS i
              JOIN metered_months AS m USING (shard, wallet_id, month)
              CROSS JOIN LATERAL (
                  SELECT 1000::numeric * extract(epoch FROM m.ends_at - m.starts_at)::bigint AS whole
              ) AS month
              CROSS JOIN LATERAL (
                  SELECT greatest(0, i.used - i.included * month.whole) * i.monthly_credits AS dear
              ) AS above
              CROSS JOIN LATERAL (
                  -- Rounded up to a step; div() has no decimals that could be lost.
                  SELECT div(above.dear + month.whole * i.step - 1, month.whole * i.step) * i.step AS credits
              ) AS share
              WHERE ($1::smallint IS NULL OR (i.shard, i.wallet_id) = ($1, $2::bigint))
                AND i.credits <> share.credits",
    },
    Invariant {
        name: "metered_gauges_are_all_there",
        sql: "SELECT w.shard, w.wallet_id, format('%s gauges were set, %s are there', w.gauges, g.gauges)
              FROM metered_wallets AS w
              LEFT JOIN wallets AS of ON of.shard = w.shard AND of.wallet_id = w.wallet_id
              CROSS JOIN LATERAL (
                  SELECT count(*) AS gauges, coalesce(max(number), 0) AS last
                  FROM metered_gauges
                  WHERE shard = w.shard AND wallet_id = w.wallet_id
              ) AS g
              WHERE ($1::smallint IS NULL OR (w.shard, w.wallet_id) = ($1, $2::bigint))
                AND (g.gauges <> w.gauges OR g.last <> w.gauges OR of.account_id IS DISTINCT FROM w.account_id)",
    },
    Invariant {
        name: "metered_rows_are_guarded",
        sql: "SELECT NULL::smallint, NULL::bigint, format('trigger %s is missing or off', n.name)
              FROM (VALUES
                  ('metered_gauges', 'metered_gauges_append_only'), ('metered_gauges', 'metered_gauges_not_truncated'),
                  ('metered_months', 'metered_months_append_only'), ('metered_months', 'metered_months_not_truncated'),
                  ('metered_month_items', 'metered_month_items_append_only'),
                  ('metered_month_items', 'metered_month_items_not_truncated')
              ) AS n (place, name)
              LEFT JOIN pg_trigger AS t ON t.tgrelid = n.place::regclass AND t.tgname = n.name
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
                AND (t.oid IS NULL OR t.tgenabled = 'D')",
    },
];
