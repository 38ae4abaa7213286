-- What keys did before. Each lookup takes the first key that is not smaller, and then looks whether it is the one: only
-- the index of keys has them in that order. Asked plainly, the planner may take the primary key instead, which knows the
-- wallet but not the key, and read all rows of a busy wallet for each: it believes that wallets have few rows. And no
-- column may be asked for beside the three together: the index would be entered by that one alone, at the shard's first.
SELECT n.place AS "place!", e.shard AS "shard!", e.wallet_id AS "wallet_id!", e.seq AS "seq!", e.kind AS "kind!",
       e.actor_kind AS "actor_kind!", e.amount AS "amount!", e.held_change AS "held_change!",
       e.settled_after AS "settled_after!", e.held_after AS "held_after!", e.quantity AS "quantity!", e.refers_to,
       e.created_at AS "created_at!", e.actor_id, e.actor_name AS "actor_name!", e.operation, e.title, e.category,
       e.metadata, e.request_hash AS "request_hash!"
FROM unnest($1::smallint[], $2::bigint[], $3::text[]) WITH ORDINALITY AS n (shard, wallet_id, idem_key, place)
CROSS JOIN LATERAL (
    SELECT e.*
    FROM entries AS e
    WHERE (e.shard, e.wallet_id, e.idem_key) >= (n.shard, n.wallet_id, n.idem_key)
    ORDER BY e.shard, e.wallet_id, e.idem_key
    LIMIT 1
) AS e
WHERE e.shard = n.shard AND e.wallet_id = n.wallet_id AND e.idem_key = n.idem_key
