-- Every row that is still in the table with each of its shares. Most rows carry their one share themselves; joining them
-- to `shares` by their own key would make the planner guess, and it guesses that wallets are small.
CREATE VIEW row_shares AS
SELECT shard, wallet_id, seq, kind, created_at, refers_to, grant_id, amount, held_change
FROM entries
WHERE grant_id IS NOT NULL
UNION ALL
SELECT e.shard, e.wallet_id, e.seq, e.kind, e.created_at, e.refers_to, a.grant_id, a.amount, a.held_change
FROM allocations AS a
JOIN entries AS e ON e.shard = a.shard AND e.wallet_id = a.wallet_id AND e.seq = a.seq;
