-- A hold is its row of the ledger, and it is open until a row finishes it. The second table said the same once more: its
-- row was written by every hold and again by every capture, and cost a third of what a pair costs the database.
ALTER TABLE entries ADD COLUMN expires_at timestamptz;

-- The one time that rows change: they take over when their hold times out. The chain never covered that.
ALTER TABLE entries DISABLE TRIGGER entries_append_only;
UPDATE entries AS e
SET expires_at = h.expires_at
FROM holds AS h
WHERE h.shard = e.shard AND h.wallet_id = e.wallet_id AND h.seq = e.seq;
ALTER TABLE entries ENABLE TRIGGER entries_append_only;

-- What must be known of holds whose rows are archived: what has become of them.
CREATE TABLE archived_holds (
    shard smallint NOT NULL,
    wallet_id bigint NOT NULL,
    seq bigint NOT NULL,
    -- capture 4, release 5, hold_expired 6
    finish smallint NOT NULL,
    finished_by bigint NOT NULL,
    amount bigint NOT NULL,
    captured bigint NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT archived_holds_pkey PRIMARY KEY (shard, wallet_id, seq),
    CONSTRAINT archived_holds_finish CHECK (finish IN (4, 5, 6)),
    CONSTRAINT archived_holds_captured CHECK (captured BETWEEN 0 AND amount)
);
CREATE TRIGGER archived_holds_append_only BEFORE UPDATE OR DELETE ON archived_holds
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
INSERT INTO archived_holds
SELECT h.shard, h.wallet_id, h.seq, h.state + 2, h.finished_by, h.amount, h.captured, h.created_at, h.expires_at
FROM holds AS h
JOIN wallets AS w ON w.shard = h.shard AND w.wallet_id = h.wallet_id AND w.archived_seq >= h.seq;

DROP TABLE holds;

ALTER TABLE entries ADD CONSTRAINT entries_expires_at CHECK ((kind = 3) = (expires_at IS NOT NULL));

-- A hold is finished once: by a capture, a release or an expiry.
DROP INDEX entries_refers_to;
CREATE UNIQUE INDEX entries_finish ON entries (shard, wallet_id, refers_to) WHERE kind IN (4, 5, 6);
-- The story of a charge or grant: its credit-backs and clawbacks.
CREATE INDEX entries_answers ON entries (shard, wallet_id, refers_to)
    WHERE refers_to IS NOT NULL AND kind NOT IN (4, 5, 6);

-- The holds in the order in which they time out: what the sweep looks through, from where it was the last time.
CREATE INDEX entries_expiring ON entries (shard, expires_at) WHERE expires_at IS NOT NULL;

-- How far that sweep is: every hold that times out by then is finished, and no later one is placed; one row or none.
CREATE TABLE hold_sweep (
    only_row boolean PRIMARY KEY DEFAULT true,
    swept_until timestamptz NOT NULL,
    CONSTRAINT hold_sweep_one_row CHECK (only_row)
);

-- The holds that are placed and not finished, of what is still in the table.
CREATE VIEW open_holds AS
SELECT h.shard, h.wallet_id, h.seq, h.held_change AS amount, h.created_at, h.expires_at
FROM entries AS h
WHERE h.kind = 3
  AND NOT EXISTS (
      SELECT FROM entries AS f
      WHERE f.shard = h.shard AND f.wallet_id = h.wallet_id AND f.refers_to = h.seq AND f.kind IN (4, 5, 6)
  );
