//! What must hold between prices and the ledger, in the form of the ledger's own invariants: `$1` and `$2` are shard
//! and number of one wallet, or null for all; each row is a breach.

use crate::ledger::Invariant;

/// All of them.
pub(crate) const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "charge_was_priced_by_a_book_in_force",
        // Version 0 stands for what has no price book.
        sql: "SELECT e.shard, e.wallet_id, format('row %s names price book %s', e.seq, e.version)
              FROM (
                  SELECT shard, wallet_id, seq, operation, created_at, (detail::json #>> '{r,v}')::integer AS version
                  FROM entries
                  WHERE kind = 2 AND ($1::smallint IS NULL OR (shard, wallet_id) = ($1, $2::bigint))
              ) AS e
              LEFT JOIN price_books AS b USING (version)
              LEFT JOIN tariffs AS t ON t.price_book = b.version AND t.operation = e.operation
              WHERE e.version <> 0
                AND (b.version IS NULL OR b.status = 'draft' OR b.effective_at > e.created_at OR t.operation IS NULL)",
    },
    Invariant {
        name: "one_price_book_is_in_force",
        sql: "SELECT NULL::smallint, NULL::bigint, format('%s price books are active', count(*))
              FROM price_books
              WHERE status = 'active' AND ($1::smallint IS NULL OR $2::bigint IS NOT NULL)
              HAVING count(*) > 1",
    },
];
