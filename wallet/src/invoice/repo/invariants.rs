//! What must hold between documents, payments and refunds, in the form of the ledger's own invariants.

use crate::ledger::Invariant;

/// All of them.
pub(crate) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "documents_are_numbered_without_gaps",
        sql: "SELECT NULL::smallint, NULL::bigint,
                     format('series %s is at %s, its documents are %s from %s to %s', s.name, s.last_number, d.rows,
                            d.first, d.last)
              FROM invoice_series AS s
              CROSS JOIN LATERAL (
                  SELECT count(*) AS rows, min(number) AS first, coalesce(max(number), 0) AS last,
                         coalesce(bool_and(kind = s.kind), true) AS same
                  FROM invoice_documents
                  WHERE series = s.name
              ) AS d
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
                AND (d.rows <> s.last_number OR d.last <> s.last_number OR coalesce(d.first, 1) <> 1 OR NOT d.same)
              UNION ALL
              SELECT NULL, NULL, format('%s-%s was issued before the number before it', n.series, n.number)
              FROM (
                  SELECT series, number, issued_at, lag(issued_at) OVER (PARTITION BY series ORDER BY number) AS before
                  FROM invoice_documents
              ) AS n
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
                AND n.issued_at < n.before",
    },
    Invariant {
        name: "receipt_is_what_was_paid",
        sql: "SELECT p.shard, p.wallet_id, format('payment %s took %s, its receipt says %s', p.id, p.minor + p.tax_minor,
                     d.total_minor)
              FROM payments AS p
              LEFT JOIN invoice_documents AS d ON d.payment_id = p.id AND d.kind = 'receipt'
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND ((p.documented_at IS NOT NULL) <> (d.id IS NOT NULL)
                  OR (d.id IS NOT NULL AND (p.status <> 'succeeded' OR d.total_minor <> p.minor + p.tax_minor
                      OR d.currency <> p.currency OR d.account_id <> p.account_id)))
              UNION ALL
              SELECT p.shard, p.wallet_id, format('the invoice of payment %s differs from its receipt', p.id)
              FROM invoice_documents AS i
              JOIN payments AS p ON p.id = i.payment_id
              LEFT JOIN invoice_documents AS d ON d.id = i.original_id AND d.kind = 'receipt'
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND i.kind = 'invoice'
                AND (d.payment_id, d.total_minor, d.tax_minor, d.currency)
                    IS DISTINCT FROM (i.payment_id, i.total_minor, i.tax_minor, i.currency)",
    },
    Invariant {
        name: "credit_notes_are_what_went_back",
        sql: "SELECT p.shard, p.wallet_id, format('refund %s is %s of %s, its documents come to %s', r.id, r.state, r.minor,
                     coalesce(d.minor, 0))
              FROM refunds AS r
              JOIN payments AS p ON p.id = r.payment_id
              LEFT JOIN (
                  SELECT refund_id, sum(CASE kind WHEN 'credit_note' THEN total_minor ELSE -total_minor END) AS minor
                  FROM invoice_documents
                  WHERE refund_id IS NOT NULL
                  GROUP BY refund_id
              ) AS d ON d.refund_id = r.id
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND coalesce(d.minor, 0) <> CASE WHEN r.documented_at IS NULL OR r.reversed_at IS NOT NULL THEN 0
                                                 ELSE r.minor END
                AND NOT EXISTS (SELECT FROM disputes AS o WHERE o.payment_id = p.id AND o.state = 'lost')
              UNION ALL
              SELECT p.shard, p.wallet_id, format('payment %s is credited with %s of %s', p.id, c.minor,
                     p.minor + p.tax_minor)
              FROM payments AS p
              JOIN (
                  SELECT payment_id, sum(CASE kind WHEN 'credit_note' THEN total_minor ELSE -total_minor END) AS minor,
                         sum(CASE kind WHEN 'credit_note' THEN tax_minor ELSE -tax_minor END) AS tax
                  FROM invoice_documents
                  WHERE kind IN ('credit_note', 'debit_note')
                  GROUP BY payment_id
              ) AS c ON c.payment_id = p.id
              LEFT JOIN invoice_documents AS d ON d.payment_id = p.id AND d.kind = 'receipt'
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND (c.minor NOT BETWEEN 0 AND p.minor + p.tax_minor OR d.id IS NULL
                  OR c.tax NOT BETWEEN 0 AND d.tax_minor)",
    },
    Invariant {
        name: "document_is_the_sum_of_its_lines",
        sql: "SELECT p.shard, p.wallet_id, format('%s-%s is not the sum of its lines', d.series, d.number)
              FROM invoice_documents AS d
              JOIN payments AS p ON p.id = d.payment_id
              CROSS JOIN LATERAL (
                  SELECT sum((line ->> 'net_minor')::bigint) AS net
                  FROM jsonb_array_elements(d.content -> 'lines') AS line
              ) AS l
              WHERE ($1::smallint IS NULL OR (p.shard, p.wallet_id) = ($1, $2::bigint))
                AND (l.net IS DISTINCT FROM d.total_minor - d.tax_minor
                  OR coalesce((d.content #>> '{tax,minor}')::bigint, 0) <> d.tax_minor)",
    },
    Invariant {
        name: "documents_are_guarded",
        sql: "SELECT NULL::smallint, NULL::bigint, format('trigger %s is missing or off', n.name)
              FROM (VALUES ('invoice_documents_append_only'), ('invoice_documents_not_truncated')) AS n (name)
              LEFT JOIN pg_trigger AS t ON t.tgrelid = 'invoice_documents'::regclass AND t.tgname = n.name
              WHERE ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
                AND (t.oid IS NULL OR t.tgenabled = 'D')",
    },
];
