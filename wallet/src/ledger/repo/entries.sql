SELECT e.shard, e.wallet_id, e.seq, e.kind, e.actor_kind, e.amount, e.held_change, e.settled_after, e.held_after,
                e.quantity, e.refers_to, e.created_at, e.actor_id, e.actor_name, e.operation, e.title, e.category,
                e.metadata
         FROM entries AS e
         WHERE e.shard = $1 AND e.wallet_id = $2 AND e.seq >= $13 AND e.seq < $3
           AND (cardinality($4::smallint[]) = 0 OR e.kind = ANY ($4))
           AND ($7::timestamptz IS NULL OR e.created_at >= $7)
           AND ($8::timestamptz IS NULL OR e.created_at < $8)
           AND CASE
                   WHEN $5::text IS NULL AND $6::text IS NULL THEN true
                   WHEN e.kind IN (3, 4, 5, 6, 8) THEN EXISTS (
                       -- The lines of the row, or of the one that it follows: of what was taken those that were taken of,
                       -- as in spent_lines.
                       SELECT
                       FROM (
                           SELECT CASE
                                      WHEN e.kind IN (3, 4) THEN e.detail
                                      ELSE (
                                          SELECT told.detail
                                          FROM entries AS told
                                          WHERE told.shard = e.shard AND told.wallet_id = e.wallet_id
                                            AND told.seq = e.refers_to
                                      )
                                  END AS detail
                       ) AS told
                       LEFT JOIN LATERAL (
                           SELECT part
                           FROM json_array_elements(told.detail::json -> 'l') AS lines (part)
                           WHERE e.kind NOT IN (4, 8) OR (part ->> 'k')::bigint <> 0
                       ) AS line ON true
                       WHERE ($5 IS NULL OR coalesce(part ->> 'o', e.operation) = $5)
                         AND ($6 IS NULL OR coalesce(part ->> 'c', e.category) = $6)
                   )
                   ELSE ($5 IS NULL OR e.operation = $5) AND ($6 IS NULL OR e.category = $6)
               END
           AND ($9::text IS NULL OR e.operation ILIKE $9 OR e.title ILIKE $9 OR e.metadata ILIKE $9
                OR (e.actor_kind <> 3 AND e.actor_name ILIKE $9))
           AND CASE
                   WHEN $10::text IS NULL THEN true
                   -- A row of before rows said themselves what they are for.
                   WHEN e.metadata IS NULL AND e.kind IN (4, 5, 6, 8) THEN (
                       SELECT coalesce(told.metadata, held.metadata)::json ->> $10
                       FROM entries AS told
                       LEFT JOIN entries AS held
                         ON told.kind = 4 AND held.shard = told.shard AND held.wallet_id = told.wallet_id
                        AND held.seq = told.refers_to
                       WHERE told.shard = e.shard AND told.wallet_id = e.wallet_id AND told.seq = e.refers_to
                   ) = $11
                   ELSE (e.metadata::json ->> $10) = $11
               END
         ORDER BY e.seq DESC
         LIMIT $12